/** What JSON can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | JsonValue[]
  | JsonObject;

/** An object of JSON values. */
export interface JsonObject {
  /** A value by its name. */
  [key: string]: JsonValue;
}

/** Containers deeper than this become `"[Depth]"`. */
const MAX_DEPTH = 64;

/**
 * Values visited in one call. Two bytes of JSON each already fill half a mebibyte; the limit is there
 * for shared references, which can multiply without an end in sight, and for huge sparse arrays.
 */
const MAX_VALUES = 262_144;

/** What an Error says about itself; mostly inherited or not enumerable, so read by name. */
const ERROR_KEYS: readonly string[] = ["name", "message", "stack", "cause", "errors"];

/** The state of one conversion. */
interface Walk {
  /** The containers around the value in hand; meeting one of them again is a circle. */
  readonly path: object[];
  /** Values that may still be visited. */
  left: number;
}

/**
 * Gives the JSON form of any value. Never throws, always ends, and never keeps a reference into the
 * value. `undefined` stays `undefined` (as a property it is left out, in an array it is `null`).
 *
 * What JSON has no word for becomes: circular reference `"[Circular]"`, failing getter, proxy or
 * `toJSON` `"[Thrown: message]"`, BigInt its digits, Date ISO 8601 or `"Invalid Date"`, NaN and
 * Infinity their names, function `"[Function name]"`, symbol `"Symbol(name)"`, Map an object (an array
 * of pairs unless all keys are strings), Set an array, RegExp its source, bytes `{ bytes: length }`,
 * Error `{ name, message, stack, cause, errors }` with its own properties, more than 64 levels
 * `"[Depth]"`, and what follows after 262,144 values `"[Truncated]"`.
 */
export function toJsonValue(value: unknown): JsonValue | undefined {
  return visit(value, "", { path: [], left: MAX_VALUES });
}

/** What a thrown value says in one line; never throws itself, whatever was thrown. */
export function thrownMessage(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return "a value without a text form";
  }
}

/** Tells whether a value is an Error, one of another realm included; never throws. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
  } catch {
    return false;
  }
}

/** Sets an own property, also when its name is `__proto__`. */
export function setKey(into: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") {
    into[key] = value;
    return;
  }
  Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
}

function visit(value: unknown, key: string, walk: Walk): JsonValue | undefined {
  if (walk.left-- <= 0) return "[Truncated]";
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      // JSON knows no negative zero.
      return Number.isFinite(value) ? value + 0 : String(value);
    case "undefined":
      return undefined;
    case "object":
      return value === null ? null : visitObject(value, key, walk);
    default:
      return named(value);
  }
}

/** The form of a BigInt, a symbol or a function. */
function named(value: unknown): string {
  if (typeof value !== "function") return String(value);
  try {
    return `[Function ${String(value.name) || "anonymous"}]`;
  } catch {
    return "[Function]";
  }
}

function visitObject(
  value: object,
  key: string,
  walk: Walk,
  asksToJson = true,
): JsonValue | undefined {
  if (walk.path.includes(value)) return "[Circular]";
  if (walk.path.length >= MAX_DEPTH) return "[Depth]";
  walk.path.push(value);
  try {
    return convert(value, key, walk, asksToJson);
  } catch (thrown) {
    return `[Thrown: ${thrownMessage(thrown)}]`;
  } finally {
    walk.path.pop();
  }
}

/** May throw whatever a getter, a proxy or a `toJSON` throws. */
function convert(
  value: object,
  key: string,
  walk: Walk,
  asksToJson: boolean,
): JsonValue | undefined {
  if (isError(value)) return errorForm(value, walk);
  if (value instanceof Date) return dateForm(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return { bytes: value.byteLength };
  const toJson = asksToJson ? (value as { toJSON?: unknown }).toJSON : undefined;
  if (typeof toJson !== "function") return convertContainer(value, walk);
  const result: unknown = toJson.call(value, key);
  if (typeof result !== "object" || result === null) return visit(result, key, walk);
  // As with JSON.stringify, the answer is not asked again; an object may answer with itself.
  return result === value ? convertContainer(value, walk) : visitObject(result, key, walk, false);
}

function convertContainer(value: object, walk: Walk): JsonValue | undefined {
  if (Array.isArray(value)) return items(value, walk);
  if (value instanceof Map) return mapForm(value, walk);
  if (value instanceof Set) return items(value, walk);
  if (value instanceof RegExp) return String(value);
  if (value instanceof String || value instanceof Number || value instanceof Boolean) {
    return visit(value.valueOf(), "", walk);
  }
  return properties(value, {}, walk);
}

function dateForm(date: Date): string {
  return Number.isNaN(date.getTime()) ? "Invalid Date" : date.toISOString();
}

function errorForm(error: Error, walk: Walk): JsonObject {
  const form: JsonObject = {};
  for (const key of ERROR_KEYS) property(error, key, form, walk);
  return properties(error, form, walk);
}

/** Adds the own enumerable properties of `value` that `form` does not have yet. */
function properties(value: object, form: JsonObject, walk: Walk): JsonObject {
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(form, key)) continue;
    property(value, key, form, walk);
    if (walk.left < 0) break;
  }
  return form;
}

/** Adds one property; one that throws costs only itself. */
function property(value: object, key: string, form: JsonObject, walk: Walk): void {
  let result: JsonValue | undefined;
  try {
    result = visit((value as Record<string, unknown>)[key], key, walk);
  } catch (thrown) {
    result = `[Thrown: ${thrownMessage(thrown)}]`;
  }
  if (result !== undefined) setKey(form, key, result);
}

/** `for of` and not `map`: holes of a sparse array count, and the walk can stop in the middle. */
function items(values: Iterable<unknown>, walk: Walk): JsonValue[] {
  const list: JsonValue[] = [];
  for (const value of values) {
    list.push(visit(value, String(list.length), walk) ?? null);
    if (walk.left < 0) break;
  }
  return list;
}

function mapForm(map: Map<unknown, unknown>, walk: Walk): JsonValue {
  const pairs: [unknown, unknown][] = [];
  let named = true;
  for (const [key, value] of map) {
    named &&= typeof key === "string";
    pairs.push([key, value]);
    if (pairs.length > walk.left) break;
  }
  if (!named) return items(pairs, walk);
  const form: JsonObject = {};
  for (const [key, value] of pairs) {
    const result = visit(value, key as string, walk);
    if (result !== undefined) setKey(form, key as string, result);
  }
  return form;
}
