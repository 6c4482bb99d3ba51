/** What Hono needs of a runtime for WebSockets and for the address of a client. */
export interface HonoAdapter {
  /** Turns a request into a WebSocket: to be mounted as a handler. */
  readonly upgradeWebSocket: unknown;
  /** The `websocket` option of the runtime's server; undefined where it takes none. */
  readonly websocket: unknown;
  /** Tells the address that a request came from. */
  readonly connInfo: (c: never) => { readonly remote: { readonly address?: string } };
}
