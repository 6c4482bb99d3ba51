/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import type { Piece } from "../messages.ts";

/**
 * Pieces of text as nodes; a piece without a class is a bare text node. No component, for there are
 * hundreds in sight at a time.
 */
export function nodesOf(pieces: readonly Piece[]): ComponentChildren {
  if (pieces.length === 1 && pieces[0]?.[1] === "") return pieces[0][0];
  return pieces.map(([text, classes], i) =>
    classes === "" ? text : <span key={i} class={classes}>{text}</span>
  );
}
