import { CopyWatch, isUnseen, placeInCopy } from "./copy_watch.ts";
import { FollowNews } from "./follow_news.ts";
import { FollowedFile, type FollowHost, type TurnEnd } from "./followed_file.ts";
import { cutsBefore, freshPlace, isYounger, placeInLog } from "./input_generations.ts";
import { type FoundFile, type InputSource, isGone, listFiles } from "./input_source.ts";
import { type OpenInput, openInput } from "./open_input.ts";
import {
  beginningOf,
  type InputContext,
  knownPlace,
  readChunk,
  type ReadPlace,
} from "./text_input.ts";

/** What one look has found. */
interface Look {
  readonly isFirst: boolean;
  /** Device and inode of each path. */
  readonly places: ReadonlyMap<string, string>;
  /** Rotated files that are read though they are not meant, by device and inode. */
  readonly asked: ReadonlySet<string>;
}

/** Finds the files of inputs again and again, and reads them by turns. */
export class Follower {
  readonly #sources: readonly InputSource[];
  readonly #maxOpenFiles: number;
  readonly #host: FollowHost;
  readonly #news: FollowNews;
  readonly #copies: CopyWatch = new CopyWatch();
  /** All that are known, by device and inode; the older ones of a family come first. */
  readonly #files = new Map<string, FollowedFile>();
  /** The places of the last look; undefined before the first. */
  #places: ReadonlyMap<string, string> | undefined;
  #turns = 0;
  #looks = 0;

  constructor(sources: readonly InputSource[], context: InputContext, maxOpenFiles: number) {
    this.#maxOpenFiles = maxOpenFiles;
    this.#sources = sources;
    this.#host = { context, chunk: readChunk(), makeRoom: () => this.#makeRoom() };
    this.#news = new FollowNews(context);
  }

  /** Whether the last look came upon something that should be read and cannot be. */
  get hasProblem(): boolean {
    return this.#news.hasProblem;
  }

  /** Looks for files and gives each a turn; in a family the older ones are read to their ends first. */
  async look(): Promise<TurnEnd> {
    await this.#find();
    let hasMore = false;
    for (const family of Map.groupBy(this.#files.values(), ({ found }) => found.family).values()) {
      const end = await this.#read(family);
      if (end === "stopped" || end === "refused") return end;
      if (end === "more") hasMore = true;
    }
    await this.#forget();
    this.#news.endLook();
    return hasMore ? "more" : "end";
  }

  /** Hands over the half lines at the ends. */
  async finish(): Promise<"end" | "refused"> {
    for (const file of this.#files.values()) {
      if (await file.finish() === "refused") return "refused";
    }
    return "end";
  }

  /** Gives all descriptors back. */
  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
  }

  async #find(): Promise<void> {
    const found = await this.#list();
    const number = ++this.#looks;
    for (const [place, file] of this.#files) file.see(found.get(place), number);
    const places = new Map([...found.values()].map(({ path, place }) => [path, place]));
    const isFirst = this.#places === undefined;
    const asked = isFirst ? await this.#findAsked(found, places) : new Set<string>();
    const look: Look = { isFirst, places, asked };
    for (const file of found.values()) {
      const before = this.#places?.get(file.path) ?? file.place;
      if (file.isMeant && before !== file.place && file.path === file.family) {
        this.#news.onReplaced(file);
      }
      if (!this.#files.has(file.place)) await this.#try(file, () => this.#meet(file, look));
    }
    this.#copies.keepOnly((place) => found.has(place) && !this.#files.has(place));
    this.#places = places;
  }

  /** What is there now, by device and inode. */
  async #list(): Promise<Map<string, FoundFile>> {
    const found = new Map<string, FoundFile>();
    for (const source of this.#sources) {
      const files = await listFiles(source, {
        onProblem: (path, error) => this.#news.onProblem(path, error),
        onCompressed: (path) => this.#news.onCompressed(source, path),
        isLeftOut: this.#host.context.isLeftOut,
      });
      if (!files.some((file) => file.isMeant)) this.#news.onNone(source);
      for (const file of files) {
        if (!found.has(file.place)) found.set(file.place, file);
        else if (file.isMeant && !found.get(file.place)?.isMeant) found.set(file.place, file);
      }
    }
    return found;
  }

