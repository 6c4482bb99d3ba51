import type { FromWorker } from "../messages.ts";
import { readAddress } from "./address.ts";
import { textCame } from "./copying.ts";
import { show, showCounts, visibilityChanged } from "./drawing.ts";
import { momentAnswered } from "./moment_dialog.tsx";
import { tell } from "./notice.ts";
import { goTo } from "./reading.ts";
import { levels, marks, pageUrl, query } from "./state.ts";
import { token } from "./token.ts";
import { send, startWorker } from "./worker_port.ts";

/** Starts the Worker with what the address says. */
export function start(): void {
  const address = readAddress(location.search, location.hash);
  query.value = address.query;
  levels.value = address.levels;
  marks.value = address.marks;
  startWorker(receive);
  send({ t: "open", url: pageUrl, token: token.value, ...address });
  addEventListener("online", () => send({ t: "wake" }));
  addEventListener("hashchange", () => goToAddress());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) send({ t: "wake" });
    visibilityChanged();
  });
}

function goToAddress(): void {
  const { seq } = readAddress("", location.hash);
  if (seq !== undefined) send({ t: "jumpSeq", seq });
}

function receive(message: FromWorker): void {
  switch (message.t) {
    case "snapshot":
      return show(message);
    case "histogram":
      return showCounts(message.data);
    case "moment":
      return momentAnswered(message);
    case "goto":
      return goTo(message);
    case "nowhere":
      return tell(message.what);
    case "text":
      return textCame(message);
  }
}

/** Tries to connect at once. */
export function reconnect(): void {
  send({ t: "wake" });
}
