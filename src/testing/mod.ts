/**
 * What tests of sinks, stores and programs that use logflume need: a clock that is moved by hand, and a
 * sink that keeps what it gets.
 *
 * @module
 */
export { type FakeClock, fakeClock } from "./fake_clock.ts";
export { batchOfLines, type RecordingSink, recordingSink, type Script } from "./recording_sink.ts";
