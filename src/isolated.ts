import { messageOf } from "./errors.ts";

/**
 * A listener that cannot harm who calls it: records are written, counted and acknowledged in the midst
 * of such calls. What it throws goes to standard error, once until it has worked again.
 *
 * @param name How the message calls it
 */
export function isolated<T>(name: string, listener: (value: T) => void): (value: T) => void {
  let isTold = false;
  return (value) => {
    try {
      listener(value);
      isTold = false;
    } catch (error) {
      if (!isTold) console.error(`logflume: ${name} threw ${messageOf(error)}`);
      isTold = true;
    }
  };
}
