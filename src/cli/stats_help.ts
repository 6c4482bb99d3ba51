/** What `logflume stats --help` prints. */
export const STATS_HELP: string = `Usage: logflume stats URL|DIR [options]

Shows the figures of a pipeline: buffer, log, sinks, dead letters, and what stands in the way.
From the live view at URL, such as http://127.0.0.1:8484, or from the log in the folder DIR, which
tells less and needs no running pipeline. Changes nothing and takes no lock.

Options:
      --watch           show them again every second, with rates, until Ctrl-C
      --json            one JSON object a line
      --header "K: V"   send a header, such as "authorization: Bearer TOKEN"; several times if
                        need be. The variable LOGFLUME_TOKEN does the same for a bearer token
  -h, --help            show this help

Examples:
  logflume stats http://127.0.0.1:8484 --watch
  logflume stats .logflume
  logflume stats http://127.0.0.1:8484 --json | jq '.lanes[] | {lane, pending, lagMs}'

Exit codes: 0 done, 1 the server cannot be reached, 2 wrong usage, no log there or access denied.
`;
