import { reasonOf } from "./check_inputs.ts";
import type { FoundFile, InputSource } from "./input_source.ts";
import { type InputContext, type ReadPlace, sayResumed } from "./text_input.ts";

/** Tells the user what happens to followed files: what lasts is told once. */
export class FollowNews {
  readonly #context: InputContext;
  readonly #said = new Set<string>();
  readonly #resumed = new Map<InputSource, number>();
  #problems = new Set<string>();
  #before: ReadonlySet<string> = new Set();

  constructor(context: InputContext) {
    this.#context = context;
  }

  /** Whether the last look came upon something that could not be read. */
  get hasProblem(): boolean {
    return this.#before.size > 0;
  }

  /** A file or a folder that cannot be read now; told again only after it could be read. */
  onProblem(path: string, error: unknown): void {
    if (!this.#problems.has(path) && !this.#before.has(path)) {
      this.#context.say(`Cannot read "${path}" now and will try again: ${reasonOf(error)}`);
    }
    this.#problems.add(path);
  }

  /** A pattern that no file fits. */
  onNone({ text, isPattern }: InputSource): void {
    if (isPattern) this.#once(`No file fits the input "${text}" yet: waiting for one`);
    else this.#once(`There is no file "${text}" now: waiting for it`);
  }

  /** A file that is left out. */
  onCompressed({ text }: InputSource, path: string): void {
    this.#once(
      `Compressed files are not read: "${path}" is left out of the input "${text}", as all like it are`,
      `compressed ${text}`,
    );
  }

  /** A path that leads to another file than before. */
  onReplaced({ label }: FoundFile): void {
    this.#context.say(`"${label}" was replaced: reading it from the beginning`);
  }

  /** A file that is not read from its beginning; those of a pattern are told as a number. */
  onResumed({ source, label, size }: FoundFile, place: ReadPlace): void {
    if (source.isPattern) this.#resumed.set(source, (this.#resumed.get(source) ?? 0) + 1);
    else if (label === source.text || place.offset < size) sayResumed(label, place, this.#context);
  }

  /** Ends a look. */
  endLook(): void {
    this.#before = this.#problems;
    this.#problems = new Set();
    for (const [{ text }, count] of this.#resumed) {
      this.#context.say(
        `Going on with ${count} ${
          count === 1 ? "file" : "files"
        } of "${text}" where the last run ` +
          "ended; give another --data folder to read from the beginning",
      );
    }
    this.#resumed.clear();
  }

  #once(text: string, key = text): void {
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#context.say(text);
  }
}
