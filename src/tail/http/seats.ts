/** How many clients may read at once. */
export interface SeatOptions {
  /** In all; 64 unless given. */
  readonly maxClients?: number;
  /** From one address, loopback ones left out; 8 unless given. Needs `connInfo`. */
  readonly maxClientsPerAddress?: number;
}

/**
 * Takes a place for one client at an address that may be unknown; undefined when all are taken. The
 * answer gives it back; a second call of that does nothing.
 */
export type Seats = (address: string | undefined) => (() => void) | undefined;

const MAX_CLIENTS = 64;
const MAX_CLIENTS_PER_ADDRESS = 8;
/** Everything on this machine has the same address, and so has a proxy's every client. */
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

/**
 * Makes the places.
 *
 * @throws {RangeError} If a limit is not a positive integer
 */
export function createSeats(options: SeatOptions): Seats {
  const max = limitOf("maxClients", options.maxClients ?? MAX_CLIENTS);
  const maxEach = limitOf(
    "maxClientsPerAddress",
    options.maxClientsPerAddress ?? MAX_CLIENTS_PER_ADDRESS,
  );
  const taken = new Map<string, number>();
  let all = 0;
  return (address) => {
    const key = address === undefined || LOOPBACK.test(address) ? undefined : address;
    const here = key === undefined ? 0 : taken.get(key) ?? 0;
    if (all >= max || here >= maxEach) return undefined;
    all++;
    if (key !== undefined) taken.set(key, here + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      all--;
      if (key !== undefined) release(taken, key);
    };
  };
}

function release(taken: Map<string, number>, key: string): void {
  const left = (taken.get(key) ?? 1) - 1;
  if (left === 0) taken.delete(key);
  else taken.set(key, left);
}

function limitOf(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new RangeError(`Invalid ${name} ${value}: use a positive integer`);
}
