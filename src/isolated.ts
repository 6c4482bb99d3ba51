import { messageOf } from "./errors.ts";

/**
 * A listener that cannot harm who calls it: records are written, counted and acknowledged in the midst
 * of such calls. What it throws goes to standard error, once until it has worked again; so does what
 * an asynchronous one rejects with, which would end a process otherwise.
 *
 * @param name How the message calls it
 */
export function isolated<T>(name: string, listener: (value: T) => void): (value: T) => void {
  let isTold = false;
  const worked = (): void => void (isTold = false);
  const failed = (error: unknown): void => {
    if (!isTold) console.error(`logflume: ${name} threw ${messageOf(error)}`);
    isTold = true;
  };
  return (value) => {
    try {
      const answer: unknown = listener(value);
      if (answer instanceof Promise) answer.then(worked, failed);
      else worked();
    } catch (error) {
      failed(error);
    }
  };
}
