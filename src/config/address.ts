import { leaf, type Setting } from "./setting.ts";

/** Where a server listens. */
export interface ListenSettings {
  /** A name or an address, without brackets. */
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

const ADDRESS = /^(?:(?:\[([0-9A-Fa-f:.]{2,45})\]|([\w.-]{0,253})):)?(\d{1,5})$/;

/** `HOST:PORT`, `[IPV6]:PORT`, `:PORT` for all addresses, `PORT` for this machine, or `off`. */
export function address(description: string): Setting<ListenSettings | "off"> {
  return leaf(description, {
    allowed: 'HOST:PORT such as "127.0.0.1:8484", a port, and "off"',
    read: (value) => {
      if (value === "off" || value === false) return "off";
      return typeof value === "string" || typeof value === "number"
        ? listenOf(String(value))
        : undefined;
    },
    json: { type: ["string", "integer", "boolean"] },
    names: ["off"],
  });
}

function listenOf(text: string): ListenSettings | undefined {
  const match = ADDRESS.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return undefined;
  const [, ipv6, name] = match;
  // As Go and most servers read it: without a host it is every address of the machine.
  const hostname = ipv6 ?? (name === "" ? "0.0.0.0" : name) ?? "127.0.0.1";
  return { hostname, port };
}
