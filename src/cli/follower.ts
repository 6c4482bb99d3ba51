import { CopyWatch, isUnseen, placeInCopy } from "./copy_watch.ts";
import { FollowNews } from "./follow_news.ts";
import { type Cut, FollowedFile, type FollowHost, type TurnEnd } from "./followed_file.ts";
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
  /** Families of which an earlier run has read a file: the younger ones are read as well. */
  readonly begun: Set<string>;
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
    const look: Look = { isFirst: this.#places === undefined, places, begun: new Set() };
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

  /** Decides what becomes of a file that is not known. */
  async #meet(found: FoundFile, look: Look): Promise<void> {
    const original = look.places.get(found.family);
    const before = this.#places?.get(found.family);
    const verdict = look.isFirst ? "new" : this.#copies.judge(found, before, original, this.#looks);
    const known = this.#files.get(original ?? "");
    const cuts = verdict === "new" && !look.isFirst ? [] : await this.#cutsOf(found, look);
    const mayBeUnseen = verdict !== "new" && known !== undefined &&
      this.#copies.cameWith(found.place, known.cutLook);
    if (verdict === "wait" && cuts.length === 0 && !mayBeUnseen) return;
    await this.#makeRoom();
    const input = await openInput(found.path);
    // The path may lead to another file by now: the next look finds both.
    if (input.place !== found.place) return await input.close();
    const copied = await placeInCopy(input, cuts) ??
      (mayBeUnseen && await isUnseen(input, known.found.path, known.id)
        ? beginningOf(input)
        : undefined);
    if (verdict === "wait" && copied === undefined) return await input.close();
    const place = await knownPlace(input, this.#host.context) ?? copied;
    const file = await this.#add(found, input, place, look, verdict === "copy");
    file.isCopy = copied !== undefined;
  }

  async #add(
    found: FoundFile,
    input: OpenInput,
    known: ReadPlace | undefined,
    { isFirst, begun }: Look,
    isCopy: boolean,
  ): Promise<FollowedFile> {
    const file = new FollowedFile(found, this.#host);
    this.#files.set(found.place, file);
    if (known !== undefined) begun.add(found.family);
    // Rotated before anything was read: nobody asked for it.
    const isOld = isFirst && !found.isMeant && !begun.has(found.family) && found.size > 0;
    if (known === undefined && (isOld || isCopy)) {
      file.skip(beginningOf(input));
      await input.close();
      return file;
    }
    file.lastTurn = ++this.#turns;
    file.begin(input, known ?? beginningOf(input));
    if (isFirst && known !== undefined) this.#news.onResumed(found, known);
    return file;
  }

  /** The cuts of the file of which this one may be a copy. */
  async #cutsOf({ path, family }: FoundFile, look: Look): Promise<readonly Cut[]> {
    const place = path === family ? undefined : look.places.get(family);
    if (place === undefined) return [];
    const known = this.#files.get(place);
    if (known !== undefined) return known.cuts;
    const mark = this.#host.context.marksAt(place).at(-1);
    if (mark === undefined) return [];
    const original = await openInput(family);
    const isWhole = await knownPlace(original, this.#host.context) !== undefined;
    await original.close();
    return isWhole ? [] : [{ place: mark, isContinued: false }];
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
