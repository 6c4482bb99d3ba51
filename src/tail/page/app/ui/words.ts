const number = new Intl.NumberFormat("en");

/** A count with its thousands apart. */
export function count(n: number): string {
  return number.format(n);
}

/** A count and its noun. */
export function counted(n: number, one: string, many: string = `${one}s`): string {
  return `${number.format(n)} ${n === 1 ? one : many}`;
}

/** A rate of events a second, short. */
export function rateText(perSecond: number): string {
  const short = perSecond > 0 && perSecond < 10;
  return `${short ? perSecond.toFixed(1) : number.format(Math.round(perSecond))}/s`;
}

/** An amount of memory in the unit that fits. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** A duration given in milliseconds. */
export function durationText(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
