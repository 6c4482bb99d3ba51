// deno-fmt-ignore-file
import type { JsonSchema } from "./setting.ts";

/**
 * What a configuration may hold, as a JSON Schema (draft 7), by which editors complete and check. Made
 * from the settings that check it: `deno task schema` writes it anew.
 */
export const configSchema: JsonSchema = {
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "logflume",
  "description": "A log pipeline: every setting may be left out",
  "type": [
    "object",
    "null"
  ],
  "properties": {
    "level": {
      "description": "Records below this level are left out (default trace)",
      "anyOf": [
        {"enum":["trace","debug","info","warn","error","fatal"]},
        {"type":"string","pattern":"\\$\\{.+\\}"}
      ]
    },
    "mode": {
      "description": "sync: a record is on the disk before the call returns (default async)",
      "anyOf": [
        {"enum":["async","sync"]},
        {"type":"string","pattern":"\\$\\{.+\\}"}
      ]
    },
    "on_store_failure": {
      "description": "When the log cannot be opened (default throw)",
      "anyOf": [
        {"enum":["throw","memory"]},
        {"type":"string","pattern":"\\$\\{.+\\}"}
      ]
    },
    "max_record_bytes": {
      "description": "A longer record is cut and marked (default 1MiB)",
      "anyOf": [
        {"anyOf":[{"type":"integer","minimum":1024},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},
        {"type":"string","pattern":"\\$\\{.+\\}"}
      ]
    },
    "handle_signals": {
      "description": "Write out what waits when a signal ends the process (default false)",
      "anyOf": [
        {"enum":[true,false,"yes","no","on","off"]},
        {"type":"string","pattern":"\\$\\{.+\\}"}
      ]
    },
    "drain_timeout": {
      "description": "How long to wait for the sinks at the end (default 10s)",
      "anyOf": [
        {"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},
        {"type":"string","pattern":"\\$\\{.+\\}"}
      ]
    },
    "inputs": {
      "description": "Where records come from, for `logflume run`",
      "type": [
        "object",
        "null"
      ],
      "properties": {
        "files": {"description":"Files that are read","anyOf":[{"type":"array","items":{"description":"Files that are read","type":"object","properties":{"paths":{"description":"Paths, with * and ? in them where you like","anyOf":[{"type":"array","items":{"description":"A path","type":"string","minLength":1,"maxLength":4096}},{"$ref":"#/properties/inputs/properties/files/anyOf/0/items/properties/paths/anyOf/0/items"}]},"follow":{"description":"Whether to wait for more at the end of a file (default true)","anyOf":[{"enum":[true,false,"yes","no","on","off"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"checkpoint_path":{"description":"Taken, without effect: how far a file is read is kept in the log","type":"string","minLength":1,"maxLength":4096},"checkpoint_interval":{"description":"Taken, without effect: how far a file is read is kept in the log","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"checkpointPath":{"$ref":"#/properties/inputs/properties/files/anyOf/0/items/properties/checkpoint_path"},"checkpointInterval":{"$ref":"#/properties/inputs/properties/files/anyOf/0/items/properties/checkpoint_interval"},"path":{"$ref":"#/properties/inputs/properties/files/anyOf/0/items/properties/paths"}},"required":["paths"],"additionalProperties":false}},{"$ref":"#/properties/inputs/properties/files/anyOf/0/items"}]},
        "stdin": {"description":"Standard input (default false)","anyOf":[{"enum":[true,false,"yes","no","on","off"]},{"type":"string","pattern":"\\$\\{.+\\}"}]}
      },
      "additionalProperties": false
    },
    "buffer": {
      "description": "The buffer between callers and log",
      "type": [
        "object",
        "null"
      ],
      "properties": {
        "type": {"description":"Where the buffer is; what must survive is the business of wal","anyOf":[{"enum":["memory"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "size": {"description":"Records it holds (default 10000)","anyOf":[{"type":"integer","minimum":1,"maximum":10000000},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "min_size": {"description":"Records it begins with: it grows up to size under load, and shrinks when idle","anyOf":[{"type":"integer","minimum":1,"maximum":10000000},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "max_bytes": {"description":"Bytes it holds (default 16MiB)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "backpressure_strategy": {"description":"What a full buffer does: block refuses (append waits), drop and drop-oldest give up the oldest, drop-newest refuses, sample takes one in sample_rate, warn refuses with one warning (default block)","anyOf":[{"enum":["block","drop","drop-oldest","drop-newest","sample","warn"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "sample_rate": {"description":"With sample: one in so many is taken while the buffer is full (default 10)","anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "block_timeout": {"description":"How long a call that waits for room waits (default: without end)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "reserve": {"description":"Records, of size, that only level error and above may use (default 0)","anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "max_waiters": {"description":"Calls that may wait for room at once (default 10000)","anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "minSize": {"$ref":"#/properties/buffer/properties/min_size"},
        "maxBytes": {"$ref":"#/properties/buffer/properties/max_bytes"},
        "backpressureStrategy": {"$ref":"#/properties/buffer/properties/backpressure_strategy"},
        "sampleRate": {"$ref":"#/properties/buffer/properties/sample_rate"},
        "blockTimeout": {"$ref":"#/properties/buffer/properties/block_timeout"},
        "maxWaiters": {"$ref":"#/properties/buffer/properties/max_waiters"},
        "overflow": {"$ref":"#/properties/buffer/properties/backpressure_strategy"},
        "capacity": {"$ref":"#/properties/buffer/properties/size"},
        "sample_every": {"$ref":"#/properties/buffer/properties/sample_rate"}
      },
      "additionalProperties": false
    },
    "wal": {
      "description": "The write-ahead log: what keeps records over a crash. It is on where this section stands",
      "type": [
        "object",
        "null"
      ],
      "properties": {
        "enabled": {"description":"Whether there is a log on disk (default true)","anyOf":[{"enum":[true,false,"yes","no","on","off"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "dir": {"description":"Its folder (default .logflume)","type":"string","minLength":1,"maxLength":4096},
        "segment_size": {"description":"A segment is closed at this size (default 64MiB)","anyOf":[{"anyOf":[{"type":"integer","minimum":4096},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "max_segments": {"description":"The log is full beyond this many segments","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"const":"unlimited"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "sync": {"description":"When a record counts as durable (default always; interval with sync_interval)","anyOf":[{"enum":["always","interval","never"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "sync_interval": {"description":"With sync: interval, the longest time unsynced (default 500ms)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "retain": {"description":"Delivered records to keep for history and replay (default 64MiB)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"},{"const":"all"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "retain_age": {"description":"Delivered records older than this go even so (default: none)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "max_bytes": {"description":"The log is full at this size (default 4GiB)","anyOf":[{"anyOf":[{"type":"integer","minimum":16384},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "window_bytes": {"description":"Newest records kept in memory for readers that keep up (default 4MiB)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "on_damage": {"description":"What is done about damage (default quarantine)","anyOf":[{"enum":["refuse","quarantine"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "on_limit": {"description":"At the limit: drop takes the oldest from the sinks that lag, block refuses new records (default drop)","anyOf":[{"enum":["drop","block"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "compaction_policy": {"description":"Taken, without effect: segments go when they are delivered","anyOf":[{"enum":["size","time","manual"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "segmentSize": {"$ref":"#/properties/wal/properties/segment_size"},
        "maxSegments": {"$ref":"#/properties/wal/properties/max_segments"},
        "syncInterval": {"$ref":"#/properties/wal/properties/sync_interval"},
        "retainAge": {"$ref":"#/properties/wal/properties/retain_age"},
        "maxBytes": {"$ref":"#/properties/wal/properties/max_bytes"},
        "windowBytes": {"$ref":"#/properties/wal/properties/window_bytes"},
        "onDamage": {"$ref":"#/properties/wal/properties/on_damage"},
        "onLimit": {"$ref":"#/properties/wal/properties/on_limit"},
        "compactionPolicy": {"$ref":"#/properties/wal/properties/compaction_policy"},
        "path": {"$ref":"#/properties/wal/properties/dir"},
        "folder": {"$ref":"#/properties/wal/properties/dir"},
        "segment_bytes": {"$ref":"#/properties/wal/properties/segment_size"}
      },
      "additionalProperties": false
    },
    "store": {
      "description": "Where the log is kept, if not in the folder wal.dir",
      "type": [
        "object",
        "null"
      ],
      "properties": {
        "type": {"description":"file: a folder; sqlite: a file; memory: nothing survives (default file)","anyOf":[{"enum":["file","sqlite","memory"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "path": {"description":"The folder, or the SQLite file","type":"string","minLength":1,"maxLength":4096},
        "dir": {"$ref":"#/properties/store/properties/path"}
      },
      "additionalProperties": false
    },
    "worker_pool": {
      "description": "Workers that call the sinks",
      "type": [
        "object",
        "null"
      ],
      "properties": {
        "num_workers": {"description":"Calls under way at once, of all sinks together (default 8)","anyOf":[{"type":"integer","minimum":1,"maximum":10000},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "min_workers": {"description":"With it the pool finds its size by itself, from here to num_workers","anyOf":[{"type":"integer","minimum":1,"maximum":10000},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "queue_size": {"description":"Taken, without effect: what waits is in the log, and each sink reads on there","anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "job_timeout": {"description":"The longest call of a sink, unless the sink says otherwise (default 60s)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "enable_stealing": {"description":"Taken, without effect: a free worker takes what any sink has ready","anyOf":[{"enum":[true,false,"yes","no","on","off"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "numWorkers": {"$ref":"#/properties/worker_pool/properties/num_workers"},
        "minWorkers": {"$ref":"#/properties/worker_pool/properties/min_workers"},
        "queueSize": {"$ref":"#/properties/worker_pool/properties/queue_size"},
        "jobTimeout": {"$ref":"#/properties/worker_pool/properties/job_timeout"},
        "enableStealing": {"$ref":"#/properties/worker_pool/properties/enable_stealing"},
        "max": {"$ref":"#/properties/worker_pool/properties/num_workers"},
        "max_workers": {"$ref":"#/properties/worker_pool/properties/num_workers"},
        "min": {"$ref":"#/properties/worker_pool/properties/min_workers"}
      },
      "additionalProperties": false
    },
    "reliability": {
      "description": "Retries and circuit breakers of all sinks that have no settings of their own",
      "type": [
        "object",
        "null"
      ],
      "properties": {
        "retry": {"description":"When a sink is tried again","type":["object","null"],"properties":{"max_retries":{"description":"Tries after the first one: 3 are 4 tries (default unlimited with a log on disk, else 4)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"const":"unlimited"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"max_elapsed":{"description":"No try begins later than this after the first one (default: none)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"strategy":{"description":"How the waits grow (default exponential)","anyOf":[{"enum":["exponential","linear","constant","fibonacci","decorrelated"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"initial_backoff":{"description":"The first wait (default 200ms)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"max_backoff":{"description":"The longest wait (default 30s)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"multiplier":{"description":"With exponential: each wait is so many times the one before (default 2)","anyOf":[{"type":"number","minimum":1,"maximum":1000},{"type":"string","pattern":"\\$\\{.+\\}"}]},"jitter":{"description":"How much of a wait is left to chance: true and full (all of it), equal (half), false and none (default full)","anyOf":[{"enum":[true,false,"none","full","equal"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"retry_after_cap":{"description":"A server that asks for a longer wait parks the sink (default 5m)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"maxRetries":{"$ref":"#/properties/reliability/properties/retry/properties/max_retries"},"maxElapsed":{"$ref":"#/properties/reliability/properties/retry/properties/max_elapsed"},"initialBackoff":{"$ref":"#/properties/reliability/properties/retry/properties/initial_backoff"},"maxBackoff":{"$ref":"#/properties/reliability/properties/retry/properties/max_backoff"},"retryAfterCap":{"$ref":"#/properties/reliability/properties/retry/properties/retry_after_cap"}},"additionalProperties":false},
        "circuit_breaker": {"description":"When a sink is left alone for a while","type":["object","null"],"properties":{"enabled":{"description":"Whether there is a circuit breaker (default true)","anyOf":[{"enum":[true,false,"yes","no","on","off"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"failure_threshold":{"description":"Failures without a success between them that open it (default 6)","anyOf":[{"type":"integer","minimum":1,"maximum":1000000},{"type":"string","pattern":"\\$\\{.+\\}"}]},"interval":{"description":"Only failures of this last time count; 0 for no limit (default 0)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"timeout":{"description":"How long it stays open (default 60s)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"max_requests":{"description":"Half open: calls at once, and successes in a row that close it (default 1)","anyOf":[{"type":"integer","minimum":1,"maximum":1000000},{"type":"string","pattern":"\\$\\{.+\\}"}]},"failureThreshold":{"$ref":"#/properties/reliability/properties/circuit_breaker/properties/failure_threshold"},"maxRequests":{"$ref":"#/properties/reliability/properties/circuit_breaker/properties/max_requests"}},"additionalProperties":false},
        "circuitBreaker": {"$ref":"#/properties/reliability/properties/circuit_breaker"},
        "breaker": {"$ref":"#/properties/reliability/properties/circuit_breaker"}
      },
      "additionalProperties": false
    },
    "dead_letter": {
      "description": "Records that could not be delivered",
      "type": [
        "object",
        "null"
      ],
      "properties": {
        "enabled": {"description":"Taken for its word; false has no effect, since dead letters are always kept","anyOf":[{"enum":[true,false,"yes","no","on","off"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "dir": {"description":"Their folder (default: beside the log's segments, in dead-letters)","type":"string","minLength":1,"maxLength":4096},
        "max_size": {"description":"Entries kept (default 10000)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"const":"unlimited"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "max_bytes": {"description":"Bytes kept (default 64MiB)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "max_age": {"description":"An entry goes after this time (default 7d)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "max_replays": {"description":"A replay passes over what failed in so many replays (default 3)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"const":"unlimited"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "on_full": {"description":"When there is no room: evict the oldest, or park the sink (default evict)","anyOf":[{"enum":["evict","park"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "flush_interval": {"description":"Taken, without effect: each entry is durable before its record is let go","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "maxSize": {"$ref":"#/properties/dead_letter/properties/max_size"},
        "maxBytes": {"$ref":"#/properties/dead_letter/properties/max_bytes"},
        "maxAge": {"$ref":"#/properties/dead_letter/properties/max_age"},
        "maxReplays": {"$ref":"#/properties/dead_letter/properties/max_replays"},
        "onFull": {"$ref":"#/properties/dead_letter/properties/on_full"},
        "flushInterval": {"$ref":"#/properties/dead_letter/properties/flush_interval"},
        "max_entries": {"$ref":"#/properties/dead_letter/properties/max_size"}
      },
      "additionalProperties": false
    },
    "sinks": {
      "description": "Where records go, by names; without any, to the console",
      "type": [
        "object",
        "null"
      ],
      "additionalProperties": {
        "$ref": "#/definitions/sink"
      }
    },
    "output": {
      "description": "One sink, for files of other systems: see sinks",
      "type": [
        "object",
        "null"
      ],
      "properties": {
        "type": {"description":"Where to (default stdout)","anyOf":[{"enum":["stdout","stderr","console","file"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "path": {"description":"With file: its path","type":"string","minLength":1,"maxLength":4096}
      },
      "additionalProperties": false
    },
    "tail": {
      "description": "The live tail's ring in memory",
      "type": [
        "object",
        "null"
      ],
      "properties": {
        "max_bytes": {"description":"The most bytes kept (default 16KiB, 4MiB once it is shown)","anyOf":[{"anyOf":[{"type":"integer","minimum":256},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "keep_bytes": {"description":"What is left when max_bytes is passed (default half of it)","anyOf":[{"anyOf":[{"type":"integer","minimum":128},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "maxBytes": {"$ref":"#/properties/tail/properties/max_bytes"},
        "keepBytes": {"$ref":"#/properties/tail/properties/keep_bytes"}
      },
      "additionalProperties": false
    },
    "http": {
      "description": "The live view and other routes, for `logflume run`",
      "type": [
        "object",
        "null"
      ],
      "properties": {
        "listen": {"description":"Where it listens (default 127.0.0.1:8484)","anyOf":[{"type":["string","integer","boolean"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "path": {"description":"The path of the live tail (default /logs)","anyOf":[{"type":"string","pattern":"^/"},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "token": {"description":"Readers and posters must send it; 16 characters at least","type":"string","minLength":1,"maxLength":4096},
        "hosts": {"description":"Host names under which it may be asked, besides loopback names","anyOf":[{"type":"array","items":{"description":"A name","type":"string","minLength":1,"maxLength":4096}},{"$ref":"#/properties/http/properties/hosts/anyOf/0/items"}]},
        "origins": {"description":"Origins of other pages that may read it","anyOf":[{"type":"array","items":{"description":"An origin","type":"string","minLength":1,"maxLength":4096}},{"$ref":"#/properties/http/properties/origins/anyOf/0/items"}]},
        "max_clients": {"description":"Readers at once (default 64)","anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "max_clients_per_address": {"description":"Readers at once from one address (default 8)","anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "ingest": {"description":"Lines that are posted to <path>/ingest","type":["object","null"],"properties":{"enabled":{"description":"Whether they are taken (default true where this section stands)","anyOf":[{"enum":[true,false,"yes","no","on","off"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"max_body_bytes":{"description":"The most bytes of one request (default 4MiB)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"maxBodyBytes":{"$ref":"#/properties/http/properties/ingest/properties/max_body_bytes"}},"additionalProperties":false},
        "maxClients": {"$ref":"#/properties/http/properties/max_clients"},
        "maxClientsPerAddress": {"$ref":"#/properties/http/properties/max_clients_per_address"},
        "address": {"$ref":"#/properties/http/properties/listen"}
      },
      "additionalProperties": false
    },
    "metrics": {
      "description": "Figures for Prometheus, for `logflume run`",
      "type": [
        "object",
        "null"
      ],
      "properties": {
        "enabled": {"description":"Whether they are served (default true where this section stands)","anyOf":[{"enum":[true,false,"yes","no","on","off"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "path": {"description":"Their path (default /metrics)","anyOf":[{"type":"string","pattern":"^/"},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "address": {"description":"A server of their own; without it they stand at http.listen","anyOf":[{"type":["string","integer","boolean"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "listen": {"$ref":"#/properties/metrics/properties/address"}
      },
      "additionalProperties": false
    },
    "logging": {
      "description": "Taken, without effect: what the pipeline says about itself goes to standard error",
      "type": [
        "object",
        "null"
      ],
      "properties": {
        "level": {"description":"Without effect","anyOf":[{"enum":["trace","debug","info","warn","error","fatal"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},
        "format": {"description":"Without effect","anyOf":[{"enum":["json","console"]},{"type":"string","pattern":"\\$\\{.+\\}"}]}
      },
      "additionalProperties": false
    },
    "onStoreFailure": {
      "$ref": "#/properties/on_store_failure"
    },
    "maxRecordBytes": {
      "$ref": "#/properties/max_record_bytes"
    },
    "handleSignals": {
      "$ref": "#/properties/handle_signals"
    },
    "drainTimeout": {
      "$ref": "#/properties/drain_timeout"
    },
    "workerPool": {
      "$ref": "#/properties/worker_pool"
    },
    "deadLetter": {
      "$ref": "#/properties/dead_letter"
    },
    "pool": {
      "$ref": "#/properties/worker_pool"
    },
    "dead_letters": {
      "$ref": "#/properties/dead_letter"
    }
  },
  "additionalProperties": false,
  "definitions": {
    "sink": {
      "anyOf": [
        {"description":"A sink of the type console","type":["object","null"],"properties":{"type":{"description":"The type: console","const":"console"},"level":{"description":"Records below this level are left out (default trace)","anyOf":[{"enum":["trace","debug","info","warn","error","fatal"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"order":{"description":"What is kept in order (default: as the type does)","anyOf":[{"enum":["strict","none"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"batch":{"description":"How much goes out at once","type":["object","null"],"properties":{"max_records":{"description":"Records (default 1000)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"const":"unlimited"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"max_bytes":{"description":"Bytes (default 256KiB)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"max_age":{"description":"How long a record may wait for others to go with it (default 0)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"maxRecords":{"$ref":"#/definitions/sink/anyOf/0/properties/batch/properties/max_records"},"maxBytes":{"$ref":"#/definitions/sink/anyOf/0/properties/batch/properties/max_bytes"},"maxAge":{"$ref":"#/definitions/sink/anyOf/0/properties/batch/properties/max_age"}},"additionalProperties":false},"concurrency":{"description":"Batches in flight at once, without order (default 4)","anyOf":[{"type":"integer","minimum":1,"maximum":1000},{"type":"string","pattern":"\\$\\{.+\\}"}]},"call_timeout":{"description":"The longest call (default worker_pool.job_timeout, else 60s)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"grace":{"description":"How long a call that was aborted holds its place (default 5s)","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"retry":{"$ref":"#/properties/reliability/properties/retry"},"circuit_breaker":{"$ref":"#/properties/reliability/properties/circuit_breaker"},"from":{"description":"Where a new sink begins: now, start, or a sequence number (default now)","anyOf":[{"anyOf":[{"enum":["now","start"]},{"type":"integer","minimum":0}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"fallback":{"$ref":"#/properties/sinks/additionalProperties"},"stream":{"description":"Where to (default stdout)","anyOf":[{"enum":["stdout","stderr"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"format":{"description":"pretty: for people; auto: pretty on a terminal, else json (default auto)","anyOf":[{"enum":["pretty","json","auto"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"color":{"description":"Colours in pretty lines (default auto)","anyOf":[{"enum":[true,false,"auto"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"callTimeout":{"$ref":"#/definitions/sink/anyOf/0/properties/call_timeout"},"circuitBreaker":{"$ref":"#/definitions/sink/anyOf/0/properties/circuit_breaker"},"breaker":{"$ref":"#/definitions/sink/anyOf/0/properties/circuit_breaker"}},"additionalProperties":false},
        {"description":"A sink of the type file","type":"object","properties":{"type":{"description":"The type: file","const":"file"},"level":{"$ref":"#/definitions/sink/anyOf/0/properties/level"},"order":{"$ref":"#/definitions/sink/anyOf/0/properties/order"},"batch":{"$ref":"#/definitions/sink/anyOf/0/properties/batch"},"concurrency":{"$ref":"#/definitions/sink/anyOf/0/properties/concurrency"},"call_timeout":{"$ref":"#/definitions/sink/anyOf/0/properties/call_timeout"},"grace":{"$ref":"#/definitions/sink/anyOf/0/properties/grace"},"retry":{"$ref":"#/properties/reliability/properties/retry"},"circuit_breaker":{"$ref":"#/properties/reliability/properties/circuit_breaker"},"from":{"$ref":"#/definitions/sink/anyOf/0/properties/from"},"fallback":{"$ref":"#/properties/sinks/additionalProperties"},"path":{"description":"The file; it and its folders are created","type":"string","minLength":1,"maxLength":4096},"durable":{"description":"Whether what was delivered survives a power cut (default true)","anyOf":[{"enum":[true,false,"yes","no","on","off"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"strategy":{"description":"How batches go out (default block)","anyOf":[{"enum":["block","mapped"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"reopen_on_hangup":{"description":"Look at the path on SIGHUP (default false)","anyOf":[{"enum":[true,false,"yes","no","on","off"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"max_bytes":{"description":"The most bytes of one file: beyond it is rotated (default: no limit)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"every":{"description":"A new file for each hour, day or stretch of time (UTC)","anyOf":[{"type":["string","integer"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"keep":{"description":"Which rotated files stay (default: all)","type":["object","null"],"properties":{"count":{"description":"So many","anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"\\$\\{.+\\}"}]},"age":{"description":"For so long","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"bytes":{"description":"So many bytes of all together","anyOf":[{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]}},"additionalProperties":false},"gzip":{"description":"Whether rotated files are compressed (default false)","anyOf":[{"enum":[true,false,"yes","no","on","off"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"callTimeout":{"$ref":"#/definitions/sink/anyOf/1/properties/call_timeout"},"circuitBreaker":{"$ref":"#/definitions/sink/anyOf/1/properties/circuit_breaker"},"reopenOnHangup":{"$ref":"#/definitions/sink/anyOf/1/properties/reopen_on_hangup"},"maxBytes":{"$ref":"#/definitions/sink/anyOf/1/properties/max_bytes"},"breaker":{"$ref":"#/definitions/sink/anyOf/1/properties/circuit_breaker"},"reopen_on_sighup":{"$ref":"#/definitions/sink/anyOf/1/properties/reopen_on_hangup"}},"required":["path"],"additionalProperties":false},
        {"description":"A sink of the type http","type":"object","properties":{"type":{"description":"The type: http","const":"http"},"level":{"$ref":"#/definitions/sink/anyOf/0/properties/level"},"order":{"$ref":"#/definitions/sink/anyOf/0/properties/order"},"batch":{"$ref":"#/definitions/sink/anyOf/0/properties/batch"},"concurrency":{"$ref":"#/definitions/sink/anyOf/0/properties/concurrency"},"call_timeout":{"$ref":"#/definitions/sink/anyOf/0/properties/call_timeout"},"grace":{"$ref":"#/definitions/sink/anyOf/0/properties/grace"},"retry":{"$ref":"#/properties/reliability/properties/retry"},"circuit_breaker":{"$ref":"#/properties/reliability/properties/circuit_breaker"},"from":{"$ref":"#/definitions/sink/anyOf/0/properties/from"},"fallback":{"$ref":"#/properties/sinks/additionalProperties"},"url":{"description":"Where to: an http: or https: URL. Its password and query are never shown","type":"string","minLength":1},"method":{"description":"The method (default POST)","anyOf":[{"enum":["POST","PUT","PATCH"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"format":{"description":"ndjson: a line a record; json: an array (default ndjson)","anyOf":[{"enum":["ndjson","json"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"gzip":{"description":"Whether bodies are compressed (default false)","anyOf":[{"enum":[true,false,"yes","no","on","off"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"headers":{"description":"Headers of your own; their values are never shown","type":["object","null"],"additionalProperties":{"description":"A value","type":"string","minLength":1,"maxLength":4096}},"token":{"description":"Goes out as `Authorization: Bearer ...`; never shown","type":"string","minLength":1,"maxLength":4096},"timeout":{"description":"How long a request may wait for its answer (default 30s)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"max_body_bytes":{"description":"A batch with more bytes goes out as several requests","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"sequence_header":{"description":"The header that names the records, or false for none","anyOf":[{"type":["string","boolean"]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"max_redirects":{"description":"Redirects that one request follows (default 5)","anyOf":[{"type":"integer","minimum":0,"maximum":20},{"type":"string","pattern":"\\$\\{.+\\}"}]},"park_on":{"description":"Statuses that park the sink (default 401, 403, 407)","anyOf":[{"type":"array","items":{"description":"A status","anyOf":[{"type":"integer","minimum":300,"maximum":599},{"type":"string","pattern":"\\$\\{.+\\}"}]}},{"$ref":"#/definitions/sink/anyOf/2/properties/park_on/anyOf/0/items"}]},"retry_on":{"description":"Statuses to send again, beside 408, 425, 429 and 5xx","anyOf":[{"type":"array","items":{"description":"A status","anyOf":[{"type":"integer","minimum":300,"maximum":599},{"type":"string","pattern":"\\$\\{.+\\}"}]}},{"$ref":"#/definitions/sink/anyOf/2/properties/retry_on/anyOf/0/items"}]},"callTimeout":{"$ref":"#/definitions/sink/anyOf/2/properties/call_timeout"},"circuitBreaker":{"$ref":"#/definitions/sink/anyOf/2/properties/circuit_breaker"},"maxBodyBytes":{"$ref":"#/definitions/sink/anyOf/2/properties/max_body_bytes"},"sequenceHeader":{"$ref":"#/definitions/sink/anyOf/2/properties/sequence_header"},"maxRedirects":{"$ref":"#/definitions/sink/anyOf/2/properties/max_redirects"},"parkOn":{"$ref":"#/definitions/sink/anyOf/2/properties/park_on"},"retryOn":{"$ref":"#/definitions/sink/anyOf/2/properties/retry_on"},"breaker":{"$ref":"#/definitions/sink/anyOf/2/properties/circuit_breaker"}},"required":["url"],"additionalProperties":false},
        {"description":"A sink of the type sqlite","type":"object","properties":{"type":{"description":"The type: sqlite","const":"sqlite"},"level":{"$ref":"#/definitions/sink/anyOf/0/properties/level"},"order":{"$ref":"#/definitions/sink/anyOf/0/properties/order"},"batch":{"$ref":"#/definitions/sink/anyOf/0/properties/batch"},"concurrency":{"$ref":"#/definitions/sink/anyOf/0/properties/concurrency"},"call_timeout":{"$ref":"#/definitions/sink/anyOf/0/properties/call_timeout"},"grace":{"$ref":"#/definitions/sink/anyOf/0/properties/grace"},"retry":{"$ref":"#/properties/reliability/properties/retry"},"circuit_breaker":{"$ref":"#/properties/reliability/properties/circuit_breaker"},"from":{"$ref":"#/definitions/sink/anyOf/0/properties/from"},"fallback":{"$ref":"#/properties/sinks/additionalProperties"},"path":{"description":"The SQLite file","type":"string","minLength":1,"maxLength":4096},"max_rows":{"description":"Rows; the oldest go first (default: no limit)","anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"\\$\\{.+\\}"}]},"max_age":{"description":"Records go when they are so old (default: never)","anyOf":[{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$"}]},{"type":"string","pattern":"\\$\\{.+\\}"}]},"callTimeout":{"$ref":"#/definitions/sink/anyOf/3/properties/call_timeout"},"circuitBreaker":{"$ref":"#/definitions/sink/anyOf/3/properties/circuit_breaker"},"maxRows":{"$ref":"#/definitions/sink/anyOf/3/properties/max_rows"},"maxAge":{"$ref":"#/definitions/sink/anyOf/3/properties/max_age"},"breaker":{"$ref":"#/definitions/sink/anyOf/3/properties/circuit_breaker"}},"required":["path"],"additionalProperties":false},
        {"description":"A sink of a type that the program has registered","type":"object","properties":{"type":{"type":"string","not":{"enum":["console","file","http","sqlite"]}}},"required":["type"]}
      ]
    }
  }
};
