/** What `logflume init` writes: a configuration that runs as it is. */
export const CONFIG_STARTER: string =
  `# logflume: "logflume check" reads this file, "logflume run logflume.yaml" runs it.
# Keys may be in snake_case or camelCase; sizes 64MiB, durations 500ms, 5s, 24h; \${NAME} is a
# variable of the environment, \${NAME:-default} one that may be missing.

# Where records come from. A program that opens the pipeline itself needs none.
inputs:
  files:
    - paths: ["\${LOGFLUME_INPUT:-app.log}"]
      # Wait for more at the end of a file; log rotation is followed.
      follow: true

# Records below this level are left out: trace, debug, info, warn, error, fatal.
level: info

# What keeps records over a crash: a folder, whose log each sink reads at its own pace.
wal:
  enabled: true
  dir: .logflume
  # always: what counts as durable survives a power cut; interval: a kill, and a power cut from the
  # last sync on.
  sync: always
  # Delivered records to keep for the live view and for replay.
  retain: 64MiB

# Where records go, by names of your choice. A name is where its sink goes on after a restart.
sinks:
  file:
    type: file
    path: logs/app.ndjson
    every: day
    keep:
      count: 14
    gzip: true

  # api:
  #   type: http
  #   url: https://logs.example/ingest
  #   token: \${LOG_TOKEN}
  #   level: warn

# The live view: a page in a browser, "logflume tail", curl -N. Other hosts than this machine need
# the token.
http:
  listen: 127.0.0.1:8484
  # token: \${LOGFLUME_TOKEN}
`;
