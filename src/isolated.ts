import { messageOf } from "./errors.ts";

/**
 * A listener that cannot harm who calls it: records are written, counted and acknowledged in the midst
 * of such calls. What it throws goes to standard error, once until it has worked again; so does what
 * an asynchronous one rejects with, which would end a process otherwise.
 *
 * @param name How the message calls it
 * @param textOf What the message says of the call that failed, where it would be lost otherwise
 */
export function isolated<A extends unknown[]>(
  name: string,
  listener: (...args: A) => void,
  textOf?: (...args: A) => string,
): (...args: A) => void {
  let isTold = false;
  const worked = (): void => void (isTold = false);
  const failed = (error: unknown, args: A): void => {
    const at = textOf === undefined ? "" : ` at: ${textOf(...args)}`;
    if (!isTold) console.error(`logflume: ${name} threw ${messageOf(error)}${at}`);
    isTold = true;
  };
  return (...args) => {
    try {
      const answer: unknown = listener(...args);
      if (answer instanceof Promise) answer.then(worked, (error) => failed(error, args));
      else worked();
    } catch (error) {
      failed(error, args);
    }
  };
}
