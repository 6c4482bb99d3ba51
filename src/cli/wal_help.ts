/** What `logflume wal --help` prints. */
export const WAL_HELP: string = `Usage: logflume wal <command> DIR [options]

Looks into the log in the folder DIR, such as that of "logflume run --data DIR", while it is
being written or after a crash. Takes no lock and changes nothing.

Commands:
  ls        what is there: segments, records, cursors, inputs, files set aside
  cat       its records, one JSON line each
  verify    check every byte, and tell exactly what is damaged

"logflume wal ls --help" shows the help of a command.
`;

/** What `logflume wal ls --help` prints. */
export const WAL_LS_HELP: string = `Usage: logflume wal ls DIR [--json]

Lists the segments of the log in DIR with their records and bytes, the cursors with how far they
lag behind, how far each input was read, and files set aside; also for its dead letters.

Options:
      --json    one JSON object
  -h, --help    show this help

Examples:
  logflume wal ls .logflume
  logflume wal ls .logflume --json | jq '.cursors[] | {lane, lag}'

Exit codes: 0 done, 2 wrong usage or no log there.
`;

/** What `logflume wal cat --help` prints. */
export const WAL_CAT_HELP: string = `Usage: logflume wal cat DIR [options]

Prints the records of the log in DIR, one JSON line each. Records that cannot be read are told on
standard error. Dead letters are a log of their own: name DIR/dead-letters.

Options:
      --from SEQ|TIME   begin with this record, or leave out older ones; a time is ISO 8601
                        (2026-01-31T12:00Z), or 15m for a quarter of an hour ago
      --to SEQ|TIME     end with this record, or leave out newer ones
      --level LEVEL     only this level and those above it: trace, debug, info, warn, error, fatal
  -f, --follow          wait for more at the end, also over restarts of the writer
      --json            {"seq":1,"record":{...}} in each line, and {"gap":{...}} for what is missing
  -h, --help            show this help

Examples:
  logflume wal cat .logflume --level warn | jq -r .msg
  logflume wal cat .logflume --follow --from 15m
  logflume wal cat .logflume --from 41 --to 50 --json

Exit codes: 0 done, 1 some records are damaged, 2 wrong usage or no log there. Ctrl-C ends with 0
where it follows.
`;

/** What `logflume wal verify --help` prints. */
export const WAL_VERIFY_HELP: string = `Usage: logflume wal verify DIR [--json]

Checks every frame of every segment of the log in DIR, and of its dead letters, and prints each
damaged place with its bytes and records. Bytes of a write that never ended are told and are no
damage: nobody was promised them. A process may write to the log meanwhile.

Options:
      --json    one JSON object
  -h, --help    show this help

Examples:
  logflume wal verify .logflume && echo good
  logflume wal verify .logflume --json | jq '.damage[]'

Exit codes: 0 all is well, 1 something is damaged, 2 wrong usage or no log there.
`;
