/** The character that begins an escape sequence. */
const ESC = "\u001b";

/** A stretch of text that ends at `end` and is drawn with `classes`. */
export interface Style {
  readonly end: number;
  readonly classes: string;
}

/** Text without its colour sequences, and the stretches that they styled; none if all is plain. */
export interface StyledText {
  readonly text: string;
  readonly styles: readonly Style[];
}

/** What "select graphic rendition" can switch on, as the class that draws it. */
const ON: Readonly<Record<number, string>> = {
  1: "bold",
  2: "faint",
  3: "italic",
  4: "under",
  7: "inverse",
  9: "strike",
};
const OFF: Readonly<Record<number, readonly string[]>> = {
  22: ["bold", "faint"],
  23: ["italic"],
  24: ["under"],
  27: ["inverse"],
  29: ["strike"],
};

/**
 * Takes the colour sequences of ECMA-48 (`ESC [ ... m`) out of a text and says what they meant as
 * classes. Any other sequence stays in the text, where it is shown as what it is.
 */
export function parseAnsi(input: string): StyledText {
  if (!input.includes(ESC)) return { text: input, styles: [] };
  const pen = new Pen();
  const styles: Style[] = [];
  let text = "";
  let at = 0;
  for (let esc = input.indexOf(ESC); esc !== -1; esc = input.indexOf(ESC, esc + 1)) {
    const codes = /^\[([\d;:]{0,64})m/.exec(input.slice(esc + 1, esc + 68));
    if (codes === null) continue;
    text += input.slice(at, esc);
    if (text.length > (styles.at(-1)?.end ?? 0)) {
      styles.push({ end: text.length, classes: pen.classes() });
    }
    pen.apply((codes[1] ?? "").split(/[;:]/).map(Number));
    at = esc + 1 + codes[0].length;
  }
  text += input.slice(at);
  styles.push({ end: text.length, classes: pen.classes() });
  return { text, styles };
}

/** What is switched on at the moment. */
class Pen {
  readonly #on = new Set<string>();
  #front = -1;
  #back = -1;

  apply(codes: number[]): void {
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i] ?? 0;
      if (code === 38 || code === 48) {
        const [color, used] = longColor(codes, i + 1);
        if (code === 38) this.#front = color;
        else this.#back = color;
        i += used;
      } else this.#one(code);
    }
  }

  #one(code: number): void {
    if (code === 0) this.#reset();
    else if (code in ON) this.#on.add(ON[code] ?? "");
    else if (code in OFF) OFF[code]?.forEach((name) => this.#on.delete(name));
    else if (code >= 30 && code <= 37) this.#front = code - 30;
    else if (code >= 90 && code <= 97) this.#front = code - 90 + 8;
    else if (code === 39) this.#front = -1;
    else if (code >= 40 && code <= 47) this.#back = code - 40;
    else if (code >= 100 && code <= 107) this.#back = code - 100 + 8;
    else if (code === 49) this.#back = -1;
  }

  #reset(): void {
    this.#on.clear();
    this.#front = this.#back = -1;
  }

  classes(): string {
    const colors = [
      ...(this.#front < 0 ? [] : [`fg${this.#front}`]),
      ...(this.#back < 0 ? [] : [`bg${this.#back}`]),
    ];
    return [...this.#on, ...colors].join(" ");
  }
}

/** The colour behind 38 or 48: `5;n` or `2;r;g;b`, and how many codes it took. */
function longColor(codes: readonly number[], at: number): [color: number, used: number] {
  if (codes[at] === 5) return [color256(codes[at + 1] ?? 0), 2];
  if (codes[at] !== 2) return [-1, 0];
  return [nearest(codes[at + 1] ?? 0, codes[at + 2] ?? 0, codes[at + 3] ?? 0), 4];
}

function color256(n: number): number {
  if (n < 16) return n;
  if (n >= 232) return n < 244 ? 8 : 7;
  const cube = n - 16;
  const part = (value: number) => value % 6 * 51;
  return nearest(part(Math.floor(cube / 36)), part(Math.floor(cube / 6)), part(cube));
}

/** One of the sixteen colours that the page has for both its themes: which parts are strong, how bright. */
function nearest(red: number, green: number, blue: number): number {
  const most = Math.max(red, green, blue);
  const strong = (part: number) => part > 48 && part > most * 0.5;
  return (strong(red) ? 1 : 0) + (strong(green) ? 2 : 0) + (strong(blue) ? 4 : 0) +
    (most > 190 ? 8 : 0);
}
