/**
 * The process that the crash test kills: appends numbered records to a pipeline, says which of them were
 * acknowledged as durable, and marks on standard output where it is, so that the test knows in the
 * middle of what a kill landed.
 *
 * Lines: `opened`; `taking N` before the records up to N are offered; `ack N` when they are durable;
 * `in PLACE` and `out PLACE` around a change of the disk, `in PLACE held` when it stands still there.
 */
import * as fs from "node:fs";
import process from "node:process";
import {
  type Batch,
  type FileStore,
  openPipeline,
  type Pipeline,
  type StoreFile,
} from "../../mod.ts";
import { fileSink } from "../../src/sink/file.ts";
import { fileStore } from "../../src/storage/file.ts";
import { say, scriptArgument, standStill } from "./spawn.ts";

/** What a kill can land in. Before the pipeline is open, everything is `opening`. */
export type Place = "rotation" | "trim" | "cursor" | "append" | "opening";

/** Where the process stands still and waits for its end. */
export interface Hold {
  readonly place: Place;
  /** 1 for the first time that it comes there. */
  readonly nth: number;
  /** Before the change, after one half of its bytes, or after it. */
  readonly at: "before" | "half" | "after";
}

/** What the process is to do. */
export interface CrashTask {
  /** The folder of the log. */
  readonly data: string;
  /** The file of the file sink. */
  readonly file: string;
  /** The file of the sink without a checkpoint, one a run; a row holds milliseconds and number. */
  readonly plain: string;
  /** The number of the first record. */
  readonly from: number;
  /** The most records offered at a time. */
  readonly burst: number;
  /** The most records in a batch of a sink. */
  readonly batch: number;
  /** Record `n` carries the first `n % pad.length` characters, so that lines have many lengths. */
  readonly pad: string;
  readonly hold?: Hold;
  /** Ends by itself after this many records; without it, goes on until killed. */
  readonly count?: number;
}

/** Marks one change of the disk on standard output. */
interface Step {
  /** Stands still here if it is the place and the moment to. */
  at(moment: Hold["at"]): void;
  /** Whether to change one half of the bytes, and then stand still for ever. */
  readonly halves: boolean;
  /** The change is made. */
  done(): void;
}

class Marks {
  readonly #hold: Hold | undefined;
  readonly #seen = new Map<Place, number>();
  isOpen = false;

  constructor(hold: Hold | undefined) {
    this.#hold = hold;
  }

  begin(kind: Place): Step {
    const place = this.isOpen ? kind : "opening";
    const nth = (this.#seen.get(place) ?? 0) + 1;
    this.#seen.set(place, nth);
    const hold = this.#hold?.place === place && this.#hold.nth === nth ? this.#hold : undefined;
    // Appends are too many to tell of each.
    const told = place !== "append" || hold !== undefined;
    if (told) say(`in ${place}`);
    const at = (moment: Hold["at"]): void => {
      // What has no halves (a removal) ends with the moment after it.
      if (hold?.at === moment || (hold !== undefined && moment === "after")) holdStill(place);
    };
    at("before");
    return {
      at,
      halves: hold?.at === "half",
      done() {
        at("after");
        if (told) say(`out ${place}`);
      },
    };
  }
}

function holdStill(place: Place): void {
  say(`in ${place} held`);
  standStill(30_000);
  console.error("Nobody killed the process that waited for it");
  process.exit(9);
}

/** A store that marks what it does. */
function markedStore(store: FileStore, marks: Marks): FileStore {
  return {
    ...store,
    createSync(name) {
      if (!name.endsWith(".ndjson")) return markedFile(store.createSync(name), marks);
      const step = marks.begin("rotation");
      return markedFile(store.createSync(name), marks, step);
    },
    openFile: async (name, access) => markedFile(await store.openFile(name, access), marks),
    async remove(name) {
      const step = marks.begin("trim");
      try {
        await store.remove(name);
      } finally {
        step.done();
      }
    },
  };
}

/** A file that marks its writes; `rotation` ends with the first one, which is the segment's header. */
function markedFile(file: StoreFile, marks: Marks, rotation?: Step): StoreFile {
  let header = rotation;
  return {
    name: file.name,
    get size() {
      return file.size;
    },
    writeSync(bytes) {
      const step = header ?? marks.begin("append");
      header = undefined;
      if (step.halves) {
        file.writeSync(bytes.subarray(0, bytes.length >> 1));
        step.at("half");
      }
      const taken = file.writeSync(bytes);
      step.done();
      return taken;
    },
    writeAtSync(bytes, offset) {
      const step = marks.begin("cursor");
      if (step.halves) {
        file.writeAtSync(bytes.subarray(0, bytes.length >> 1), offset);
        step.at("half");
      }
      file.writeAtSync(bytes, offset);
      step.done();
    },
    read: (into, offset) => file.read(into, offset),
    sync: () => file.sync(),
    truncate: (size) => file.truncate(size),
    close: () => file.close(),
  };
}

/** A sink as a user would write it in a minute: appends, and knows nothing of checkpoints. */
function plainSink({ plain }: CrashTask): (batch: Batch) => void {
  return (batch) => {
    const ms = Math.floor(performance.now());
    const rows = batch.records().map((record) => `${ms} ${record.msg}\n`);
    fs.appendFileSync(plain, rows.join(""));
  };
}

async function openCrashPipeline(task: CrashTask, marks: Marks): Promise<Pipeline> {
  const pipeline = await openPipeline({
    wal: {
      store: markedStore(fileStore(task.data), marks),
      segmentBytes: 64 * 1024,
      retain: 0,
      maxSegments: 1_000_000,
    },
    sinks: {
      file: { sink: fileSink({ path: task.file }), batch: { maxRecords: task.batch } },
      plain: { sink: plainSink(task), batch: { maxRecords: task.batch } },
    },
    onEvent: ({ kind, message }) => console.error(`${kind}: ${message}`),
  });
  marks.isOpen = true;
  say("opened");
  return pipeline;
}

/** Offers records from `from` on, in bursts that each are acknowledged, up to `count` of them. */
async function append(pipeline: Pipeline, task: CrashTask): Promise<void> {
  const { from, burst, pad, count = Infinity } = task;
  for (let n = from; n < from + count;) {
    const end = Math.min(n + 1 + (n % burst), from + count);
    say(`taking ${end - 1}`);
    for (; n < end; n++) {
      const fields = { pad: pad.slice(0, n % pad.length) };
      if (!pipeline.write({ level: "info", msg: String(n), fields })) {
        throw new Error(`Record ${n} was refused`);
      }
    }
    await pipeline.durable();
    say(`ack ${end - 1}`);
  }
}

async function main(task: CrashTask): Promise<void> {
  const pipeline = await openCrashPipeline(task, new Marks(task.hold));
  await append(pipeline, task);
  await pipeline.drain();
  say(`stats ${JSON.stringify(pipeline.stats())}`);
  const { drained, onDisk, lost } = await pipeline.close();
  say(`closed ${JSON.stringify({ drained, onDisk, lost })}`);
}

await main(scriptArgument() as CrashTask);
