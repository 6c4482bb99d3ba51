import type { HistogramData } from "../messages.ts";
import type { View } from "./view.ts";

/** The counts are shown no more often than this: a strip that flickers tells less. */
const EVERY_MS = 250;

/** Gives the window the counts over time when they have changed, a few times a second at most. */
export class StripFeed {
  readonly #view: View;
  readonly #post: (data: HistogramData) => void;
  #version = -1;
  #viewVersion = -1;
  #at = -Infinity;

  constructor(view: View, post: (data: HistogramData) => void) {
    this.#view = view;
    this.#post = post;
  }

  /**
   * Shows what has changed, after another filter at once. Answers in how many milliseconds it wants to
   * be asked again; undefined if there is nothing left to show.
   */
  send(now: number): number | undefined {
    const { histogram, version } = this.#view;
    if (histogram.version === this.#version) return undefined;
    const waitMs = this.#at + EVERY_MS - now;
    if (waitMs > 0 && version === this.#viewVersion) return waitMs;
    this.#view.refineHistogram();
    this.#version = histogram.version;
    this.#viewVersion = version;
    this.#at = now;
    this.#post(histogram.data());
    return undefined;
  }
}
