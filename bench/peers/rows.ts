/** The rows of the comparison: which programs do the same work, and what is asked of ours. */

/** One program of a row. */
export interface Column {
  /** The program's name, for `program.ts`. */
  readonly program: string;
  /** `ours`, `floor` (the same work with nothing around it) or `peer`. */
  readonly kind: "ours" | "floor" | "peer";
  /** What a record counts as when the clock stops. */
  readonly done: string;
  /** Records, as a share of the row's; slow ones get fewer. @default {1} */
  readonly share?: number;
  /** Runtimes that cannot do it. */
  readonly notOn?: readonly string[];
}

/** How a figure is shown. */
export type Unit = "records/s" | "ns" | "ms" | "MiB" | "ratio" | "records" | "bytes";

/** A figure that programs tell. */
export interface Figure {
  /** Its name. */
  readonly name: string;
  /** Its unit. */
  readonly unit: Unit;
  /** What it is. */
  readonly title: string;
  /** Whether less is better. */
  readonly lessIsBetter?: boolean;
}

/** What a figure of ours must be: divided by that of the floor or of the best peer, or by itself. */
export interface Goal {
  /** Against what: the floor, the best peer, nothing, or one program by its name. */
  readonly beside: "floor" | "peers" | "nothing" | { readonly program: string };
  /** The figure's name; the row's first without it. */
  readonly figure?: string;
  /** It is at least this. */
  readonly atLeast?: number;
  /** It is at most this. */
  readonly atMost?: number;
  /** Another bound on a runtime. */
  readonly on?: Readonly<Record<string, number>>;
}

/** One row: the same work done by several programs. */
export interface Row {
  /** For `--only`. */
  readonly id: string;
  /** What is done. */
  readonly title: string;
  /** What is shown; goals are about the first unless they say otherwise. */
  readonly figures: readonly [Figure, ...Figure[]];
  /** Records of a run. */
  readonly count: number;
  /** The programs, ours first. */
  readonly columns: readonly Column[];
  /** What is asked of ours. */
  readonly goals: readonly Goal[];
  /** Whether the work is done once only: memory is looked at, or a long run. */
  readonly cold?: boolean;
}

const SPEED: readonly [Figure, Figure] = [
  { name: "perSecond", unit: "records/s", title: "records a second" },
  { name: "cpuNs", unit: "ns", title: "CPU a record, all threads", lessIsBetter: true },
];

const LATENCY: readonly [Figure, Figure] = [
  { name: "durableP50", unit: "ms", title: "call to durable, p50", lessIsBetter: true },
  { name: "durableP99", unit: "ms", title: "call to durable, p99", lessIsBetter: true },
];

function peer(program: string, share: number): Column {
  return { program, kind: "peer", done: "written", share };
}

const FILE_PEERS: readonly Column[] = [
  peer("pino sync", 0.3),
  peer("pino sync 4096", 0.5),
  peer("pino sync 16000", 0.5),
  peer("pino async", 0.3),
  peer("pino async 4096", 0.3),
  peer("pino async 16000", 0.3),
  peer("pino transport", 0.3),
  peer("winston file", 0.05),
  peer("LogTape file", 0.001),
  peer("LogTape file, non-blocking", 0.02),
];

const SAFE = "durable in the log, written by the sink";

