import { fieldsJson } from "./fields.ts";
import type { JsonObject } from "./json_value.ts";
import type { LogRecord } from "./record.ts";

/** What a record says about where it came from. */
export type Origin = Pick<LogRecord, "logger" | "traceId" | "spanId">;

/** What all records of one logger share, encoded once. */
export interface LoggerScope extends Origin {
  /** The origin as it stands in a line, for example `,"logger":"db"`; empty if there is none. */
  readonly suffix: string;
  /** The bound fields; already in their JSON form, so that a caller's changes do not reach them. */
  readonly fields?: JsonObject;
  /** The bound fields as JSON text; empty if there are none. */
  readonly fieldsJson: string;
  /** What follows the message of a record that has no fields of its own, LF included. */
  readonly ending: string;
}

/** Encodes what all records of a logger share. `fields` must be in their JSON form. */
export function createScope(origin: Origin, fields?: JsonObject): LoggerScope {
  const json = fields === undefined || Object.keys(fields).length === 0 ? "" : fieldsJson(fields);
  const suffix = originJson(origin);
  return {
    ...origin,
    ...(fields !== undefined && json !== "" ? { fields } : {}),
    suffix,
    fieldsJson: json,
    ending: lineEnding(suffix, json),
  };
}

/** The scope of a record that says nothing about its origin. */
export const NO_SCOPE: LoggerScope = createScope({});

/** Writes the origin as it stands in a line. */
export function originJson(origin: Origin): string {
  let json = "";
  if (origin.logger !== undefined) json += `,"logger":${JSON.stringify(origin.logger)}`;
  if (origin.traceId !== undefined) json += `,"traceId":${JSON.stringify(origin.traceId)}`;
  if (origin.spanId !== undefined) json += `,"spanId":${JSON.stringify(origin.spanId)}`;
  return json;
}

/** Writes what follows the message: origin, fields if there are any, the end of the line. */
export function lineEnding(suffix: string, json: string): string {
  return json === "" || json === "{}" ? suffix + "}\n" : suffix + ',"fields":' + json + "}\n";
}
