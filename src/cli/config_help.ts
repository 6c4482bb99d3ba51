/** What `logflume check --help` prints. */
export const CHECK_HELP: string = `Usage: logflume check [CONFIG] [options]

Reads a configuration and says what would run, without opening, creating or connecting anything.
CONFIG is a YAML file (default: logflume.yaml).

Options:
  --json        say it in JSON: {"file","summary","notes"}, or {"problems":[...]}
  -h, --help    show this help

Examples:
  logflume check
  logflume check production.yaml && systemctl restart shop-logs

Exit codes: 0 it is right, 2 it is not: every mistake is told at once, with line and column.
`;

/** What `logflume schema --help` prints. */
export const SCHEMA_HELP: string = `Usage: logflume schema

Prints the JSON Schema of the configuration, with which editors complete and check it.

Options:
  -h, --help    show this help

Example:
  logflume schema > logflume.schema.json
  # then, as the first line of logflume.yaml:
  # yaml-language-server: $schema=logflume.schema.json

Exit codes: 0 done, 2 wrong usage.
`;

/** What `logflume init --help` prints. */
export const INIT_HELP: string = `Usage: logflume init [FILE] [options]

Writes a configuration to start from, with a comment on each setting (default: logflume.yaml).

Options:
  --force       replace FILE if it is there
  -h, --help    show this help

Examples:
  logflume init && logflume check && logflume run logflume.yaml

Exit codes: 0 written, 2 wrong usage or FILE is there already.
`;
