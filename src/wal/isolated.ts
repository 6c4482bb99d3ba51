import { messageOf } from "../errors.ts";

/**
 * A listener that cannot harm who calls it: records are written, counted and acknowledged in the midst
 * of such calls. What it throws goes to standard error.
 *
 * @param name How the message calls it
 */
export function isolated<T>(name: string, listener: (value: T) => void): (value: T) => void {
  return (value) => {
    try {
      listener(value);
    } catch (error) {
      console.error(`logflume: ${name} threw ${messageOf(error)}`);
    }
  };
}
