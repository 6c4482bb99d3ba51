/** A sink that answers by a script, for cases kept as data. */
import {
  type Batch,
  BreakerOpenError,
  RejectedError,
  type Sink,
  SinkClosedError,
  type SinkContext,
  type SinkResult,
} from "../../mod.ts";
import { parseRetryAfter } from "../../src/delivery/retry.ts";
import type { FakeClock } from "../../src/testing/fake_clock.ts";

/**
 * What a sink answers:
 *
 * - `ok`, `fail` (an error), `reject` (one that is final), `gone` (the destination has ended)
 * - a status of HTTP, with what its header `Retry-After` says: `503`, `429 2`
 * - `slow 200`, `slow 200 reject`: `ok` or another answer, after so many milliseconds, whatever its
 *   signal says
 * - `hang`: never, until a step `end` ends it; `heed`: never, but it ends with its signal; `heed gone`: the
 *   same, and its destination has ended
 * - `partial`: all but the records of `retry`, `reject` and `tooLarge`, by their messages, and a status why
 * - `openForMs`: the refusal of a breaker that the sink has inside
 * - `poison`: as `ok`, but a batch that holds one of these records is refused whole
 * - `stuck`: the same with an error that may pass
 */
export type Answer =
  | string
  | {
    readonly partial: {
      readonly retry?: readonly string[];
      readonly reject?: readonly string[];
      readonly tooLarge?: readonly string[];
      readonly status?: number;
    };
  }
  | { readonly openForMs: number }
  | { readonly poison: readonly string[] }
  | { readonly stuck: readonly string[] };

/** A sink under test. */
export interface ScriptedSink extends Sink {
  /** Answers of the next calls, one each; the last one answers all that follow. */
  script(answers: readonly Answer[]): void;
  /** The messages of the records of each call since the last look. */
  calls(): string[][];
  /** Ends all calls that hang: they took everything. */
  end(): void;
}

/** The messages of records in one line; numbers that follow each other as `1..4`. */
export function shown(messages: readonly string[]): string {
  const runs: string[][] = [];
  for (const message of messages) {
    const run = runs.at(-1);
    if (run !== undefined && String(Number(run.at(-1)) + 1) === message) run.push(message);
    else runs.push([message]);
  }
  return runs.map((run) => run.length < 3 ? run.join(" ") : `${run[0]}..${run.at(-1)}`).join(" ");
}

/** Makes one that answers `ok`, unless a script says otherwise. */
export function scriptedSink(clock: FakeClock): ScriptedSink {
  let answers: readonly Answer[] = ["ok"];
  const begun: string[][] = [];
  const hanging = new Set<() => void>();
  return {
    script: (given) => answers = given,
    calls: () => begun.splice(0),
    end: () => hanging.forEach((end) => end()),
    write(batch, context) {
      const messages = batch.records().map(({ msg }) => msg);
      begun.push(messages);
      const [answer = "ok", ...rest] = answers;
      if (rest.length > 0) answers = rest;
      if (typeof answer !== "string") return answerOf(answer, messages);
      return said(answer, { batch, context, clock, hanging });
    },
  };
}

interface Call {
  readonly batch: Batch;
  readonly context: SinkContext;
  readonly clock: FakeClock;
  readonly hanging: Set<() => void>;
}

async function said(answer: string, call: Call): Promise<void> {
  const { context, clock, hanging } = call;
  const [word, value, ...rest] = answer.split(" ");
  if (word === "ok") return;
  if (word === "fail") throw new Error("down");
  if (word === "reject") throw new RejectedError("refused");
  if (word === "gone") throw new SinkClosedError("gone");
  if (word === "slow") {
    await new Promise<void>((end) => void clock.setTimer(end, Number(value)));
    return rest.length === 0 ? undefined : await said(rest.join(" "), call);
  }
  if (word === "hang") return await new Promise((end) => hanging.add(end));
  if (word === "heed") return await endOf(context.signal, value === "gone");
  const retryAfterMs = parseRetryAfter(value, clock.now());
  throw Object.assign(new Error(`status ${word}`), { status: Number(word), retryAfterMs });
}

function endOf(signal: AbortSignal, isGone: boolean): Promise<never> {
  const reason = (): unknown => isGone ? new SinkClosedError("gone") : signal.reason;
  return new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(reason()), { once: true })
  );
}

function answerOf(
  answer: Exclude<Answer, string>,
  messages: readonly string[],
): SinkResult | undefined {
  const within = (wanted: readonly string[] = []): number[] =>
    wanted.map((message) => messages.indexOf(message));
  if ("partial" in answer) {
    const { retry, reject, tooLarge, status } = answer.partial;
    return {
      ...(status === undefined ? {} : { error: { status } }),
      retry: within(retry),
      reject: [
        ...within(reject).map((index) => ({ index, reason: "refused" })),
        ...within(tooLarge).map((index) => ({ index, reason: "too large", isTooLarge: true })),
      ],
    };
  }
  if ("openForMs" in answer) throw new BreakerOpenError("inner", answer.openForMs);
  if ("poison" in answer) {
    if (answer.poison.some((message) => messages.includes(message))) {
      throw new RejectedError("refused");
    }
  } else if (answer.stuck.some((message) => messages.includes(message))) throw new Error("down");
}
