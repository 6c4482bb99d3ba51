/** The page's style: light and dark by the reader's own setting, down to 320 px wide. */
export const PAGE_CSS: string = `
:root {
  color-scheme: light dark;
  --bg: light-dark(#f7f8f9, #0f1316);
  --panel: light-dark(#ffffff, #171c20);
  --line: light-dark(#dde2e6, #2a3238);
  --text: light-dark(#1b2328, #dfe6ea);
  --dim: light-dark(#5b6871, #8d9ba5);
  --accent: light-dark(#0f766e, #2dd4bf);
  --hover: light-dark(#eef1f3, #1d2429);
  --good: light-dark(#15803d, #4ade80);
  --warn: light-dark(#a15c00, #fbbf24);
  --bad: light-dark(#c2222e, #f87171);
  --fatal: light-dark(#a21caf, #e879f9);
  --info: light-dark(#1d5fbf, #60a5fa);
  --key: light-dark(#6b4fbb, #b8a4f5);
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
* { box-sizing: border-box; margin: 0; }
[hidden] { display: none !important; }
html { height: 100%; }
body {
  height: 100dvh; display: flex; flex-direction: column; overflow: hidden;
  background: var(--bg); color: var(--text); font: 14px/1.45 var(--sans);
}
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.top {
  display: flex; flex-wrap: wrap; align-items: center; gap: 8px 20px; padding: 10px 16px;
  background: var(--panel); border-bottom: 1px solid var(--line);
}
h1 { display: flex; align-items: center; gap: 8px; font-size: 16px; font-weight: 650; letter-spacing: -.01em; }
h1 svg { width: 22px; height: 22px; }
h1 rect { fill: var(--accent); }
h1 path { stroke: var(--panel); stroke-width: 1.6; fill: none; stroke-linecap: round; }
.pill {
  display: inline-flex; align-items: center; gap: 6px; padding: 1px 10px 1px 8px; border-radius: 99px;
  border: 1px solid var(--line); color: var(--dim); font-size: 12.5px; white-space: nowrap;
}
.pill::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--warn); }
.pill[data-state=live] { color: var(--text); }
.pill[data-state=live]::before { background: var(--good); }
.pill[data-state=offline]::before { background: var(--bad); }
.figures { display: flex; flex-wrap: wrap; gap: 4px 24px; margin-left: auto; }
.figures div { display: flex; align-items: baseline; gap: 6px; }
dt { color: var(--dim); font-size: 12.5px; }
dd { font-variant-numeric: tabular-nums; font-weight: 600; }
.lanes {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 10px;
  padding: 10px 16px; max-height: 38dvh; overflow-y: auto; border-bottom: 1px solid var(--line);
}
.lane {
  display: grid; gap: 6px; align-content: start; padding: 10px 12px; border-radius: 8px; min-width: 0;
  background: var(--panel); border: 1px solid var(--line); border-left: 3px solid var(--state, var(--dim));
}
.lane[data-state=idle], .lane[data-state=delivering] { --state: var(--good); }
.lane[data-state=waiting-to-retry] { --state: var(--warn); }
.lane[data-state=stopped] { --state: var(--bad); }
.lane h2 { display: flex; justify-content: space-between; gap: 8px; font-size: 14px; font-weight: 600; }
.lane h2 b { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600; }
.lane h2 span { color: var(--state); font-size: 12.5px; font-weight: 500; white-space: nowrap; }
.lane dl { display: grid; grid-template-columns: repeat(4, auto); gap: 2px 12px; }
.lane dt { font-size: 11.5px; white-space: nowrap; }
.lane dd[data-on=warn] { color: var(--warn); }
.lane dd[data-on=bad] { color: var(--bad); }
.lane svg { display: block; width: 100%; height: 24px; border-bottom: 1px solid var(--line); }
.lane polyline { fill: none; stroke: var(--state); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.lane p {
  min-height: 2.8em; color: var(--dim); font-size: 12.5px; line-height: 1.4; overflow: hidden; overflow-wrap: anywhere;
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
}
.lane p[data-on=bad] { color: var(--bad); }
.bar {
  display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; padding: 8px 16px;
  background: var(--panel); border-bottom: 1px solid var(--line);
}
.field { display: flex; align-items: center; gap: 6px; color: var(--dim); font-size: 12.5px; }
.grow { flex: 1 1 180px; }
input, select, button {
  height: 30px; padding: 0 10px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--bg); color: var(--text); font: inherit; font-size: 13px;
}
input { width: 100%; min-width: 0; }
button { cursor: pointer; font-weight: 500; }
button:hover, select:hover { border-color: var(--dim); }
button[aria-pressed=true] { background: var(--accent); border-color: var(--accent); color: var(--panel); }
.count { color: var(--dim); font-size: 12.5px; font-variant-numeric: tabular-nums; white-space: nowrap; }
main { position: relative; flex: 1; min-height: 0; }
.log {
  height: 100%; overflow-y: auto; overflow-anchor: none; padding: 4px 0 10px; font: 12.5px/1.55 var(--mono);
}
.log:focus-visible { outline-offset: -2px; }
.row {
  display: grid; grid-template-columns: 12ch 6ch minmax(0, 16ch) minmax(0, 1fr); gap: 0 12px; align-items: baseline;
  padding: 1px 16px; border-left: 3px solid transparent; content-visibility: auto; contain-intrinsic-size: auto 21px;
}
.row:hover { background: var(--hover); }
.row[data-level=warn] { border-left-color: var(--warn); }
.row[data-level=error] { border-left-color: var(--bad); }
.row[data-level=fatal] { border-left-color: var(--fatal); }
.time, .logger { color: var(--dim); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.level { text-transform: uppercase; font-size: 11.5px; font-weight: 600; }
.row[data-level=trace] .level, .row[data-level=debug] .level { color: var(--dim); }
.row[data-level=info] .level { color: var(--info); }
.row[data-level=warn] .level { color: var(--warn); }
.row[data-level=error] .level { color: var(--bad); }
.row[data-level=fatal] .level { color: var(--fatal); }
.text { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 0; }
.fields { color: var(--dim); }
.fields i { color: var(--key); font-style: normal; }
.odd { color: var(--bad); border: 1px solid var(--line); border-radius: 3px; font-size: 11px; padding: 0 2px; }
.gap { margin: 3px 16px; padding: 3px 12px; border: 1px dashed var(--warn); border-radius: 6px; color: var(--warn); text-align: center; }
.empty { padding: 48px 16px; color: var(--dim); text-align: center; font-family: var(--sans); font-size: 14px; }
.newer {
  position: absolute; left: 50%; bottom: 16px; transform: translateX(-50%); height: 34px; padding: 0 18px; border-radius: 99px;
  background: var(--accent); border-color: var(--accent); color: var(--panel); font-weight: 600; box-shadow: 0 4px 16px #0004;
}
noscript { padding: 16px; }
@media (max-width: 720px) {
  .top, .bar, .lanes { padding-inline: 10px; }
  .figures { margin-left: 0; gap: 2px 16px; }
  .lanes { grid-auto-flow: column; grid-auto-columns: min(86vw, 340px); grid-template-columns: none; overflow-x: auto; max-height: none; }
  .row { grid-template-columns: auto auto minmax(0, 1fr); gap: 0 10px; padding: 3px 10px; }
  .text { grid-column: 1 / -1; }
  .grow { order: -1; flex-basis: 100%; }
  .count { margin-left: auto; }
}
@media print {
  body { height: auto; overflow: visible; }
  .bar, .newer, .lanes { display: none; }
  .log { height: auto; overflow: visible; }
}
`;
