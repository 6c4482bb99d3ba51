/** The page's skeleton; style and script are put in between. */
export const PAGE_HTML: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>logflume</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%230f766e'/%3E%3Cpath d='M3 5.5q2.5-2 5 0t5 0M3 10.5q2.5-2 5 0t5 0' stroke='%23fff' stroke-width='1.6' fill='none' stroke-linecap='round'/%3E%3C/svg%3E">
<style>/*css*/</style>
</head>
<body>
<header class="top">
  <h1><svg viewBox="0 0 16 16" aria-hidden="true"><rect width="16" height="16" rx="4"/><path d="M3 5.5q2.5-2 5 0t5 0M3 10.5q2.5-2 5 0t5 0"/></svg>logflume</h1>
  <p id="connection" class="pill" role="status" data-state="connecting">connecting</p>
  <dl id="figures" class="figures" hidden></dl>
</header>
<section id="lanes" class="lanes" aria-label="Sinks" hidden></section>
<div class="bar" role="toolbar" aria-label="Log view">
  <label class="field">Level
    <select id="level">
      <option value="0">trace and up</option>
      <option value="1">debug and up</option>
      <option value="2">info and up</option>
      <option value="3">warn and up</option>
      <option value="4">error and up</option>
      <option value="5">fatal</option>
    </select>
  </label>
  <label class="field grow">Filter
    <input id="filter" type="search" placeholder="text in message, logger or fields" autocomplete="off" spellcheck="false">
  </label>
  <button id="pause" type="button" aria-pressed="false">Pause</button>
  <button id="clear" type="button">Clear</button>
  <output id="count" class="count"></output>
</div>
<main>
  <div id="log" class="log" role="log" aria-label="Log records" aria-live="off" tabindex="0"><p id="empty" class="empty">Waiting for records</p></div>
  <button id="newer" class="newer" type="button" hidden></button>
</main>
<noscript>This page needs its script. For plain text: curl -N with this address.</noscript>
<script type="module">/*script*/</script>
</body>
</html>
`;
