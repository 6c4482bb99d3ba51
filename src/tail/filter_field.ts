import { isLevel, LEVEL_RANK } from "../record/level.ts";
import type { FieldOp, FieldTest } from "./filter_shape.ts";
import { type FilterRecord, levelOfRecord } from "./filter_record.ts";
import { absenceTest, type TextTest, textTest } from "./filter_text.ts";

/** Names of a record's own parts: never those of a field. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  "time",
  "level",
  "msg",
  "logger",
  "traceId",
  "spanId",
]);

/** A number as text; one pass over it, however long it is. */
const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;

type ValueTest = (value: unknown) => boolean;
type Order = ">" | ">=" | "<" | "<=";

/** The test of a field of a record. */
export function fieldTest({ path, op, value = "" }: FieldTest): (record: FilterRecord) => boolean {
  if (op === "!=") {
    const isEqual = fieldTest({ path, op: "=", value });
    return (record) => !isEqual(record);
  }
  const passes = op !== "exists" && path === "level" ? levelTest(op, value) : valueTest(op, value);
  if (path === "level") return (record) => passes(levelOfRecord(record));
  if (OWN_NAMES.has(path)) {
    return (record) => Object.hasOwn(record, path) && someOf(record[path], passes);
  }
  return (record) => someAt(record.fields, path, passes) || someAt(record, path, passes);
}

/** Tests of a line that is not parsed: if one is true, the field's test is certain not to hold. */
export function fieldAbsences({ path, op, value = "" }: FieldTest): TextTest[] {
  // What is not there is not equal; and a text that is no record has a message and a level as well.
  if (op === "!=" || OWN_NAMES.has(path)) return [];
  const name = path.slice(path.lastIndexOf(".") + 1);
  const tests: TextTest[] = [];
  // Arrays have indexes and a length, which no line spells out.
  if (!/^\d*$/.test(name) && name !== "length") tests.push(exactAbsence(name));
  if (op === "=" && value !== "" && !NUMBER.test(value)) tests.push(exactAbsence(value));
  if (op === "~") tests.push(absenceTest(value));
  return tests;
}

function exactAbsence(wanted: string): TextTest {
  return absenceTest(wanted, (line) => line.includes(wanted));
}

/** Whether a value at the path passes: names may have dots in them, an array counts as each element. */
function someAt(value: unknown, path: string, passes: ValueTest): boolean {
  if (typeof value !== "object" || value === null) return false;
  const object = value as FilterRecord;
  if (Object.hasOwn(object, path) && someOf(object[path], passes)) return true;
  for (let dot = path.indexOf("."); dot !== -1; dot = path.indexOf(".", dot + 1)) {
    const name = path.slice(0, dot);
    if (Object.hasOwn(object, name) && someAt(object[name], path.slice(dot + 1), passes)) {
      return true;
    }
  }
  // One level: arrays of arrays of arrays must not lead ever deeper.
  return Array.isArray(value) &&
    value.some((element) => !Array.isArray(element) && someAt(element, path, passes));
}

function someOf(value: unknown, passes: ValueTest): boolean {
  return passes(value) || (Array.isArray(value) && value.some(passes));
}

function valueTest(op: Exclude<FieldOp, "!=">, value: string): ValueTest {
  if (op === "exists") return () => true;
  if (op === "=") return equalTest(value);
  if (op !== "~") return NUMBER.test(value) ? numberOrder(op, value) : textOrder(op, value);
  const contains = textTest(value);
  return (found) => isScalar(found) && contains(String(found));
}

/** Numbers are equal as numbers, however they are written. */
function equalTest(value: string): ValueTest {
  if (!NUMBER.test(value)) {
    return (found) => isScalar(found) && typeof found !== "number" && String(found) === value;
  }
  const number = Number(value);
  return (found) =>
    typeof found === "number" ? found === number : found === value || isSame(found, number);
}

/** Long numbers in texts are ids: two of them may round to one number and are not the same. */
function isSame(found: unknown, number: number): boolean {
  return Math.abs(number) < Number.MAX_SAFE_INTEGER && typeof found === "string" &&
    NUMBER.test(found) && Number(found) === number;
}

function numberOrder(op: Order, value: string): ValueTest {
  const number = Number(value);
  return (found) =>
    typeof found === "number"
      ? isInOrder(op, found, number)
      : typeof found === "string" && NUMBER.test(found) && isInOrder(op, Number(found), number);
}

/** Texts are in order as their characters are, which suits times. */
function textOrder(op: Order, value: string): ValueTest {
  return (found) => typeof found === "string" && isInOrder(op, found, value);
}

function levelTest(op: Exclude<FieldOp, "!=" | "exists">, value: string): ValueTest {
  if (op === "=" || op === "~" || !isLevel(value)) return valueTest(op, value);
  return (found) => isLevel(found) && isInOrder(op, LEVEL_RANK[found], LEVEL_RANK[value]);
}

function isInOrder<T extends number | string>(op: Order, a: T, b: T): boolean {
  if (op === ">") return a > b;
  if (op === ">=") return a >= b;
  return op === "<" ? a < b : a <= b;
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value !== "object";
}
