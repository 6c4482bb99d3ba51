import { assertTimeoutMs } from "../buffer/waiters.ts";
import { type Clock, systemClock } from "../clock.ts";
import { BufferFullError, messageOf } from "../errors.ts";
import type { DeadLetters } from "../delivery/dead_letters.ts";
import {
  type BreakerRegistry,
  createBreakerRegistry,
} from "../delivery/circuit_breaker_registry.ts";
import type { Lane } from "../delivery/lane.ts";
import { LaneWorkers } from "../delivery/lane_workers.ts";
import { pause } from "../delivery/pause.ts";
import { isolated } from "../isolated.ts";
import { createLogger, type Logger } from "../logger.ts";
import { onEndingSignal } from "../platform/exit.ts";
import { assertLevel, type Level, LEVEL_RANK } from "../record/level.ts";
import type { Fields, LogRecord, RecordInput } from "../record/record.ts";
import { consoleSink } from "../sink/console.ts";
import type { InputMark, LogStore } from "../storage/store.ts";
import { createTail, type Tail } from "../tail/hub.ts";
import { Drains, leftOver, lossAtLimit } from "./drain.ts";
import { figuresOf } from "./figures.ts";
import { Intake } from "./intake.ts";
import { Latencies } from "./latency.ts";
import { laneSettings } from "./lane_options.ts";
import { CLOSE_GRACE_MS, PipelineLanes } from "./open_lanes.ts";
import { Ledger } from "./ledger.ts";
import { type Logs, openLogs } from "./logs.ts";
import type { PipelineEvent, PipelineOptions } from "./options.ts";
import type {
  DrainReport,
  Pipeline,
  SubscribeFilter,
  Subscription,
  WaitOptions,
} from "./pipeline.ts";
import { RecordAges } from "./record_ages.ts";
import type { PipelineStats } from "./stats.ts";
import { resendTo } from "./resend.ts";
import { stderrVoice } from "./voice.ts";
import { Subscriptions } from "./subscriptions.ts";
import { waitFor } from "./wait.ts";

/** How long `close` waits for the sinks, unless told otherwise. */
const CLOSE_TIMEOUT_MS = 10_000;

/**
 * Opens a pipeline: recovers its log, opens its sinks where they stood, and takes records from then on.
 *
 * @throws {StoreLockedError} If another process holds the log
 * @throws {RangeError | TypeError} If an option is out of range or of the wrong kind
 *
 * @example
 * ```ts
 * import { openPipeline } from "@logflume/logflume";
 *
 * await using pipeline = await openPipeline({
 *   sinks: { list: (batch) => console.log(batch.lines()) },
 * });
 * const log = pipeline.logger("shop");
 * log.info("order placed", { order: 42, total: 99.5 });
 * ```
 */
export async function openPipeline(options: PipelineOptions = {}): Promise<Pipeline> {
  const clock = options.clock ?? systemClock;
  const listener = options.onEvent ?? stderrVoice(clock);
  const tell = isolated("onEvent", listener, ({ message }) => message);
  const settings = Object.entries(options.sinks ?? { console: consoleSink() }).map(
    ([name, sink]) => laneSettings(name, sink, options.wal !== undefined),
  );
  const logs = await openLogs(options, clock, tell);
  let pipeline: OpenPipeline;
  try {
    pipeline = new OpenPipeline(options, logs, clock, tell);
  } catch (error) {
    await logs.letters.close();
    await logs.log.close();
    throw error;
  }
  try {
    for (const lane of settings) await pipeline.lanes.open(lane);
  } catch (error) {
    await pipeline.close({ timeoutMs: 0 });
    throw error;
  }
  await pipeline.begin();
  return pipeline;
}

class OpenPipeline implements Pipeline {
  readonly tail: Tail;
  readonly deadLetters: DeadLetters;
  readonly writable: WritableStream<RecordInput | string>;
  readonly #log: LogStore;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #tell: (event: PipelineEvent) => void;
  readonly #intake: Intake;
  readonly #ledger: Ledger;
  readonly #workers: LaneWorkers;
  readonly #latencies: Latencies;
  readonly #ages: RecordAges;
  readonly #subscriptions: Subscriptions;
  readonly lanes: PipelineLanes;
  readonly breakers: BreakerRegistry = createBreakerRegistry();
  readonly #lanes: readonly Lane[];
  readonly #drains: Drains;
  readonly #withdraw: (() => void)[] = [];
  #closing: Promise<DrainReport> | undefined;

