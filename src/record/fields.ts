import { isError, type JsonObject, setKey, thrownMessage, toJsonValue } from "./json_value.ts";
import type { Fields } from "./record.ts";

/** A look at this many values decides whether `JSON.stringify` alone gives the right form. */
const MAX_LOOKS = 256;

/** Deeper fields take the careful way, which knows circles and a depth limit. */
const MAX_LOOK_DEPTH = 16;

/**
 * Takes anything as the fields of a record: a plain object as it is, an Error as `{ error }`, another
 * object by its JSON form, every other value as `{ value }`; nothing for `undefined` and `null`.
 * Never throws.
 */
export function fieldsFrom(value: unknown): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  if (isPlain(value)) return value;
  const form = toJsonValue(value);
  if (typeof form !== "object" || form === null || Array.isArray(form)) return { value: form };
  return isError(value) ? { error: form } : form;
}

/** Merges two sets of fields; those of `over` win, unless they are `undefined`. Never throws. */
export function mergeFields(under: Fields | undefined, over: Fields | undefined): Fields {
  try {
    return overlay(under, over);
  } catch {
    return overlay(fieldsSnapshot(under), fieldsSnapshot(over));
  }
}

function overlay(under: Fields | undefined, over: Fields | undefined): Fields {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over ?? {})) {
    if (value !== undefined) setKey(merged, key, value);
  }
  return merged;
}

/** Copies fields into their JSON form, so that what the caller changes later changes nothing here. */
export function fieldsSnapshot(value: unknown): JsonObject {
  const form = toJsonValue(fieldsFrom(value));
  if (typeof form === "object" && form !== null && !Array.isArray(form)) return form;
  return form === undefined ? {} : { value: form };
}

/**
 * Encodes fields as the text of one JSON object. Never throws. Strings, numbers, booleans and plain
 * objects of them go straight to `JSON.stringify`; everything else is brought into its JSON form first.
 */
export function fieldsJson(fields: Fields): string {
  try {
    if (isPlain(fields) && isJsonData(fields)) {
      const text: string | undefined = JSON.stringify(fields);
      // A hidden toJSON could still answer with something that is no object.
      if (text !== undefined && text.charCodeAt(0) === 123) return text;
    }
  } catch {
    // A getter or a proxy: the careful way below gives it a form.
  }
  return carefulJson(fields);
}

function carefulJson(fields: Fields): string {
  try {
    return JSON.stringify(fieldsSnapshot(fields));
  } catch (thrown) {
    // What is left is a text longer than the runtime can hold.
    return `{"unencodable":${JSON.stringify(thrownMessage(thrown))}}`;
  }
}

/** Tells whether a value is an object made by `{}` or without a prototype; never throws. */
export function isPlain(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null) return false;
  try {
    const proto: unknown = Object.getPrototypeOf(value);
    return proto === Object.prototype || proto === null;
  } catch {
    return false;
  }
}

/** Whether `JSON.stringify` gives the form that `toJsonValue` would. */
function isJsonData(fields: Fields): boolean {
  for (const key in fields) {
    const value = fields[key];
    if (isJsonScalar(value)) continue;
    if (typeof value !== "object" || value === null) return false;
    if (!containerLooksLikeJson(value, { looks: MAX_LOOKS }, 1)) return false;
  }
  return true;
}

function isJsonScalar(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return true;
    case "number":
      return Number.isFinite(value);
    default:
      return value === null;
  }
}

function containerLooksLikeJson(value: object, budget: { looks: number }, depth: number): boolean {
  const list = Array.isArray(value);
  if (depth > MAX_LOOK_DEPTH || !(list || isPlain(value))) return false;
  if (list && value.length > budget.looks) return false;
  for (const key in value) {
    if (--budget.looks < 0) return false;
    const inner = (value as Record<string, unknown>)[key];
    if (isJsonScalar(inner)) continue;
    if (typeof inner !== "object" || inner === null) return false;
    if (!containerLooksLikeJson(inner, budget, depth + 1)) return false;
  }
  return true;
}
