/** What the programs of the tail's bench say to each other: a JSON object a line. */

/** How the server sends. */
export type Way = "ours" | "frame" | "plain";

/** Has the server write. */
export interface Go {
  /** Lines a second. */
  readonly rate: number;
  /** For how long. */
  readonly seconds: number;
  /** For how long before, so that all code has run often. */
  readonly warmUpSeconds: number;
}

/** What the server measured. */
export interface ServerReport {
  /** Lines a second that were accepted, by the clock of the writer. */
  readonly acceptedPerSecond: number;
  /** The median time, while measured, of a call of `write`, in nanoseconds. */
  readonly callNs: number;
  /** How late the latest line was written, in milliseconds. */
  readonly latestMs: number;
  /** Seconds of the processor, from the end of the warm-up until the clients have the last line. */
  readonly cpuSeconds: number;
  /** By how much memory in use rose, in MiB, from all clients being there on. */
  readonly rssRiseMiB: number;
  /** Memory in use at most, in MiB. */
  readonly rssMiB: number;
}

/** The clients that one process plays. */
export interface Crowd {
  /** The port of the server. */
  readonly port: number;
  /** How the server sends. */
  readonly way: Way;
  /** Lines of the warm-up, whose latencies do not count. */
  readonly warmUpLines: number;
  /** Clients that read as fast as they can. */
  readonly healthy: number;
  /** Clients that read 64 KiB a second until all is written. */
  readonly slow: number;
  /** Clients that never read. */
  readonly dead: number;
}

/** What the clients saw. */
export interface ClientReport {
  /** The part of all lines that the healthy clients got. */
  readonly share: number;
  /** Milliseconds from the moment a line was due until a healthy client had it: the median. */
  readonly p50Ms: number;
  /** The same: of a hundred, 99 were faster. */
  readonly p99Ms: number;
  /** Lines that came twice, or out of order. */
  readonly wrong: number;
  /** Lines that slow clients missed, found by their numbers. */
  readonly missed: number;
  /** Lines that slow clients were told they missed. */
  readonly declared: number;
  /** Clients, healthy or slow, that missed others than they were told. */
  readonly dishonest: number;
  /** Healthy or slow clients that the server closed. */
  readonly closed: number;
}
