import { consoleSink, type ConsoleSinkOptions } from "../sink/console.ts";
import { fileSink, type FileSinkOptions } from "../sink/file.ts";
import { httpSink, type HttpSinkOptions } from "../sink/http.ts";
import type { Sink } from "../sink/sink.ts";
import { sqliteSink } from "../storage/sqlite.ts";
import { withoutUndefined } from "./without_undefined.ts";

/** Options as the schema leaves them. */
type Options = Readonly<Record<string, unknown>>;

const MAKERS: Readonly<Record<string, (options: Options) => Sink>> = {
  console: (options) => consoleSink(options as ConsoleSinkOptions),
  file,
  http,
  sqlite: ({ path, max_rows, max_age }) =>
    sqliteSink(
      path as string,
      withoutUndefined({ maxRows: max_rows as number, maxAgeMs: max_age as number }),
    ),
};

/**
 * Makes a sink of a type that is built in, out of settings that were checked.
 *
 * @throws {TypeError} If they cannot go together
 */
export function createBuiltIn(type: string, options: Options): Sink {
  const make = MAKERS[type];
  if (make === undefined) throw new TypeError(`there is no sink type "${type}"`);
  return make(options);
}

function file({ path, max_bytes, reopen_on_hangup, keep, ...rest }: Options): Sink {
  const { count, age, bytes } = (keep ?? {}) as Readonly<Record<string, number | undefined>>;
  const options = {
    ...rest,
    maxBytes: max_bytes,
    reopenOnHangup: reopen_on_hangup,
    keep: keep === undefined ? undefined : withoutUndefined({ count, ageMs: age, bytes }),
  };
  return fileSink({
    path: path as string,
    ...withoutUndefined(options) as Partial<FileSinkOptions>,
  });
}

function http(given: Options): Sink {
  const { url, token, headers = {}, timeout, max_body_bytes, sequence_header } = given;
  const { max_redirects, park_on, retry_on, method, format, gzip } = given;
  const own = headers as Readonly<Record<string, string>>;
  if (token !== undefined && Object.keys(own).some((name) => /^authorization$/i.test(name))) {
    throw new TypeError("both token and headers.authorization are given: leave one of them out");
  }
  const options = {
    method,
    format,
    gzip,
    headers: token === undefined ? own : { ...own, authorization: `Bearer ${token}` },
    timeoutMs: timeout,
    maxBodyBytes: max_body_bytes,
    sequenceHeader: sequence_header,
    maxRedirects: max_redirects,
    parkOn: park_on,
    retryOn: retry_on,
  };
  return httpSink({
    url: url as string,
    ...withoutUndefined(options) as Partial<HttpSinkOptions>,
  });
}
