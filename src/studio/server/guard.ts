/** @file Who may ask: hosts, origins and the token are checked before any route runs. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refusal } from "./refusal.ts";

export interface GuardOptions {
  /** Names that this server answers to, without the port; checked where there is no token. */
  readonly hosts: readonly string[];
  /** What every request must bring; undefined on a loopback address. */
  readonly token: string | undefined;
}

export const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"] as const;
const COOKIE = "cortado";

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

export function addGuard(app: FastifyInstance, { hosts, token }: GuardOptions): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(HEADERS);
    // The cookie of a token belongs to a name; without one the name itself is all there is.
    if (token === undefined) checkHost(request, hosts);
    checkOrigin(request);
    if (token === undefined) return;
    const given = (request.query as { token?: unknown }).token;
    if (typeof given === "string" && isSame(given, token)) {
      // The link that the terminal shows is used once; then the cookie stands for it.
      reply.header("set-cookie", `${COOKIE}=${token}; HttpOnly; SameSite=Strict; Path=/`);
      return;
    }
    if (!isSame(tokenOf(request), token)) {
      throw new Refusal(401, "open the link with the token that the terminal shows");
    }
  });
}

/** A page of a stranger whose name was bent to this address sends its own name. */
function checkHost({ headers }: FastifyRequest, hosts: readonly string[]): void {
  const name = (headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  if (!hosts.includes(name)) throw new Refusal(403, `this server is not "${name}"`);
}

/** Pages of other origins may neither write nor read. */
function checkOrigin({ headers }: FastifyRequest): void {
  const { origin, host } = headers;
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new Refusal(403, "a page of another origin may not use the studio");
  }
  const site = headers["sec-fetch-site"];
  const isPage = headers["sec-fetch-mode"] === "navigate";
  if ((site === "cross-site" || site === "same-site") && !isPage) {
    throw new Refusal(403, "a page of another site may not use the studio");
  }
}

function tokenOf({ headers }: FastifyRequest): string {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
  const cookie = new RegExp(`(?:^|; )${COOKIE}=([^;]+)`).exec(headers.cookie ?? "")?.[1];
  return bearer ?? cookie ?? "";
}

/** In a time that does not tell how much of it is right. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
