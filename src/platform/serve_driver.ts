/** Answers a request; `env` is what the runtime's adapter passes along. */
export type FetchHandler = (request: Request, env?: unknown) => Response | Promise<Response>;

/** What {@linkcode serve} needs. */
export interface ServeOptions<Upgrade> {
  /** The address to listen on, for example `127.0.0.1`. */
  readonly hostname: string;
  /** The port; 0 lets the system choose. */
  readonly port: number;
  /** Makes the handler, given the runtime's `upgradeWebSocket`. */
  readonly build: (upgradeWebSocket: Upgrade) => FetchHandler | { readonly fetch: FetchHandler };
}

/** What a runtime's own file gives: listening and closing, no more. */
export interface ServeDriver<Upgrade> {
  (options: ServeOptions<Upgrade>): Promise<{ port: number; close(): Promise<void> }>;
}

/** The handler that `build` made, in the one form that all runtimes call. */
export function handlerOf<Upgrade>(
  options: ServeOptions<Upgrade>,
  upgradeWebSocket: unknown,
): FetchHandler {
  const built = options.build(upgradeWebSocket as Upgrade);
  return typeof built === "function" ? built : (request, env) => built.fetch(request, env);
}
