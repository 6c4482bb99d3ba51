import type { Fields } from "../record/record.ts";

/** What of a record's fields has a place of its own in a record. */
export interface TraceIds {
  /** The W3C trace id. */
  readonly traceId?: string;
  /** The W3C span id. */
  readonly spanId?: string;
}

const TRACE_ID = /^[0-9a-f]{32}$/i;
const SPAN_ID = /^[0-9a-f]{16}$/i;

/** The keys under which loggers and their OpenTelemetry instrumentations leave the ids of a trace. */
const PLACES: Readonly<Record<string, { place: keyof TraceIds; pattern: RegExp }>> = {
  traceId: { place: "traceId", pattern: TRACE_ID },
  trace_id: { place: "traceId", pattern: TRACE_ID },
  spanId: { place: "spanId", pattern: SPAN_ID },
  span_id: { place: "spanId", pattern: SPAN_ID },
};

/** The place of a value that is the id of a trace or a span, by its key; `undefined` for any other. */
export function tracePlace(key: string, value: unknown): keyof TraceIds | undefined {
  if (!Object.hasOwn(PLACES, key)) return undefined;
  const { place, pattern } = PLACES[key]!;
  return typeof value === "string" && pattern.test(value) ? place : undefined;
}

/** Takes the ids of a trace out of fields; what is no id stays a field. */
export function takeTraceIds(fields: Fields): { readonly ids: TraceIds; readonly rest: Fields } {
  const taken = Object.keys(fields).filter((key) => tracePlace(key, fields[key]) !== undefined);
  if (taken.length === 0) return { ids: {}, rest: fields };
  const ids: { -readonly [K in keyof TraceIds]: string } = {};
  const rest: Record<string, unknown> = { ...fields };
  for (const key of taken) {
    ids[tracePlace(key, fields[key])!] = fields[key] as string;
    delete rest[key];
  }
  return { ids, rest };
}
