/**
 * What tests of sinks, stores and programs that use logflume need: a clock that is moved by hand, a sink
 * that keeps what it gets, and a disk that fails as disks do.
 *
 * @module
 */
export { type FakeClock, fakeClock } from "./fake_clock.ts";
export { batchOfLines, type RecordingSink, recordingSink, type Script } from "./recording_sink.ts";
export {
  type CrashKind,
  type SimulatedDisk,
  simulatedDisk,
  type SimulatedDiskOptions,
} from "./simulated_disk.ts";
export type { DiskCall, DiskFault } from "./simulated_disk_faults.ts";
export type { PowerCutManner } from "./simulated_disk_power.ts";
