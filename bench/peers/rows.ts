/** The rows of the comparison: which programs do the same work, and what is asked of ours. */

/** One program of a row. */
export interface Column {
  /** The program's name, for {@link "./program.ts"}. */
  readonly program: string;
  /** `ours`, `floor` (bare system calls) or `peer`. */
  readonly kind: "ours" | "floor" | "peer";
  /** What a record counts as when the clock stops. */
  readonly done: string;
  /** Records, as a share of the row's; slow ones get fewer. @default {1} */
  readonly share?: number;
}

/** What a figure of ours must be: beside a floor, beside the best peer, or by itself. */
export interface Goal {
  /** Against what. */
  readonly beside: "floor" | "peers" | "nothing" | "ours";
  /** The figure; that of the row without it. */
  readonly figure?: string;
  /** Ours divided by the other is at least this. */
  readonly atLeast?: number;
  /** Ours divided by the other is at most this. */
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
  /** The figure that is shown and compared, and its unit. */
  readonly figure: string;
  /** How it is shown. */
  readonly unit: "records/s" | "ns" | "ms" | "MiB" | "share";
  /** Whether less is better. */
  readonly lessIsBetter?: boolean;
  /** Records of a run. */
  readonly count: number;
  /** The programs, ours first. */
  readonly columns: readonly Column[];
  /** What is asked of ours. */
  readonly goals: readonly Goal[];
}

const PINO_MODES = [
  ["pino sync", 0.3],
  ["pino sync 4096", 0.5],
  ["pino sync 16000", 0.5],
  ["pino async", 0.3],
  ["pino async 4096", 0.3],
  ["pino async 16000", 0.3],
  ["pino transport", 0.3],
] as const;

const FILE_PEERS: readonly Column[] = [
  ...PINO_MODES.map(([program, share]): Column => ({
    program,
    kind: "peer",
    done: "written",
    share,
  })),
  { program: "winston file", kind: "peer", done: "written", share: 0.05 },
  { program: "LogTape file", kind: "peer", done: "written", share: 0.005 },
  { program: "LogTape file, non-blocking", kind: "peer", done: "written", share: 0.05 },
];

/** All rows. */
export const ROWS: readonly Row[] = [
  {
    id: "file",
    title: "log.info with two fields into a file",
    figure: "perSecond",
    unit: "records/s",
    count: 1_000_000,
    columns: [
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
    title: "log.info with two fields through a log on disk, sync always, into a file",
    figure: "perSecond",
    unit: "records/s",
    count: 1_000_000,
    columns: [
      { program: "ours pipeline", kind: "ours", done: "durable and delivered" },
      { program: "bare pipeline", kind: "floor", done: "durable and delivered" },
      ...FILE_PEERS,
    ],
    goals: [{ beside: "floor", atLeast: 0.5 }, {
      beside: "peers",
      atLeast: 2.5,
      on: { node: 4 },
    }],
  },
];
