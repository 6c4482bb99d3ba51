/** The ways a row can tell its time. */
export type TimeForm = "local" | "utc" | "relative";

/** The order in which one key leads through them. */
export const TIME_FORMS: readonly TimeForm[] = ["local", "utc", "relative"];

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const DAY_MS = 86_400_000;

/** A row's time, at most twelve characters: of another day only its date and minute. */
export function timeText(time: number, form: TimeForm, now: number): string {
  if (Number.isNaN(time)) return "";
  if (form === "relative") return relativeText(now - time);
  // Shifted by its zone, a date's UTC parts are the local ones.
  const shift = (at: number) => form === "utc" ? 0 : new Date(at).getTimezoneOffset() * 60_000;
  const local = time - shift(time);
  const iso = new Date(local).toISOString();
  const isToday = Math.floor(local / DAY_MS) === Math.floor((now - shift(now)) / DAY_MS);
  if (isToday) return iso.slice(11, 23);
  return `${MONTHS[Number(iso.slice(5, 7)) - 1]} ${iso.slice(8, 10)} ${iso.slice(11, 16)}`;
}

function relativeText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 1) return seconds < -1 ? "ahead" : "now";
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} d ago`;
}

/** A moment in full: in the reader's zone and in UTC. */
export function fullTimeText(time: number): string {
  if (Number.isNaN(time)) return "no time";
  const date = new Date(time);
  const zone = -date.getTimezoneOffset();
  const local = new Date(time + zone * 60_000).toISOString().slice(0, 23).replace("T", " ");
  return `${local} ${zoneText(time)}`;
}

/** The reader's zone at a moment: `UTC`, or how far it is off. */
export function zoneText(time: number): string {
  const zone = -new Date(time).getTimezoneOffset();
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  const offset = `${zone < 0 ? "-" : "+"}${two(Math.abs(zone) / 60)}:${two(Math.abs(zone) % 60)}`;
  return zone === 0 ? "UTC" : offset;
}
