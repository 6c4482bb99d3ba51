import type { DlqCommand } from "./dlq_options.ts";

/** What `logflume dlq --help` prints. */
export const DLQ_HELP: string = `Usage: logflume dlq <command> DIR [options]

Dead letters are records that could not be delivered. They are kept beside the log in the folder
DIR, such as that of "logflume run --data DIR"; DIR may also be the SQLite file of a pipeline.

Commands:
  ls        list them: why, how often, since when
  show      everything about some of them
  replay    send them again, to a server or into a file, and remove what was taken
  rm        remove them
  export    print them as NDJSON, to keep or to import elsewhere
  import    take in what was exported

ls, show and export read beside a running pipeline and change nothing; replay, rm and import need
a stopped one. A program replays through its own sinks, while it runs:

  await pipeline.deadLetters.replay({ filter: { lane: "http" }, ratePerSecond: 100 });

"logflume dlq ls --help" shows the help of a command.
`;

const FILTERS = `      --lane NAME       only those of this sink
      --reason REASON   only those with this reason: max_attempts, non_retryable, expired,
                        too_large, timeout
      --since TIME      only those that failed first at this time or later: ISO 8601
                        (2026-01-31T12:00Z), or 15m for a quarter of an hour ago
      --until TIME      only those that failed first before this time
      --grep TEXT       only those with this text in the record or the error`;

const CODES = "2 wrong usage, no dead letters there, or held by a running pipeline";

/** What the help of each `logflume dlq` command prints. */
export const DLQ_COMMAND_HELP: Readonly<Record<DlqCommand, string>> = {
  ls: `Usage: logflume dlq ls DIR [options]

Lists the dead letters in DIR, the one that failed first at first.

Options:
${FILTERS}
      --limit N         at most so many
      --json            one JSON object
  -h, --help            show this help

Examples:
  logflume dlq ls .logflume --since 24h
  logflume dlq ls .logflume --lane http --json | jq -r '.letters[].id'

Exit codes: 0 done, ${CODES}.
`,
  show: `Usage: logflume dlq show DIR ID... [--json]

Shows everything about the dead letters with these ids, the record included.

Options:
      --json    one JSON object in each line
  -h, --help    show this help

Examples:
  logflume dlq show .logflume 1a2b3c4d5e6f7081/http/42

Exit codes: 0 done, 1 an id is not there, ${CODES}.
`,
  replay: `Usage: logflume dlq replay DIR --to URL [options]
       logflume dlq replay DIR --output FILE [options]

Sends the records of dead letters again, the oldest first, and removes each once it is taken. A
kill or Ctrl-C in between leaves the rest as it is, and may send one record twice. To send them
through the sinks of your program, call pipeline.deadLetters.replay() in it.

With --to each record is sent to a server in a request of its own, tried up to five times, and
named in the header "logflume-sequence" as the HTTP sink names it. A record that the server refuses
stays, with one replay more. The replay ends where a server lets nobody in (401, 403), cannot be
reached, or fails at three records in a row.

With --output the records are appended to FILE, one JSON line each. FILE must not be one that a
sink of the pipeline writes: it would cut the lines off at its next start.

Options:
      --to URL          the server to send to
      --header LINE     a header for it, such as "x-team: a"; may be given again. Write @env:NAME
                        for the value of an environment variable: what stands on a command line
                        is seen by everybody on the machine. --to knows @env:NAME too
      --format NAME     how the server gets a record: ndjson (a line) or json (an array of one)
                        [default: ndjson]
      --gzip            compress what is sent
  -o, --output FILE     the file to append to
${FILTERS}
      --limit N         send at most so many
      --rate N          send at most so many a second
      --force           also those that failed in three replays
      --dry-run         only tell how many would be sent
      --json            tell the outcome as one JSON object
  -h, --help            show this help

Examples:
  logflume dlq replay .logflume --lane http --since 24h --dry-run
  logflume dlq replay .logflume --to https://logs.example/ingest --rate 100
  logflume dlq replay .logflume --to https://logs.example/ingest \\
    --header "authorization: Bearer @env:LOGS_TOKEN"
  logflume dlq replay .logflume --output missed.ndjson

Exit codes: 0 done, 1 some were not sent, ${CODES}.
`,
  rm: `Usage: logflume dlq rm DIR ID... [options]
       logflume dlq rm DIR --all | --lane NAME | ... [options]

Removes dead letters for good, by their ids or by what they are.

Options:
      --all             all of them
${FILTERS}
      --dry-run         only tell how many would be removed
      --json            tell the outcome as one JSON object
  -h, --help            show this help

Examples:
  logflume dlq rm .logflume 1a2b3c4d5e6f7081/http/42
  logflume dlq rm .logflume --reason too_large --until 24h

Exit codes: 0 done, 1 an id is not there, ${CODES}.
`,
  export: `Usage: logflume dlq export DIR [options]

Prints dead letters as NDJSON, the oldest first: one JSON object in each line, with everything
that is known of it. "logflume dlq import" takes it in again.

Options:
${FILTERS}
      --limit N         at most so many
  -h, --help            show this help

Examples:
  logflume dlq export .logflume > letters.ndjson
  logflume dlq export .logflume | jq -r .record

Exit codes: 0 done, ${CODES}.
`,
  import: `Usage: logflume dlq import DIR [FILE] [--json]

Takes in dead letters that were exported, from FILE or from standard input. They keep their ids
and times; those that are there already are updated. The limits of the pipeline hold once it
starts: too old ones go then.

Options:
      --json    tell the outcome as one JSON object
  -h, --help    show this help

Examples:
  logflume dlq import .logflume letters.ndjson
  logflume dlq export old | logflume dlq import .logflume

Exit codes: 0 done, ${CODES}.
`,
};
