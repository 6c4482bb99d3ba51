/** The bounds within which WebSocket clients are served. Every one has a default. */
export interface TailLimits {
  /**
   * Records gather for so long before they are sent together; 50 ms, and less has no effect, since the
   * tail itself wakes its readers no more often.
   */
  readonly flushMs: number;
  /** The most bytes of log in one batch; 128 KiB. A longer record is a batch of its own. */
  readonly flushBytes: number;
  /** The most records in one batch; 1,000. */
  readonly flushRecords: number;
  /** Bytes waiting in a socket above which nothing more is sent; 256 KiB. */
  readonly highMarkBytes: number;
  /** Bytes waiting in a socket below which sending goes on; 64 KiB. */
  readonly lowMarkBytes: number;
  /** Characters sent and not acknowledged at which sending stops; 1 MiB. Protocol only. */
  readonly windowBytes: number;
  /** Records sent and not acknowledged at which sending stops; 5,000. Protocol only. */
  readonly windowRecords: number;
  /** A live client that is more records behind than this is slow; 10,000. */
  readonly skipRecords: number;
  /** A live client that is behind for longer than this is slow; 5 s. */
  readonly skipMs: number;
  /** What a slow client that was moved on still gets of the past; 500 records. */
  readonly keepRecords: number;
  /** A client that has news waiting and takes none for so long is given up; 10 s. */
  readonly stallMs: number;
  /** The most records a second that a client gets that asked for a sample; 500. */
  readonly sampleRecords: number;
  /** The time between heartbeats; 15 s, below the idle limit of every runtime. */
  readonly heartbeatMs: number;
  /** The time between heartbeats while a client is behind; 1 s. */
  readonly lagHeartbeatMs: number;
  /** How long a client of the protocol may take to say what it wants; 5 s. */
  readonly firstMessageMs: number;
  /** The longest message of a client; 4 KiB. */
  readonly messageBytes: number;
  /** The most messages a second of a client, useful acknowledgements not counted; 20. */
  readonly messagesPerSecond: number;
  /** A longer line is cut and says so; 16 KiB. */
  readonly lineBytes: number;
}

const KiB = 1024;

/** Each bound: its default and the least and most that it may be. */
const BOUNDS: {
  readonly [K in keyof TailLimits]: readonly [value: number, min: number, max: number];
} = {
  flushMs: [50, 1, 10_000],
  flushBytes: [128 * KiB, 1 * KiB, 1024 * KiB],
  flushRecords: [1_000, 1, 100_000],
  highMarkBytes: [256 * KiB, 1 * KiB, 1024 * 1024 * KiB],
  lowMarkBytes: [64 * KiB, 0, 1024 * 1024 * KiB],
  windowBytes: [1024 * KiB, 1 * KiB, 1024 * 1024 * KiB],
  windowRecords: [5_000, 1, 10_000_000],
  skipRecords: [10_000, 1, 1_000_000_000],
  skipMs: [5_000, 100, 86_400_000],
  keepRecords: [500, 0, 1_000_000_000],
  stallMs: [10_000, 100, 86_400_000],
  sampleRecords: [500, 1, 100_000],
  heartbeatMs: [15_000, 100, 3_600_000],
  lagHeartbeatMs: [1_000, 100, 3_600_000],
  firstMessageMs: [5_000, 100, 3_600_000],
  messageBytes: [4 * KiB, 128, 64 * KiB],
  messagesPerSecond: [20, 1, 100_000],
  lineBytes: [16 * KiB, 256, 1024 * KiB],
};

/** The names of all bounds. */
export const TAIL_LIMIT_NAMES: readonly (keyof TailLimits)[] = Object.keys(
  BOUNDS,
) as (keyof TailLimits)[];

/**
 * Fills in what is not given, and checks all of it.
 *
 * @throws {RangeError} If a bound is unknown, is not an integer in its range, or two contradict each other
 */
export function tailLimits(given: Partial<TailLimits> = {}): TailLimits {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(BOUNDS, name)) continue;
    throw new RangeError(
      `Unknown limit "${name}" of a tail: use one of ${TAIL_LIMIT_NAMES.join(", ")}`,
    );
  }
  const limits = Object.fromEntries(
    TAIL_LIMIT_NAMES.map((name) => [name, boundOf(name, given[name])]),
  );
  return assertOrder(limits as unknown as TailLimits);
}

function boundOf(name: keyof TailLimits, given: number | undefined): number {
  const [value, min, max] = BOUNDS[name];
  const bound = given ?? value;
  if (Number.isInteger(bound) && bound >= min && bound <= max) return bound;
  throw new RangeError(
    `Invalid ${name} ${bound} of a tail: use an integer from ${min} to ${max} (${value} unless given)`,
  );
}

function assertOrder(limits: TailLimits): TailLimits {
  const { lowMarkBytes, highMarkBytes, keepRecords, skipRecords } = limits;
  if (lowMarkBytes > highMarkBytes) {
    throw new RangeError(
      `Invalid lowMarkBytes ${lowMarkBytes} of a tail: use at most highMarkBytes, ${highMarkBytes}`,
    );
  }
  if (keepRecords > skipRecords) {
    throw new RangeError(
      `Invalid keepRecords ${keepRecords} of a tail: use at most skipRecords, ${skipRecords}`,
    );
  }
  return limits;
}