  /**
   * What was rotated before anything was read, nobody asked for; but an earlier run may have begun with
   * a family.
   */
  async #findAsked(
    found: ReadonlyMap<string, FoundFile>,
    places: ReadonlyMap<string, string>,
  ): Promise<ReadonlySet<string>> {
    const asked = new Set<string>();
    for (const family of Map.groupBy(found.values(), (file) => file.family).values()) {
      if (family.every(({ isMeant }) => isMeant)) continue;
      const known: boolean[] = [];
      for (const file of family) known.push(await this.#isInLog(file, places) ?? false);
      family.filter((_, at) => isYounger(known, at)).forEach(({ place }) => asked.add(place));
    }
    return asked;
  }

  #isInLog(file: FoundFile, places: ReadonlyMap<string, string>): Promise<boolean | undefined> {
    return this.#try(file, async () => {
      const input = await openInput(file.path);
      const original = places.get(file.family);
      return await placeInLog(input, file, original, this.#host.context)
        .finally(() => input.close()) !== undefined;
    });
  }

  /** Decides what becomes of a file that is not known. */
  async #meet(found: FoundFile, look: Look): Promise<void> {
    await this.#makeRoom();
    const input = await openInput(found.path);
    // The path may lead to another file by now: the next look finds both.
    if (input.place !== found.place) return await input.close();
    try {
      if (look.isFirst) await this.#meetFirst(found, input, look);
      else await this.#meetLater(found, input, look.places.get(found.family));
    } catch (error) {
      if (!this.#files.has(found.place)) await input.close();
      throw error;
    }
  }

  async #meetFirst(found: FoundFile, input: OpenInput, look: Look): Promise<void> {
    const original = look.places.get(found.family);
    const known = await placeInLog(input, found, original, this.#host.context);
    if (known !== undefined) this.#news.onResumed(found, known);
    const isOld = !found.isMeant && !look.asked.has(found.place);
    const isSkipped = known === undefined && isOld && found.size > 0;
    const { context } = this.#host;
    const from = isSkipped ? "skip" : known ?? freshPlace(input, context);
    const file = await this.#add(found, input, from);
    // It may have been cut a moment ago, and its copy be found by the next look.
    file.cuts.push(...cutsBefore(known, found.place, context));
    if (known === undefined && file.cuts.length > 0) file.cutLook = this.#looks;
  }

  async #meetLater(
    found: FoundFile,
    input: OpenInput,
    original: string | undefined,
  ): Promise<void> {
    const before = this.#places?.get(found.family);
    const verdict = this.#copies.judge(found, before, original, this.#looks);
    const { context } = this.#host;
    const known = await knownPlace(input, context);
    if (verdict === "new") {
      return void await this.#add(found, input, known ?? freshPlace(input, context));
    }
    const copied = await this.#placeOfCopy(input, found, this.#files.get(original ?? ""));
    if (verdict === "wait" && copied === undefined) return await input.close();
    const file = await this.#add(found, input, known ?? copied ?? "skip");
    file.isCopy = true;
  }

  /** Where a copy of a file is to be read from; undefined if that cannot be told, or nowhere. */
  async #placeOfCopy(
    input: OpenInput,
    { place }: FoundFile,
    original: FollowedFile | undefined,
  ): Promise<ReadPlace | undefined> {
    if (original === undefined) return undefined;
    const copied = await placeInCopy(input, original.cuts);
    if (copied !== undefined || !this.#copies.cameWith(place, original.cutLook)) return copied;
    const isNew = await isUnseen(input, original.found.path, original.id);
    return isNew ? beginningOf(input) : undefined;
  }

  async #add(
    found: FoundFile,
    input: OpenInput,
    from: ReadPlace | "skip",
  ): Promise<FollowedFile> {
    const file = new FollowedFile(found, this.#host);
    this.#files.set(found.place, file);
    file.lastTurn = ++this.#turns;
    if (from !== "skip") file.begin(input, from);
    else {
      file.skip(beginningOf(input));
      await input.close();
    }
    return file;
  }

  async #read(family: readonly FollowedFile[]): Promise<TurnEnd> {
    // A copy was found later than its original, and is older.
    const inOrder = family.toSorted((a, b) => Number(b.isCopy) - Number(a.isCopy));
    for (const file of inOrder) {
      file.lastTurn = ++this.#turns;
      const end = await this.#try(file.found, () => file.turn());
      if (end !== undefined && end !== "end") return end;
    }
    return "end";
  }

  /** What cannot be read now is told once, and tried again at the next look. */
  async #try<T>({ path }: FoundFile, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (!isGone(error)) this.#news.onProblem(path, error);
      return undefined;
    }
  }

  async #forget(): Promise<void> {
    for (const [place, file] of this.#files) {
      if (!file.isOver) continue;
      await file.close();
      this.#files.delete(place);
    }
  }

  /** Closes those that had their turn longest ago; one without a name could not be opened again. */
  async #makeRoom(): Promise<void> {
    const open = [...this.#files.values()].filter((file) => file.isOpen)
      .sort((a, b) => Number(a.isNameless) - Number(b.isNameless) || a.lastTurn - b.lastTurn);
    for (const file of open.slice(0, Math.max(0, open.length - this.#maxOpenFiles + 1))) {
      await file.close();
    }
  }
}
