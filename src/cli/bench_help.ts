/** What `logflume bench --help` prints. */
export const BENCH_HELP: string = `Usage: logflume bench [options]

Measures a pipeline on this machine, on this runtime: how many records a second are accepted,
written, durable and delivered, and how long one takes to be durable. Records of about 160 bytes go
into a log on disk that syncs every commit, and from there to a sink that does nothing. The log is
made in a new folder and removed afterwards.

Options:
      --seconds N    how long to write in each part (default: 2)
      --data DIR     make the folder in DIR, which says what disk is measured (default: the
                     system's folder for temporary files)
      --json         one JSON object
  -h, --help         show this help

Examples:
  logflume bench
  logflume bench --seconds 10 --data /var/log --json

Exit codes: 0 done, 2 wrong usage or the folder cannot be written. Figures of a machine that does
other things vary, often by a third: run it more than once.
`;
