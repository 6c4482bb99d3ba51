/** The version of the package; a test compares it with the manifest. */
export const VERSION = "0.1.0";

/** What `logflume --help` prints. */
export const MAIN_HELP: string = `logflume ${VERSION}: a durable, back-pressured log pipeline

Usage: logflume <command> [options]

Commands:
  run     read lines, make them durable, deliver them, show them live
  tail    show the records of a running log, over HTTP or from its folder
  wal     look into a log: list, print and verify what is in it
  dlq     look after dead letters: list, show, replay, remove, export and import them
  init    write a configuration to start from
  check   say what a configuration would run, or what is wrong with it
  schema  print the JSON Schema of the configuration
  stats   show the figures of a pipeline, over HTTP or from its folder
  bench   measure on this machine: accepted, written, durable a second

Options:
  -h, --help     show this help; "logflume run --help" shows that of the command
  --version      show the version
`;

/** What `logflume run --help` prints. */
export const RUN_HELP: string = `Usage: logflume run [CONFIG] [options]

Reads lines from files or a pipe, makes them durable in --data, delivers them to --output
and shows them live at --listen. CONFIG is a YAML file that says all of this and more ("logflume
init" writes one); with it only --listen, --drain-timeout and --summary may be given.

Options:
  -i, --input FILE          read FILE, or all that fit a quoted pattern of *, ?, **, [a-z] and {a,b};
                            "-" is standard input; may be given several times (default: "-")
  -f, --follow              wait for more at the end of a file and for more files that fit
  -o, --output FILE         append one JSON line a record to FILE (default: the console)
  --data DIR                keep the log in DIR (default: .logflume)
  --retain SIZE|AGE|all     keep what is delivered: 64MiB, 24h, all (default: 64MiB); it goes by
                            whole segments, of a quarter of SIZE and 1 to 64 MiB
  --listen HOST:PORT|off    show the live view there (default: 127.0.0.1:8484)
  --ingest                  take lines that are posted to /ingest there, until stopped
  --drain-timeout DURATION  at the end, give up when nothing was delivered for so long; after a
                            signal, the whole time to deliver what is pending (default: 10s)
  --demo                    make the traffic of a small web shop instead of reading
  --summary                 end with one line of JSON on standard output
  -h, --help                show this help

Exit codes: 0 all delivered, 1 records are still pending, 2 wrong usage, 3 dead letters.
Without --follow it ends when all inputs have ended. Ctrl-C stops reading and delivers what is
pending; once more ends at once. What is pending stays in --data for the next start.

A followed file may be rotated: it is told by its inode and its beginning, read on as app.log.1 or
app.log-20260131, and no line is lost or doubled, over a kill too, while its rotated files are
there uncompressed. With copytruncate, lines are lost that are written between the copy and the cut,
and those of the last look (250 ms) before a cut whose copy is gone or compressed by the next look.

Examples:
  logflume run logflume.yaml
  logflume run --follow --input app.log --output out.ndjson
  logflume run --follow --input 'logs/**/*.log' --data /var/lib/logflume
  logflume run --ingest --listen 127.0.0.1:8484 --output out.ndjson
  curl --data-binary @app.log http://127.0.0.1:8484/ingest
`;
