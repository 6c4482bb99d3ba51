/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import type { Piece } from "../messages.ts";

/** Pieces of text; a piece without a class is a bare text node. */
export function Pieces({ of }: { readonly of: readonly Piece[] }): JSX.Element {
  return (
    <>
      {of.map(([text, classes], i) =>
        classes === "" ? text : <span key={i} class={classes}>{text}</span>
      )}
    </>
  );
}