/** All rows. */
export const ROWS: readonly Row[] = [
  {
    id: "file",
    title: "log.info with two fields into a file",
    figures: SPEED,
    count: 1_000_000,
    columns: [
      { program: "ours file", kind: "ours", done: "written" },
      { program: "bare file", kind: "floor", done: "written" },
      ...FILE_PEERS,
    ],
    goals: [{ beside: "floor", atLeast: 0.75 }, {
      beside: "peers",
      atLeast: 3,
      on: { node: 4 },
    }],
  },
  {
    id: "pipeline",
    title: "log.info with two fields, through a log on disk that syncs always, into a file",
    figures: SPEED,
    count: 1_000_000,
    columns: [
      { program: "ours pipeline", kind: "ours", done: SAFE },
      { program: "bare pipeline", kind: "floor", done: SAFE },
      ...FILE_PEERS,
    ],
    goals: [{ beside: "floor", atLeast: 0.5 }, {
      beside: "peers",
      atLeast: 2.5,
      on: { node: 4 },
    }],
  },
  {
    id: "adapter",
    title: "pino's log.info with two fields, through our destination and through pino's own",
    figures: SPEED,
    count: 500_000,
    columns: [
      { program: "ours pino", kind: "ours", done: SAFE },
      { program: "ours pino, in memory", kind: "ours", done: "written by the sink" },
      ...FILE_PEERS.filter(({ program }) => program.startsWith("pino ")),
    ],
    goals: [],
  },
  {
    id: "lines",
    title: "Ready-made lines of 100 bytes into a file",
    figures: SPEED,
    count: 2_000_000,
    columns: [
      { program: "ours lines block", kind: "ours", done: "written" },
      { program: "bare lines", kind: "floor", done: "written" },
      { program: "ours lines mapped", kind: "peer", done: "in the mapping", notOn: ["node"] },
    ],
    goals: [{ beside: "floor", atLeast: 0.7 }, { beside: "nothing", atLeast: 5_000_000 }],
  },
  {
    id: "calls",
    title: "A call that goes nowhere: nanoseconds of the processor",
    figures: [
      { name: "enabledNs", unit: "ns", title: "enabled, without a sink", lessIsBetter: true },
      { name: "disabledNs", unit: "ns", title: "level not wanted", lessIsBetter: true },
    ],
    count: 1_000_000,
    columns: [
      { program: "ours calls", kind: "ours", done: "encoded, kept in memory" },
      { program: "pino calls", kind: "peer", done: "encoded" },
      { program: "LogTape calls", kind: "peer", done: "handed to a sink that does nothing" },
    ],
    goals: [{ beside: "peers", atMost: 1 }, {
      beside: "nothing",
      figure: "disabledNs",
      atMost: 5,
    }],
  },
  {
    id: "ring",
    title: "A queue of 1,024, half full: push and shift",
    figures: [{ name: "ns", unit: "ns", title: "push and shift together", lessIsBetter: true }],
    count: 20_000_000,
    columns: [
      { program: "ours ring", kind: "ours", done: "taken out" },
      { program: "denque", kind: "peer", done: "taken out" },
    ],
    goals: [{ beside: "peers", atMost: 1 }, { beside: "nothing", atMost: 5 }],
  },
  {
    id: "paced",
    title: "200,000 records a second while another process writes and syncs the same disk",
    figures: [
      { name: "loopP99", unit: "ms", title: "interval of a 1 ms timer, p99", lessIsBetter: true },
      { name: "loopP50", unit: "ms", title: "the same, p50", lessIsBetter: true },
      { name: "cpuShare", unit: "ratio", title: "CPU of one core", lessIsBetter: true },
      ...LATENCY,
    ],
    count: 2_000_000,
    columns: [
      { program: "ours paced", kind: "ours", done: SAFE },
      { program: "nothing paced", kind: "floor", done: "nothing is logged" },
      { program: "pino paced", kind: "peer", done: "written" },
    ],
    goals: [
      { beside: "nothing", figure: "loopP99", atMost: 5 },
      { beside: "nothing", figure: "cpuShare", atMost: 0.35 },
    ],
  },
  {
    id: "latency",
    title: "200,000 records a second: from the call until the record is durable",
    figures: LATENCY,
    count: 2_000_000,
    columns: [{ program: "ours alone", kind: "ours", done: SAFE }],
    goals: [
      { beside: "nothing", figure: "durableP50", atMost: 1 },
      { beside: "nothing", figure: "durableP99", atMost: 5 },
    ],
  },
  {
    id: "dead",
    title: "A sink that never answers: memory over the idle process",
    figures: [
      { name: "peakMiB", unit: "MiB", title: "peak", lessIsBetter: true },
      { name: "growthMiB", unit: "MiB", title: "peak over that of the first tenth" },
      { name: "bytesEach", unit: "bytes", title: "of it for each record" },
      { name: "lost", unit: "records", title: "records lost or in no count" },
    ],
    count: 10_000_000,
    cold: true,
    columns: [
      { program: "ours dead", kind: "ours", done: "durable in the log" },
      { program: "ours dead, drop-oldest", kind: "peer", done: "counted", share: 0.1 },
      { program: "ours dead, drop-newest", kind: "peer", done: "counted", share: 0.1 },
      { program: "pino dead", kind: "peer", done: "in memory, at most 1 GiB", share: 0.1 },
      { program: "winston dead", kind: "peer", done: "in memory, at most 1 GiB", share: 0.1 },
    ],
    goals: [
      { beside: "nothing", figure: "peakMiB", atMost: 128 },
      { beside: "nothing", figure: "growthMiB", atMost: 16 },
      { beside: "nothing", figure: "lost", atMost: 0 },
    ],
  },
  {
    id: "growth",
    title: "One run in a hundred windows: the last ten beside windows 11 to 20",
    figures: [
      { name: "lateToEarly", unit: "ratio", title: "time", lessIsBetter: true },
      { name: "lateToEarlyCpu", unit: "ratio", title: "CPU", lessIsBetter: true },
    ],
    count: 10_000_000,
    cold: true,
    columns: [{ program: "ours growth", kind: "ours", done: SAFE }],
    goals: [
      { beside: "nothing", figure: "lateToEarly", atMost: 1.2 },
      { beside: "nothing", figure: "lateToEarlyCpu", atMost: 1.2 },
    ],
  },
  {
    id: "loggers",
    title: "A hundred loggers in turns beside one, each with a name and a field",
    figures: [{ name: "cpuNs", unit: "ns", title: "CPU a record", lessIsBetter: true }],
    count: 500_000,
    columns: [
      { program: "ours 100 loggers", kind: "ours", done: SAFE },
      { program: "ours 1 logger", kind: "floor", done: SAFE },
    ],
    goals: [{ beside: "floor", atMost: 1.2 }],
  },
  {
    id: "stress",
    title: "A hundred writers, each waits until its record is durable: 100 × 1,000",
    figures: SPEED,
    count: 100_000,
    columns: [{ program: "ours append", kind: "ours", done: "durable, one by one" }],
    goals: [],
  },
  {
    id: "modes",
    title: "1,000 records, each durable before the call returns, or all together",
    figures: SPEED,
    count: 1000,
    columns: [
      { program: "ours logs sync", kind: "ours", done: "durable, one by one" },
      { program: "ours logs async", kind: "ours", done: "durable, together" },
    ],
    goals: [],
  },
  {
    id: "writers",
    title: "100,000 lines through each strategy in each mode",
    figures: SPEED,
    count: 100_000,
    columns: ["line", "block", "mapped"].flatMap((strategy) =>
      ["trigger", "loop", "manual"].map((mode): Column => ({
        program: `ours ${strategy} ${mode}`,
        kind: "ours",
        done: strategy === "mapped" ? "in the mapping" : "written",
        ...(strategy === "mapped" ? { notOn: ["node"] } : {}),
      }))
    ),
    goals: [],
  },
];
