/**
 * What tests of sinks, stores and programs that use logflume need: a clock that is moved by hand, a sink
 * that keeps what it gets, a disk that fails as disks do, and what must hold of every store.
 *
 * @module
 */
export { type FakeClock, fakeClock } from "./fake_clock.ts";
export { batchOfLines, type RecordingSink, recordingSink, type Script } from "./recording_sink.ts";
export { simulatedDisk } from "./simulated_disk.ts";
export type { CrashKind, SimulatedDisk, SimulatedDiskOptions } from "./simulated_disk_face.ts";
export type { DiskCall, DiskFault } from "./simulated_disk_faults.ts";
export type { PowerCutManner } from "./simulated_disk_power.ts";
export { overFiles, type StoreCase, storeSuite, type StoreUnderTest } from "./store_suite.ts";
export { fileStoreSuite, type FileStoreUnderTest } from "./store_suite_files.ts";
