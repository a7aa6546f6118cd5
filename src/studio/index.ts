/** @file Starts the studio on an address, with a token where others could reach it. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { buildApp } from "./server/app.ts";
import { LOOPBACK } from "./server/guard.ts";

export interface StudioOptions {
  readonly jobs: string;
  readonly data: readonly string[];
  readonly host: string;
  readonly port: number;
  /** How many models train at a time. */
  readonly parallel: number;
  /** Runs custom layers unfenced, as the user's own. */
  readonly trustedLayers: boolean;
}

export interface Studio {
  /** The link to open; it has the token in it where there is one. */
  readonly url: string;
  close(): Promise<void>;
}

export async function startStudio({ host, port, ...options }: StudioOptions): Promise<Studio> {
  const isLocal = LOOPBACK.some((name) => name.replace(/[[\]]/g, "") === host);
  const token = isLocal ? undefined : randomBytes(24).toString("base64url");
  const hosts = [...LOOPBACK, host.toLowerCase()];
  const app = buildApp({ ...options, hosts, token });
  await app.listen({ host, port });
  const address = app.server.address();
  const actual = typeof address === "object" && address ? address.port : port;
  const isAny = host === "0.0.0.0" || host === "::";
  const name = isAny ? hostname() : host;
  const shown = name.includes(":") ? `[${name}]` : name;
  const query = token === undefined ? "" : `/?token=${token}`;
  return { url: `http://${shown}:${actual}${query}`, close: () => app.close() };
}
