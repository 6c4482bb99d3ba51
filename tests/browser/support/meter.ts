/** Measures a page while it works: what it writes into its document, its frames, its time, its memory. */
import type { CDPSession, Page } from "playwright-core";

/** What a page did between two looks. */
export interface Measured {
  /** Frames in which the list was written more than once. */
  readonly rewritten: number;
  /** The most row nodes there were at once. */
  readonly mostRows: number;
  readonly frames: number;
  /** Tasks of more than 50 ms, the longest last. */
  readonly longTasks: readonly number[];
  /**
   * Milliseconds from a record's time, when the server had it, to the end of the first frame that shows it
   * or one behind it: a tenth of the records, since those of one frame lie evenly between two times.
   */
  readonly toScreenMs: readonly number[];
  readonly seconds: number;
  /** Script time of the main thread. */
  readonly scriptMs: number;
}

/**
 * Put into the page before its own script: counts writes to the list, frames and long tasks, and reads
 * from the last row how old it is when its frame is over. A message to itself is the first task after a
 * frame.
 */
const COUNTERS = `
  const none = () => ({ rewritten: 0, mostRows: 0, frames: 0, longTasks: [], toScreenMs: [] });
  const meter = globalThis.meter = none();
  meter.take = () => { const taken = { ...meter }; Object.assign(meter, none()); return taken; };
  let now = 0, wrote = -1, newest = NaN;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data: time }) => {
    const midnight = new Date().setHours(0, 0, 0, 0);
    const step = (time - newest) / 10;
    for (let at = newest + step / 2; at < time; at += step) {
      meter.toScreenMs.push(Date.now() - midnight - at);
    }
    newest = time;
  };
  const timeOf = (row) => {
    const [, h, m, s] = /^(\\d+):(\\d+):([\\d.]+)$/.exec(row?.querySelector(".time")?.textContent) ?? [];
    return ((h * 60 + +m) * 60 + +s) * 1000;
  };
  const frame = () => { now++; meter.frames++; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) meter.longTasks.push(Math.round(duration));
  }).observe({ entryTypes: ["longtask"] });
  const watch = (layer) => {
    new MutationObserver((changes) => {
      meter.mostRows = Math.max(meter.mostRows, layer.childElementCount);
      if (!changes.some(({ type }) => type === "childList" || type === "characterData")) return;
      if (wrote === now) meter.rewritten++;
      wrote = now;
      port2.postMessage(timeOf(layer.lastElementChild));
    }).observe(layer, { childList: true, subtree: true, characterData: true });
  };
  new MutationObserver((_changes, self) => {
    const layer = document.querySelector(".layer");
    if (layer !== null) { self.disconnect(); watch(layer); }
  }).observe(document, { childList: true, subtree: true });
`;

/** Reads the counters of one page. */
export interface Meter {
  /** What happened since the last call. */
  measure(): Promise<Measured>;
  /** Bytes of live objects: of the page's thread, and of its Worker. */
  heap(): Promise<{ readonly page: number; readonly worker: number }>;
}

/** Gets a page ready to be measured, before it goes anywhere. */
export async function meterOf(page: Page): Promise<Meter> {
  await page.addInitScript(COUNTERS);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  let last = await metrics(session);
  return {
    async measure() {
      const { longTasks, toScreenMs, ...counted } = await page.evaluate("meter.take()") as Omit<
        Measured,
        "seconds" | "scriptMs"
      >;
      const [before, now] = [last, await metrics(session)];
      last = now;
      return {
        ...counted,
        longTasks: longTasks.toSorted((a, b) => a - b),
        toScreenMs: toScreenMs.toSorted((a, b) => a - b),
        seconds: now.Timestamp! - before.Timestamp!,
        scriptMs: (now.ScriptDuration! - before.ScriptDuration!) * 1_000,
      };
    },
    heap: async () => ({ page: await heapOf(session), worker: await workerHeap(session) }),
  };
}

async function metrics(session: CDPSession): Promise<Record<string, number>> {
  const answer = await session.send("Performance.getMetrics");
  return Object.fromEntries(answer.metrics.map(({ name, value }) => [name, value]));
}

async function heapOf(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  return (await session.send("Runtime.getHeapUsage")).usedSize;
}

/** The Worker is asked through the page's session, which wraps what is said. */
async function workerHeap(session: CDPSession): Promise<number> {
  const attached = new Promise<string>((resolve) =>
    session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => {
      if (targetInfo.type === "worker") resolve(sessionId);
    })
  );
  await session.send("Target.setAutoAttach", {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });
  const sessionId = await attached;
  const ask = (id: number, method: string) =>
    new Promise<{ usedSize: number }>((resolve) => {
      session.on("Target.receivedMessageFromTarget", ({ message }) => {
        const answer = JSON.parse(message);
        if (answer.id === id) resolve(answer.result);
      });
      void session.send("Target.sendMessageToTarget", {
        sessionId,
        message: JSON.stringify({ id, method }),
      });
    });
  await ask(1, "HeapProfiler.collectGarbage");
  return (await ask(2, "Runtime.getHeapUsage")).usedSize;
}
