/** What `logflume tail --help` prints. */
export const TAIL_HELP: string = `Usage: logflume tail URL|DIR [QUERY] [options]

Shows the records of a running log as they come: over HTTP from the live view at URL, such as
http://127.0.0.1:8484, or from the log in the folder DIR, which may be written meanwhile. A lost
link is taken up again where it broke: no record comes twice, and what is missing is told exactly.

QUERY: all of it has to hold.
  timeout "two words"     the text occurs; all in lower case, it ignores case
  -healthz                the text does not occur
  level>=warn level=info  the level
  logger:db               the logger db, and those below it
  user.id=42              a field; also != > >= < <= and ~ for "contains"
  user.id?                the field is there
  since=15m               not older; also a time, UTC unless it has a zone
  /time(out|d)/i          a regular expression matches

Options:
      --from PLACE        begin there: -100 for the last 100 records that match (default), kept for
                          all there are, live for new ones only, a record's number, RUN.NUMBER as
                          told at the end, or 15m for a quarter of an hour ago
      --level LEVEL       only this level and those above it: trace, debug, info, warn, error, fatal
      --no-follow         end at what there is now
      --json              the lines of the log as they are; {"$":"gap",...} for what is missing
      --header "K: V"     send a header, such as "authorization: Bearer TOKEN"; several times if
                          need be. The variable LOGFLUME_TOKEN does the same for a bearer token
  -h, --help              show this help

Examples:
  logflume tail http://127.0.0.1:8484 timeout -healthz
  logflume tail .logflume 'level>=warn user.id=42' --no-follow
  logflume tail https://logs.example.com/logs --json --from live | jq -r .msg

Exit codes: 0 done, 1 the server cannot be reached or some records are damaged, 2 wrong usage or
access denied. Ctrl-C ends with 0 and says how to go on from there.
`;
