/**
 * A durable, back-pressured log pipeline that runs inside a Deno, Bun or Node program.
 *
 * Loggers write records; logflume accepts them without blocking, makes them durable in a write-ahead log,
 * delivers them to every sink at least once, and shows them live. This entry needs no file system; a log
 * on disk comes from `./storage/file`, the route of the live tail from `./hono`.
 *
 * @example
 * ```ts
 * import { openPipeline } from "@logflume/logflume";
 *
 * await using pipeline = await openPipeline();
 * const log = pipeline.logger("shop");
 * log.info("order placed", { order: 42, total: 99.5 });
 * ```
 *
 * @module
 */
export { type Buffer, createBuffer } from "./src/buffer/buffer.ts";
export type { BufferOptions } from "./src/buffer/buffer_options.ts";
export type {
  Drop,
  DropCounts,
  DropEpisode,
  DropListeners,
  LevelCounts,
  Overflow,
} from "./src/buffer/overflow.ts";
export { createRing, type Ring, type RingBounds } from "./src/buffer/ring.ts";
export type { RoomOptions } from "./src/buffer/waiters.ts";
export { type Clock, systemClock } from "./src/clock.ts";
export {
  type BreakerCalls,
  type BreakerChangeReason,
  type BreakerCounts,
  BreakerOpenError,
  type BreakerRegistry,
  type BreakerSnapshot,
  type BreakerState,
  type BreakerStateChange,
  type BreakerStats,
  type BreakerVerdict,
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type ConsecutiveRule,
  type CountRule,
  createBreakerRegistry,
  createCircuitBreaker,
  type CustomRule,
  type ExecuteOptions,
  type FailureShare,
  type ForcedHold,
  type ForcedState,
  type Permit,
  type RampOptions,
  RateLimitedError,
  type RegisteredBreakerOptions,
  type TimeRule,
  TooManyProbesError,
  type TripRule,
} from "./src/delivery/circuit_breaker.ts";
export type {
  DeadLetter,
  DeadLetterFailure,
  DeadLetterReason,
} from "./src/delivery/dead_letter.ts";
export type { DeadLetterError } from "./src/delivery/dead_letter_error.ts";
export type { DeadLetters, DeadLetterStats } from "./src/delivery/dead_letter_face.ts";
export type { DeadLetterFilter, DeadLetterListOptions } from "./src/delivery/dead_letter_filter.ts";
export {
  type DeadLetterEvictions,
  type DeadLetterLimits,
  DeadLettersFullError,
} from "./src/delivery/dead_letter_limits.ts";
export type {
  ReplayOptions,
  ReplayReport,
  ReplaySkips,
  Resend,
  ResendContext,
} from "./src/delivery/dead_letter_replay.ts";
export type { ImportReport, LetterLines } from "./src/delivery/dead_letter_transfer.ts";
export { type DeadLetterOptions, openDeadLetters } from "./src/delivery/dead_letters.ts";
export type { DurationStats } from "./src/delivery/durations.ts";
export type { BatchRule, LaneOrder } from "./src/delivery/lane_settings.ts";
export type { ClaimLimits } from "./src/delivery/batch_fill.ts";
export {
  createPool,
  type Pool,
  type PoolReport,
  type PoolWaitOptions,
} from "./src/delivery/pool.ts";
export {
  JobDroppedError,
  JobTimeoutError,
  PoolClosedError,
  PoolFullError,
} from "./src/delivery/pool_errors.ts";
export type { JobContext, JobKey, JobOptions, Work } from "./src/delivery/pool_job.ts";
export type { PoolSizeRange } from "./src/delivery/pool_limit.ts";
export type { PoolLeak, PoolOptions } from "./src/delivery/pool_options.ts";
export type {
  PoolDropEpisode,
  PoolDropListeners,
  PoolOverflow,
} from "./src/delivery/pool_overflow.ts";
export type { JobEnd, JobRefusal, PoolStats } from "./src/delivery/pool_stats.ts";
export type { WorkerState, WorkerStats } from "./src/delivery/pool_workers.ts";
export {
  type Backoff,
  backoff,
  type BackoffLimits,
  type BackoffOptions,
  type Backoffs,
  createRetryBudget,
  createRetrySchedule,
  type DecorrelatedOptions,
  type ExponentialOptions,
  type Jitter,
  retry,
  type RetryAfter,
  type RetryBudget,
  type RetryBudgetOptions,
  type RetryBudgetPlace,
  type RetryBudgetStats,
  type RetryContext,
  type RetryDecision,
  type RetryEvent,
  RetryExhaustedError,
  type RetryGiveUp,
  type RetryLimit,
  type RetryOptions,
  type RetryPark,
  RetryParkedError,
  type RetryRules,
  type RetrySchedule,
  type RetryStep,
  type RetryWait,
} from "./src/delivery/retry.ts";
export {
  BufferFullError,
  DamagedLogError,
  NotAcceptedError,
  RejectedError,
  type RejectedErrorOptions,
  RetryLaterError,
  type RetryLaterErrorOptions,
  SinkClosedError,
  SinkParkedError,
  StoreFailedError,
  StoreLockedError,
} from "./src/errors.ts";
export {
  createLogger,
  type LazyMessage,
  type Logger,
  type LogMessage,
  type LogMethod,
  type LogTarget,
} from "./src/logger.ts";
export { type Health, healthOf } from "./src/metrics/health.ts";
export type { StatsSource } from "./src/metrics/source.ts";
export type { LatencyBucket, LatencyStats } from "./src/metrics/histogram.ts";
export { openPipeline } from "./src/pipeline/open.ts";
export type { LaneOptions, LaneRetryOptions, LaneStart } from "./src/pipeline/lane_options.ts";
export type { AddLaneOptions, Lanes, RemoveLaneOptions } from "./src/pipeline/lanes.ts";
export type {
  PipelineBufferOptions,
  PipelineEvent,
  PipelineOptions,
  PipelinePoolOptions,
  PipelineWalOptions,
} from "./src/pipeline/options.ts";
export type {
  DrainReport,
  Pipeline,
  SubscribeFilter,
  Subscription,
  WaitOptions,
} from "./src/pipeline/pipeline.ts";
export type {
  HandlerStats,
  LaneState,
  LaneStats,
  PipelineLogStats,
  PipelineStats,
  PipelineTailStats,
  WorkerFigures,
} from "./src/pipeline/stats.ts";
export { type Level, LEVELS } from "./src/record/level.ts";
export type { Fields, LogRecord, RecordInput } from "./src/record/record.ts";
export type { LoggerScope, Origin } from "./src/record/scope.ts";
export type { JsonObject, JsonValue } from "./src/record/json_value.ts";
export { consoleSink, type ConsoleSinkOptions } from "./src/sink/console.ts";
export { contextSink, type ContextSinkOptions, type ContextTarget } from "./src/sink/context.ts";
export type {
  Batch,
  BatchSource,
  RejectedRecord,
  Sink,
  SinkContext,
  SinkLike,
  SinkOpening,
  SinkResult,
} from "./src/sink/sink.ts";
export { memoryStore } from "./src/storage/memory.ts";
export type {
  CursorRow,
  FileStore,
  InputMark,
  LogChunk,
  LogEntry,
  LogGap,
  LogNotice,
  LogProvider,
  LogRead,
  LogReader,
  LogSettings,
  LogStats,
  LogStore,
  SeqRun,
  StoreEntry,
  StoreFile,
  SyncPolicy,
} from "./src/storage/store.ts";
export { defaultTail } from "./src/tail/default_tail.ts";
export {
  type FieldOp,
  type FieldTest,
  FilterError,
  type FilterPattern,
  type TailFilter,
} from "./src/tail/filter.ts";
export { formatQuery, parseQuery, type ParseQueryOptions } from "./src/tail/query.ts";
export {
  createTail,
  type SeekBackOptions,
  type SeekProgress,
  type Tail,
  type TailBatch,
  type TailCursor,
  type TailFilterInput,
  type TailFrom,
  type TailGap,
  type TailGapReason,
  type TailHandler,
  type TailLines,
  type TailMatcher,
  type TailOptions,
  type TailRead,
  type TailReadableOptions,
  type TailStats,
  type TailSubscribeOptions,
  type TailSubscription,
} from "./src/tail/hub.ts";
export { openWal, type Wal, type WalOptions } from "./src/wal/wal.ts";
export type { DamagePolicy } from "./src/wal/damage.ts";
export {
  type AsideFile,
  type DamagedRange,
  type InspectedCursor,
  type InspectedLog,
  type InspectedSegment,
  inspectLog,
  type InspectOptions,
  readChunks,
  type ReadChunksOptions,
  readEntries,
  type ReadEntriesOptions,
  type ReadEntry,
  type TornTail,
  type VerifiedLog,
  verifyLog,
  type VerifyOptions,
} from "./src/wal/inspect.ts";
export type { LineFilter } from "./src/wal/inspect_filter.ts";
export { createWriter } from "./src/writer/create.ts";
export type { AppendOptions } from "./src/writer/intake.ts";
export type { ProcessContext, WriterDrop, WriterOptions } from "./src/writer/options.ts";
export type { WriterStats } from "./src/writer/stats.ts";
export type { StopOptions, StopReport, Writer } from "./src/writer/writer.ts";
