/** The page's script: plain JavaScript of the browser, no library. Data only ever becomes text nodes. */
export const PAGE_SCRIPT: string = String.raw`
const MAX_ROWS = 5000, MAX_WAITING = 5000, REPLAY = 1000, STATS_MS = 1000, POINTS = 60;
const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"];
const $ = (id) => document.getElementById(id);
const log = $("log"), empty = $("empty"), newer = $("newer"), pause = $("pause");
const base = location.pathname.replace(/\/$/, "");
const number = new Intl.NumberFormat("en");

function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/* ---- text: characters that cannot be seen, or that turn the reading order, are shown by number ---- */
const ODD = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/u;
function addText(parent, text) {
  let rest = text;
  for (let at = rest.search(ODD); at !== -1; at = rest.search(ODD)) {
    const code = rest.charCodeAt(at).toString(16).toUpperCase().padStart(4, "0");
    parent.append(rest.slice(0, at), element("span", "odd", "U+" + code));
    rest = rest.slice(at + 1);
  }
  parent.append(rest);
}

/* ---- rows ---- */
let entries = [], waiting = [], following = true, unseen = 0;
let lastTop = 0, minLevel = 0, needle = "", exact = false, drawing = false;

function entryOf(seq, line) {
  const record = asRecord(line);
  const rank = Math.max(0, LEVELS.indexOf(record.level));
  return { seq, record, rank, search: undefined };
}

function asRecord(line) {
  if (typeof line === "object" && line !== null) return line;
  try {
    const value = JSON.parse(line);
    if (value && typeof value.msg === "string") return value;
  } catch { /* plain text */ }
  return { msg: String(line) };
}

function matches(entry) {
  if (entry.gap) return true;
  if (entry.rank < minLevel) return false;
  if (needle === "") return true;
  const { logger, msg, fields } = entry.record;
  entry.search ??= (logger ?? "") + " " + msg + " " + (fields ? JSON.stringify(fields) : "");
  return (exact ? entry.search : entry.search.toLowerCase()).includes(needle);
}

function rowOf(entry) {
  if (entry.gap) return gapRow(entry.gap);
  const { time, level, logger, msg, fields, truncated } = entry.record;
  const row = element("div", "row");
  row.dataset.level = level ?? "info";
  row.title = "#" + entry.seq + (time ? "  " + time : "");
  const text = element("span", "text");
  addText(text, String(msg ?? ""));
  if (truncated) text.append(element("span", "fields", "  (cut from " + number.format(truncated) + " bytes)"));
  if (fields) text.append(fieldsOf(fields));
  const name = element("span", "logger");
  addText(name, String(logger ?? ""));
  row.append(element("span", "time", clockTime(time)), element("span", "level", level ?? ""), name, text);
  return row;
}

function clockTime(time) {
  const date = new Date(time ?? NaN);
  if (Number.isNaN(date.getTime())) return "";
  const two = (n) => String(n).padStart(2, "0");
  return two(date.getHours()) + ":" + two(date.getMinutes()) + ":" + two(date.getSeconds()) + "." +
    String(date.getMilliseconds()).padStart(3, "0");
}

function fieldsOf(fields) {
  const node = element("span", "fields");
  for (const [key, value] of Object.entries(fields)) {
    const name = element("i");
    addText(name, key);
    node.append("  ", name, "=");
    addText(node, typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value));
  }
  return node;
}

const WHY = {
  slow: "this page fell behind and was moved on to the present",
  evicted: "they were no longer kept when this page asked for them",
  restart: "the program was restarted and its log did not keep them",
  damaged: "the log is damaged there",
  trimmed: "the log had removed them",
  page: "this page keeps no more while paused",
};
function gapRow({ n, why }) {
  if (n === 0) return element("div", "gap", "The program was restarted: another log begins here");
  return element("div", "gap", number.format(n) + (n === 1 ? " record" : " records") + " not shown: " + (WHY[why] ?? why));
}

/* ---- drawing: one change of the page per frame, however many records came ---- */
function receive(entry) {
  waiting.push(entry);
  if (!entry.gap && matches(entry)) unseen++;
  if (waiting.length > MAX_WAITING) dropWaiting();
  schedule();
}

function dropWaiting() {
  const dropped = waiting.splice(0, MAX_WAITING / 2);
  let n = 0;
  for (const entry of dropped) n += entry.gap ? entry.gap.n : 1;
  waiting.unshift({ gap: { n, why: "page" } });
}

function schedule() {
  if (drawing) return;
  drawing = true;
  if (document.hidden) setTimeout(draw, 500);
  else requestAnimationFrame(draw);
}

function draw() {
  drawing = false;
  if (!following) return showNewer();
  const batch = waiting.slice(-MAX_ROWS);
  waiting = [];
  const rows = document.createDocumentFragment();
  for (const entry of batch) {
    entries.push(entry);
    if (matches(entry)) rows.append(entry.row = rowOf(entry));
  }
  log.append(rows);
  trim();
  toEnd();
  unseen = 0;
  showNewer();
  showCount();
}

/* Rows get their real height when they come into sight, so the end moves once more a frame later. */
function toEnd() {
  pin();
  requestAnimationFrame(pin);
}

function pin() {
  if (following) log.scrollTop = log.scrollHeight;
  lastTop = log.scrollTop;
}

function trim() {
  const surplus = entries.length - MAX_ROWS;
  if (surplus <= 0) return;
  for (const entry of entries.splice(0, surplus)) entry.row?.remove();
}

function redraw() {
  const rows = document.createDocumentFragment();
  for (const entry of entries) {
    entry.row = matches(entry) ? entry.row ?? rowOf(entry) : undefined;
    if (entry.row) rows.append(entry.row);
  }
  log.replaceChildren(empty, rows);
  unseen = waiting.reduce((n, entry) => n + (!entry.gap && matches(entry) ? 1 : 0), 0);
  toEnd();
  showNewer();
  showCount();
}

function showCount() {
  const shown = log.childElementCount - 1;
  const hidden = entries.length - shown;
  empty.hidden = shown > 0;
  empty.textContent = entries.length === 0 ? "Waiting for records" : "No record matches the filter";
  $("count").textContent = number.format(shown) + " shown" + (hidden > 0 ? ", " + number.format(hidden) + " hidden" : "");
}

function showNewer() {
  newer.hidden = following;
  newer.textContent = unseen > 0 ? number.format(unseen) + " new \u2193" : "Follow \u2193";
  document.title = (!following && unseen > 0 ? "(" + number.format(unseen) + ") " : "") + "logflume";
}

function follow(on) {
  if (following === on) return;
  following = on;
  pause.setAttribute("aria-pressed", String(!on));
  pause.textContent = on ? "Pause" : "Resume";
  if (on) draw();
  else showNewer();
}

/* Scrolling up pauses, reaching the end again goes on. Rows that change their height scroll as well, so
   only what follows a hand on wheel, touch, pointer or keys counts as the reader's doing. */
let readerUntil = 0;
for (const type of ["wheel", "touchmove", "pointerdown", "keydown"]) {
  const ms = type === "pointerdown" ? 5000 : 1000;
  log.addEventListener(type, () => readerUntil = performance.now() + ms, { passive: true });
}
new ResizeObserver(toEnd).observe(log);
log.addEventListener("scroll", () => {
  const fromEnd = log.scrollHeight - log.scrollTop - log.clientHeight;
  const byReader = performance.now() < readerUntil;
  if (byReader && log.scrollTop < lastTop - 2 && fromEnd > 40) follow(false);
  else if (fromEnd < 4 && log.scrollTop > lastTop && !pinned) follow(true);
  lastTop = log.scrollTop;
}, { passive: true });
let pinned = false;
pause.addEventListener("click", () => { pinned = following; follow(!following); });
newer.addEventListener("click", () => { pinned = false; follow(true); log.focus(); });
log.addEventListener("keydown", (event) => {
  if (event.key === "End") { pinned = false; follow(true); }
  if (event.key === "Home") follow(false);
});
$("clear").addEventListener("click", () => { entries = []; redraw(); });
$("level").addEventListener("change", (event) => { minLevel = Number(event.target.value); redraw(); });
$("filter").addEventListener("input", (event) => {
  /* A filter without capitals ignores case. */
  needle = event.target.value;
  exact = needle !== needle.toLowerCase();
  redraw();
});

/* ---- connection: resumes behind the last record seen, so a cut leaves no hole and no repeat ---- */
let run, seq, attempt = 0, socket, retry, giveUp, beat = 15000;
function connect() {
  clearTimeout(retry);
  state("connecting", attempt > 0 ? "reconnecting" : "connecting");
  const current = socket = new WebSocket((location.protocol === "https:" ? "wss:" : "ws:") + "//" + location.host + location.pathname + "?v=1");
  current.onopen = () => {
    const from = seq === undefined ? { last: REPLAY } : { run, seq };
    current.send(JSON.stringify({ t: "sub", v: 1, from }));
    watch();
  };
  current.onmessage = (event) => { if (current === socket) { watch(); take(JSON.parse(event.data)); } };
  current.onclose = (event) => { if (current === socket) again(event); };
}

/* A link that has died without a word is noticed by the missing heartbeat. */
function watch() {
  clearTimeout(giveUp);
  const watched = socket;
  giveUp = setTimeout(() => { if (watched === socket) { watched.close(); again({ code: 0 }); } }, beat * 2.5);
}

function again(event) {
  clearTimeout(giveUp);
  clearTimeout(retry);
  socket = undefined;
  const delay = Math.random() * Math.min(10000, 250 * 2 ** attempt++) + (event.code === 4429 ? 5000 : 100);
  const why = event.code === 4429 ? "too many clients" : event.code === 1001 ? "server is closing" : "disconnected";
  state("offline", why + ", trying again");
  retry = setTimeout(connect, delay);
}

function state(name, text) {
  const pill = $("connection");
  if (pill.textContent === text) return;
  pill.dataset.state = name;
  pill.textContent = text;
}

function take(message) {
  switch (message.t) {
    case "hello":
      run = message.run;
      beat = message.hb;
      break;
    case "b":
      for (const [at, line] of message.r) if (seq === undefined || at > seq) receive(entryOf(at, line));
      seq = message.to;
      socket.send(JSON.stringify({ t: "ack", seq }));
      break;
    case "gap":
      if (message.why === "restart") seq = message.from - 1;
      else seq = message.to;
      receive({ gap: message });
      break;
    case "live":
      attempt = 0;
      state("live", "live");
      break;
  }
}
const wake = () => { if (socket === undefined && !document.hidden) { attempt = 0; connect(); } };
addEventListener("online", wake);
document.addEventListener("visibilitychange", wake);

/* ---- figures ---- */
const cards = new Map();
let previous;

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0, value = bytes;
  while (value >= 1024 && unit < 3) { value /= 1024; unit++; }
  return (unit === 0 ? value : value.toFixed(1)) + " " + units[unit];
}

function put(list, name, value, on) {
  let item = list.querySelector('[data-name="' + name + '"]');
  if (!item) {
    item = element("div", "", element("dt", "", name), element("dd"));
    item.dataset.name = name;
    list.append(item);
  }
  const dd = item.lastChild;
  if (dd.textContent !== value) dd.textContent = value;
  dd.dataset.on = on ?? "";
}

function showStats(stats) {
  const now = performance.now();
  const seconds = previous ? (now - previous.now) / 1000 : 0;
  const rate = previous ? Math.max(0, Math.round((stats.accepted - previous.accepted) / seconds)) : 0;
  previous = { now, accepted: stats.accepted };
  const figures = $("figures");
  figures.hidden = false;
  put(figures, "accepted", number.format(stats.accepted));
  put(figures, "rate", number.format(rate) + "/s");
  put(figures, "buffer", Math.round(stats.utilisation * 100) + " %");
  put(figures, stats.mode === "durable" ? "log" : "memory", size(stats.log.bytes));
  put(figures, "dead letters", number.format(stats.deadLetters.held));
  const refused = total(stats.refused);
  if (refused > 0) put(figures, "refused", number.format(refused));
  const lanes = Object.entries(stats.lanes);
  $("lanes").hidden = lanes.length === 0;
  for (const [name, lane] of lanes) showLane(name, lane);
  for (const [name, card] of cards) if (!(name in stats.lanes)) { card.node.remove(); cards.delete(name); }
}

function total(counts) {
  return Object.values(counts ?? {}).reduce((sum, n) => sum + n, 0);
}

function makeCard(name) {
  const state = element("span"), list = element("dl"), note = element("p");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  svg.setAttribute("viewBox", "0 0 " + (POINTS - 1) + " 20");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "Records pending over the last minute");
  svg.append(line);
  const title = element("b");
  addText(title, name);
  const node = element("article", "lane", element("h2", "", title, state), list, svg, note);
  $("lanes").append(node);
  return { node, state, list, note, line, points: [] };
}

function showLane(name, lane) {
  let card = cards.get(name);
  if (!card) cards.set(name, card = makeCard(name));
  card.node.dataset.state = lane.state;
  card.state.textContent = lane.state.replaceAll("-", " ");
  const dropped = total(lane.dropped);
  put(card.list, "delivered", number.format(lane.delivered));
  put(card.list, "pending", number.format(lane.pending), lane.state === "waiting-to-retry" ? "warn" : "");
  put(card.list, "failed", number.format(lane.failures) + " of " + number.format(lane.attempts));
  put(card.list, "dead letters", number.format(lane.deadLettered), lane.deadLettered > 0 ? "bad" : "");
  if (dropped > 0) put(card.list, "dropped", number.format(dropped), "bad");
  card.note.dataset.on = lane.lastError ? "bad" : "";
  card.note.replaceChildren();
  addText(card.note, lane.lastError ?? (lane.failures > 0 ? "Recovered: the last try succeeded" : "No failures"));
  card.note.title = lane.lastError ?? "";
  spark(card, lane.pending);
}

function spark(card, value) {
  card.points.push(value);
  if (card.points.length > POINTS) card.points.shift();
  const top = Math.max(10, ...card.points), start = POINTS - card.points.length;
  card.line.setAttribute("points", card.points.map((y, i) => (start + i) + "," + (19 - 18 * y / top).toFixed(1)).join(" "));
}

async function poll() {
  let pauseMs = STATS_MS;
  try {
    if (!document.hidden) {
      const response = await fetch(base + "/stats");
      if (response.status === 404) return;
      if (response.ok) showStats(await response.json());
    }
  } catch { pauseMs = 3000; }
  setTimeout(poll, pauseMs);
}

connect();
poll();
showCount();
`;
