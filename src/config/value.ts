import { LEVELS } from "../record/level.ts";
import type { Level } from "../record/level.ts";
import { bytesOf, DURATION_PATTERN, millisecondsOf, SIZE_PATTERN } from "./quantity.ts";
import { leaf, type Setting } from "./setting.ts";

/** The least and the most of a number. */
export interface Range {
  /** The least. @default {0} */
  readonly min?: number;
  /** The most. @default {2^53 - 1} */
  readonly max?: number;
}

/** The longest time that timers of all runtimes can wait. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** `from 1 to 20`, or `from 1`. */
function rangeText({ min = 0, max }: Range): string {
  return max === undefined ? `from ${min}` : `from ${min} to ${max}`;
}

function isWithin(value: number | undefined, { min = 0, max = Number.MAX_SAFE_INTEGER }: Range) {
  return value !== undefined && Number.isSafeInteger(value) && value >= min && value <= max;
}

/** A whole number. */
export function whole(description: string, range: Range = {}): Setting<number> {
  const { min = 0, max } = range;
  return leaf(description, {
    allowed: `whole numbers ${rangeText(range)}`,
    read: (value) => typeof value === "number" && isWithin(value, range) ? value : undefined,
    json: { type: "integer", minimum: min, ...(max === undefined ? {} : { maximum: max }) },
    fromText: "number",
  });
}

/** A whole number, or no limit. */
export function countOrUnlimited(description: string, range: Range = {}): Setting<number> {
  const { min = 0 } = range;
  return leaf(description, {
    allowed: `whole numbers ${rangeText(range)} and "unlimited"`,
    read: (value) => {
      if (value === "unlimited") return Infinity;
      return typeof value === "number" && isWithin(value, range) ? value : undefined;
    },
    json: { anyOf: [{ type: "integer", minimum: min }, { const: "unlimited" }] },
    names: ["unlimited"],
    fromText: "number",
  });
}

/** A number. */
export function number(description: string, min: number, max: number): Setting<number> {
  return leaf(description, {
    allowed: `numbers from ${min} to ${max}`,
    read: (value) => typeof value === "number" && value >= min && value <= max ? value : undefined,
    json: { type: "number", minimum: min, maximum: max },
    fromText: "number",
  });
}

/** Bytes. */
export function size(description: string, range: Range = {}): Setting<number> {
  const { min = 0, max } = range;
  const upTo = max === undefined ? "" : ` to ${max}`;
  return leaf(description, {
    allowed: `sizes from ${min}${upTo} bytes, such as 64MiB or 65536`,
    read: (value) => {
      const bytes = bytesOf(value);
      return isWithin(bytes, range) ? bytes : undefined;
    },
    json: { anyOf: [{ type: "integer", minimum: min }, { type: "string", pattern: SIZE_PATTERN }] },
  });
}

/** Bytes, or all of them. */
export function sizeOrAll(description: string): Setting<number | "all"> {
  return leaf(description, {
    allowed: 'sizes such as 64MiB, and "all"',
    read: (value) => {
      if (value === "all") return "all";
      const bytes = bytesOf(value);
      return isWithin(bytes, {}) ? bytes : undefined;
    },
    json: {
      anyOf: [{ type: "integer", minimum: 0 }, { type: "string", pattern: SIZE_PATTERN }, {
        const: "all",
      }],
    },
    names: ["all"],
  });
}

/** Milliseconds. */
export function duration(description: string, range: Range = {}): Setting<number> {
  const { min = 0, max } = range;
  const upTo = max === undefined ? "" : ` to ${max} ms`;
  return leaf(description, {
    allowed: `durations from ${min} ms${upTo}, such as 500ms, 5s, 24h or 1h30m`,
    read: (value) => {
      const ms = millisecondsOf(value);
      return isWithin(ms, range) ? ms : undefined;
    },
    json: {
      anyOf: [{ type: "integer", minimum: min }, { type: "string", pattern: DURATION_PATTERN }],
    },
  });
}

/** Words that stood for true and false up to YAML 1.1, and do for many programs. */
const YES_AND_NO: Readonly<Record<string, boolean>> = {
  yes: true,
  no: false,
  on: true,
  off: false,
};

/** True or false. */
export function flag(description: string): Setting<boolean> {
  return leaf(description, {
    allowed: "true and false",
    read: (value) => {
      if (typeof value === "boolean") return value;
      return typeof value === "string" && Object.hasOwn(YES_AND_NO, value)
        ? YES_AND_NO[value]
        : undefined;
    },
    json: { enum: [true, false, ...Object.keys(YES_AND_NO)] },
    names: ["true", "false"],
    fromText: "boolean",
  });
}

/** One of some words. */
export function oneOf<const T extends string>(
  description: string,
  names: readonly T[],
): Setting<T> {
  return leaf(description, {
    allowed: names.map((name) => `"${name}"`).join(", "),
    read: (value) => names.find((name) => name === value),
    json: { enum: names },
    names,
  });
}

/** The name of a level. */
export function level(description: string): Setting<Level> {
  return oneOf(description, LEVELS);
}

/** A text that is not empty. */
export function text(description: string, what = "texts"): Setting<string> {
  return leaf(description, {
    allowed: `${what} of 1 to 4096 characters`,
    read: (value) => isText(value) ? value : undefined,
    json: { type: "string", minLength: 1, maxLength: 4096 },
  });
}

/** A text that nobody may see. */
export function secret(description: string, minChars: number = 1): Setting<string> {
  return leaf(description, {
    allowed: `texts of ${minChars} to 4096 characters`,
    read: (value) => isText(value) && value.length >= minChars ? value : undefined,
    json: { type: "string", minLength: 1, maxLength: 4096 },
    isSecret: true,
  });
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 4096 &&
    !value.includes("\0");
}
