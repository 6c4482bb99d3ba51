const FIRST_MS = 250;
const MOST_MS = 10_000;

/**
 * How long to wait before try number `attempt` (from 0): doubling from 250 ms to 10 s, and any time
 * below that, so that many pages do not come back at one moment ("full jitter").
 */
export function retryDelayMs(attempt: number, random: number): number {
  return Math.round(random * Math.min(MOST_MS, FIRST_MS * 2 ** attempt));
}
