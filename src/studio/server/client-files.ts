/** @file The built pages, held in memory: nothing but these files can be asked for. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import type { FastifyInstance } from "fastify";
import type { JobList } from "../api-types.ts";
import type { JobBoard } from "./job-board.ts";
import { notFound } from "./refusal.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * Serves a built client; a path that is no file and no part of the API gets the page, which finds its
 * way by the path. The home page comes with its jobs.
 */
export function addClientFiles(app: FastifyInstance, folder: string, board: JobBoard): void {
  const files = readFiles(folder);
  app.setNotFoundHandler(async ({ url, method }, reply) => {
    const path = url.split("?", 1)[0]!;
    if (method !== "GET" || path.startsWith("/api/")) throw notFound(path);
    const file = files.get(path);
    const isAsset = path.startsWith("/assets/");
    if (!file && isAsset) throw notFound(path);
    const shown = file ?? files.get("/index.html");
    if (!shown) throw notFound("the built studio (run npm run build)");
    // Assets have a hash of their content in their names.
    reply.header("cache-control", isAsset ? "public, max-age=31536000, immutable" : "no-store");
    const content = path === "/" ? withJobs(shown.content, await board.list()) : shown.content;
    return reply.type(shown.type).send(content);
  });
}

/** As data, which no browser runs; a name in it cannot end it. */
function withJobs(html: Buffer, list: JobList): string {
  const json = JSON.stringify(list).replaceAll("<", "\\u003c");
  const data = `<script type="application/json" id="jobs">${json}</script>`;
  return html.toString("utf8").replace("</head>", () => `${data}</head>`);
}

function readFiles(folder: string): Map<string, { type: string; content: Buffer }> {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return new Map(
    names.map((name) => {
      const type = TYPES[extname(name)] ?? "application/octet-stream";
      return [`/${name.split(sep).join("/")}`, { type, content: readFileSync(join(folder, name)) }];
    }),
  );
}
