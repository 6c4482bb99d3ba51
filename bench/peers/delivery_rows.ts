/** The rows about delivery: breaker, retry, pool and lanes, each beside what others offer for the same. */
import type { Column, Figure, Goal, Row } from "./rows.ts";

const EACH: Figure = { name: "ns", unit: "ns", title: "a call", lessIsBetter: true };
const GUARDED: readonly [Figure, Figure] = [
  EACH,
  { name: "overNs", unit: "ns", title: "over a bare await", lessIsBetter: true },
];
const WORKED = "an async no-op was called and awaited";
const SETTLED = "every job has run and settled";

function ours(program: string, done: string): Column {
  return { program, kind: "ours", done };
}

function peer(program: string, done: string): Column {
  return { program, kind: "peer", done };
}

function beside(program: string, atMost: number): Goal {
  return { beside: { program }, atMost };
}

const BARE: Column = { program: "bare await", kind: "floor", done: WORKED };

/** All rows about delivery. */
export const DELIVERY_ROWS: readonly Row[] = [
  {
    id: "permit",
    title: "Circuit breaker: allow and success",
    figures: [EACH],
    count: 20_000_000,
    columns: [ours("ours permit", "counted")],
    goals: [{ beside: "nothing", atMost: 50 }],
  },
  {
    id: "execute",
    title: "Circuit breaker around an async no-op",
    figures: GUARDED,
    count: 1_000_000,
    columns: [
      ours("ours execute", WORKED),
      BARE,
      peer("cockatiel breaker", WORKED),
      peer("opossum", WORKED),
    ],
    goals: [
      beside("cockatiel breaker", 1),
      { beside: "nothing", figure: "overNs", atMost: 150 },
    ],
  },
  {
    id: "retry",
    title: "Retry around an async no-op, which never fails",
    figures: GUARDED,
    count: 1_000_000,
    columns: [
      ours("ours retry", WORKED),
      BARE,
      peer("p-retry", WORKED),
      peer("cockatiel retry", WORKED),
    ],
    goals: [beside("p-retry", 1)],
  },
  {
    id: "pool",
    title: "Eight workers, an async no-op: 1,000 jobs handed over, then all awaited",
    figures: [EACH],
    count: 1_000_000,
    columns: [
      ours("ours submit", SETTLED),
      peer("p-queue", SETTLED),
      peer("fastq promise", SETTLED),
      ours("ours submit with a timeout", SETTLED),
      ours("ours post", SETTLED),
    ],
    goals: [
      beside("p-queue", 1),
      beside("fastq promise", 1.5),
      { beside: "nothing", atMost: 600 },
    ],
  },
  {
    id: "lanes",
    title: "50,000 records a second on one log with lanes whose sinks do nothing",
    figures: [
      { name: "callP50", unit: "ns", title: "info call, p50", lessIsBetter: true },
      { name: "callP99", unit: "ns", title: "info call, p99", lessIsBetter: true },
      { name: "acceptedShare", unit: "ratio", title: "accepted of offered" },
      { name: "cpuShare", unit: "ratio", title: "CPU of one core", lessIsBetter: true },
      { name: "laneNs", unit: "ns", title: "CPU a record and lane", lessIsBetter: true },
    ],
    count: 250_000,
    columns: [
      ours("ours 64 lanes", "delivered by every lane"),
      { program: "ours 1 lane", kind: "floor", done: "delivered" },
    ],
    goals: [
      { beside: "floor", atMost: 1.2 },
      { beside: "nothing", figure: "acceptedShare", atLeast: 1 },
    ],
  },
  {
    id: "batches",
    title: "log.info through a log on disk into one lane whose sink does nothing",
    figures: [
      { name: "perSecond", unit: "records/s", title: "records a second" },
      { name: "cpuNs", unit: "ns", title: "CPU a record, all threads", lessIsBetter: true },
    ],
    count: 300_000,
    columns: [
      ours("ours batches of 10", "delivered, 10 records a call"),
      ours("ours batches of 10, promised", "the same, the sink answers with a promise"),
      ours("ours batches of 1000", "delivered, up to 1,000 records a call"),
    ],
    goals: [],
  },
];
