/** How a promise stands once everything has come to rest. */
export type Outcome<T> =
  | { readonly state: "resolved"; readonly value: T }
  | { readonly state: "rejected"; readonly error: unknown }
  | { readonly state: "pending" };

declare function setImmediate(fn: () => void): unknown;

/** Lets everything that is under way come to rest: on a simulated disk nothing needs more than promises. */
export function rest(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** How `promise` stands at rest. */
export async function outcomeOf<T>(promise: Promise<T>): Promise<Outcome<T>> {
  let outcome: Outcome<T> = { state: "pending" };
  promise.then(
    (value) => outcome = { state: "resolved", value },
    (error) => outcome = { state: "rejected", error },
  );
  await rest();
  return outcome;
}

/** What `promise` gives; fails if it waits for something that does not come. */
export async function valueOf<T>(promise: Promise<T>, what: string): Promise<T> {
  const outcome = await outcomeOf(promise);
  if (outcome.state === "rejected") throw outcome.error;
  if (outcome.state === "pending") throw new Error(`${what} never ends`);
  return outcome.value;
}