  constructor(
    options: PipelineOptions,
    { log, letters, replayThrough, onExit }: Logs,
    clock: Clock,
    tell: (event: PipelineEvent) => void,
  ) {
    const level = options.level ?? "trace";
    assertLevel(level);
    this.#log = log;
    this.#clock = clock;
    this.#random = options.random ?? Math.random;
    this.#tell = tell;
    this.deadLetters = letters;
    this.#latencies = new Latencies(clock);
    this.#ages = new RecordAges(clock.monotonic());
    this.#subscriptions = new Subscriptions(
      log,
      clock,
      (kind, message) => tell({ kind, message }),
    );
    this.#ledger = new Ledger({
      log,
      clock,
      lanes: () => this.#lanes,
      onLimit: options.wal?.onLimit ?? "drop",
      trimmed: () => this.#intake.pump.kick(),
      tell: (kind, message, lane) =>
        tell({ kind, message, ...(lane === undefined ? {} : { lane }) }),
    });
    const { max = 8, min = max } = options.pool ?? {};
    this.#workers = new LaneWorkers({ min, max }, clock, this.#random);
    this.lanes = this.#makeLanes(options);
    this.#lanes = this.lanes.all;
    replayThrough(resendTo(this.#lanes, this.#ledger));
    this.#intake = this.#makeIntake(options, level);
    this.#drains = new Drains({
      log,
      clock,
      lanes: this.#lanes,
      staged: () => this.#intake.pump.staged(),
    });
    this.tail = createTail({
      ...options.tail,
      run: log.run,
      nextSeq: log.nextSeq,
      history: (fromSeq) => log.reader(fromSeq),
      oldestSeq: () => log.firstSeq,
      clock,
    });
    this.writable = this.#makeWritable();
    this.#withdraw.push(onExit(() => this.#spill()));
    if (options.handleSignals) this.#withdraw.push(onEndingSignal(() => this.#spill()));
  }

  /** Everything is open: stores where the lanes stand, and begins to deliver. */
  async begin(): Promise<void> {
    this.#ledger.tellOrphans();
    // A new lane's place must be durable before the first record it owes, and what the cursors tell of
    // earlier deliveries as durable as they are.
    try {
      await this.#ledger.sync();
    } catch (error) {
      const message = `Cannot make the cursors durable: ${messageOf(error)}; ` +
        `after a crash records may be sent again`;
      this.#tell({ kind: "write-failed", message });
    }
    this.#withdraw.push(this.#log.onWritten((chunk) => {
      this.tail.push(chunk);
      this.#wakeReaders(chunk.bytes.length);
    }));
    this.#wakeReaders(0);
  }

  #wakeReaders(bytes: number): void {
    for (const lane of this.#lanes) lane.wrote(bytes);
    this.#subscriptions.notify();
  }

  #settled(bytes: number): void {
    this.#ledger.settled(bytes);
    this.#drains.changed();
  }

  /** The process is ending: what can be done at once is done. Never final: it may go on. */
  #spill(): void {
    this.#intake.pump.end();
    if (this.#log.acknowledges === "memory") { for (const lane of this.#lanes) lane.spillSync(); }
    this.#ledger.save();
  }

  logger(name?: string, fields?: Fields): Logger {
    return createLogger(this.#intake, name, fields);
  }

  write(record: RecordInput | string | Uint8Array, mark?: InputMark): boolean {
    return this.#intake.write(record, mark);
  }

  async append(record: RecordInput | string, options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    if (!await this.#intake.writeWhenReady(record, options)) {
      throw new BufferFullError("The buffer is full and its policy dropped the record");
    }
    await waitFor(this.durable(), options.signal);
  }

  async durable(): Promise<void> {
    // A disk that refuses is asked again by a timer, which alone keeps no process alive.
    const release = this.#clock.hold();
    try {
      await this.#intake.pump.staged();
      await this.#log.sync();
    } finally {
      release();
    }
  }

  get ready(): Promise<void> {
    return this.#intake.ready;
  }

  #makeLanes({ wal }: PipelineOptions): PipelineLanes {
    return new PipelineLanes({
      log: this.#log,
      ledger: this.#ledger,
      breakers: this.breakers,
      workers: this.#workers,
      deadLetters: this.deadLetters,
      clock: this.#clock,
      random: this.#random,
      isDurable: wal !== undefined,
      buffered: () => this.#intake.buffered,
      ageMs: (seq) => this.#clock.monotonic() - this.#ages.acceptedMs(seq),
      pump: () => this.#intake.pump.run(),
      settled: (lane, bytes) => {
        this.#latencies.settled(lane);
        this.#settled(bytes);
      },
      changed: () => this.#drains.changed(),
      removed: (lane) => this.#latencies.forget(lane),
      tell: this.#tell,
    });
  }

  #makeIntake(options: PipelineOptions, level: Level): Intake {
    const { transform, maxRecordBytes } = options;
    const buffer = options.buffer ?? {};
    return new Intake(
      { level, transform, maxRecordBytes, buffer, random: this.#random },
      {
        log: this.#log,
        clock: this.#clock,
        relieve: () => this.#ledger.relieve(),
        spill: () => this.#spill(),
        bufferFull: (message) => this.#tell({ kind: "buffer-full", message }),
        transformFailed: (error) => {
          const message = `The transform threw, the record is withheld: ${messageOf(error)}`;
          this.#tell({ kind: "transform-failed", message });
        },
        numbered: (seq, sinceMs) => {
          this.#latencies.numbered(seq, sinceMs, this.#lanes);
          this.#ages.note(seq, sinceMs, this.#lanes);
        },
        durable: (sinceMs) => this.#latencies.durable(sinceMs),
      },
    );
  }

  #makeWritable(): WritableStream<RecordInput | string> {
    return new WritableStream({
      write: async (record) => {
        await this.#intake.writeWhenReady(record);
        const release = this.#clock.hold();
        await this.#intake.ready.finally(release);
      },
    });
  }

  subscribe(
    filter: SubscribeFilter,
    fn: (record: LogRecord) => void | Promise<void>,
  ): Subscription {
    // Records accepted before the call are not the subscriber's.
    this.#intake.pump.run();
    return this.#subscriptions.add(filter, fn);
  }

  inputMark(file: string): InputMark | undefined {
    return this.#log.inputs.get(file);
  }

  inputMarks(): readonly InputMark[] {
    return [...this.#log.inputs.values()];
  }

  start(): void {
    if (this.#closing !== undefined) throw new Error("The pipeline is closed: open a new one");
    if (this.running) throw new Error("The pipeline is running already");
    this.#intake.running = true;
  }

  async stop(): Promise<void> {
    this.#intake.stop();
    await this.durable();
  }

  get running(): boolean {
    return this.#intake.running;
  }

  setLevel(level: Level): void {
    assertLevel(level);
    this.#intake.threshold = LEVEL_RANK[level];
  }

  async drain(options: WaitOptions = {}): Promise<DrainReport> {
    assertTimeoutMs(options.timeoutMs);
    return await this.#drains.drain(options);
  }

  close(options: WaitOptions = {}): Promise<DrainReport> {
    const { timeoutMs = CLOSE_TIMEOUT_MS } = options;
    try {
      assertTimeoutMs(timeoutMs);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#closing ??= this.#close({ ...options, timeoutMs });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(() => {});
  }

  async #close(options: WaitOptions): Promise<DrainReport> {
    const release = this.#clock.hold();
    this.lanes.refuse();
    this.#intake.stop();
    let report: DrainReport;
    try {
      report = await this.drain(options);
      await this.#subscriptions.close(pause(CLOSE_GRACE_MS, this.#clock));
      await this.lanes.close();
      // Whoever still waits for a drain learns that nothing more is settled.
      this.#settled(0);
      await this.#ledger.sync().then(() => this.#ledger.trim(), (error) => {
        const message = `Cannot sync the cursors: ${messageOf(error)}`;
        this.#tell({ kind: "write-failed", message });
      });
    } finally {
      await this.#giveBack();
      release();
    }
    // A delivery that ended in its grace counts, and what the log's last write took.
    return { ...report, ...leftOver(this.#lanes, this.#log) };
  }

  async #giveBack(): Promise<void> {
    this.#intake.close();
    const loss = lossAtLimit(this.#log, this.#intake.buffered.waiting);
    if (loss !== undefined) this.#tell(loss);
    this.#ledger.stop();
    for (const withdraw of this.#withdraw) withdraw();
    this.tail.close();
    await this.deadLetters.close();
    await this.#log.close();
  }

  stats(): PipelineStats {
    return figuresOf({
      log: this.#log,
      intake: this.#intake,
      isClosing: this.#closing !== undefined,
      lanes: this.#lanes,
      workers: this.#workers,
      latencies: this.#latencies,
      deadLetters: this.deadLetters,
      subscriptions: this.#subscriptions,
      tail: this.tail,
    });
  }
}
