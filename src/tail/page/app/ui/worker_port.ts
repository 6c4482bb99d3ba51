import type { FromWorker, ToWorker } from "../messages.ts";

/** The Worker's program, put in when the page is built. */
declare const WORKER_SOURCE: string;

/** The part of Trusted Types that is used: the policy of the page lets nothing else make a script. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): URL };
}

let worker: Worker | undefined;

/** Starts the Worker from its inlined source: the page stays one file. */
export function startWorker(onMessage: (message: FromWorker) => void): void {
  const source = new Blob([WORKER_SOURCE], { type: "text/javascript" });
  const url = URL.createObjectURL(source);
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy("logflume", { createScriptURL: (own) => own });
  worker = new Worker(policy?.createScriptURL(url) ?? url);
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => onMessage(data);
}

/** Tells the Worker something. */
export function send(message: ToWorker): void {
  worker?.postMessage(message);
}
