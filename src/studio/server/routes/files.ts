/** @file Routes of files: looking into the allowed folders, and uploads. */
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { FolderList, StudioInfo } from "../../api-types.ts";
import type { Context } from "../context.ts";
import { packageVersion } from "../package-files.ts";
import { Refusal } from "../refusal.ts";
import { path } from "../schemas.ts";

const MOST_ENTRIES = 2000;

export function addFileRoutes(app: FastifyInstance, context: Context): void {
  const { roots, trustedLayers, uploads, uploadLimit } = context;

  app.get("/api/info", (): StudioInfo => {
    return { version: packageVersion(), jobs: roots.jobs, roots: roots.data, trustedLayers };
  });

  const query = { type: "object", properties: { path }, required: ["path"] } as const;
  app.get<{ Querystring: { path: string } }>(
    "/api/folders",
    { schema: { querystring: query } },
    async ({ query: asked }): Promise<FolderList> => {
      const folder = await roots.inside(asked.path);
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
      if (!entries) throw new Refusal(400, `${folder} is no folder`);
      const shown = entries.filter(({ name }) => !name.startsWith(".")).slice(0, MOST_ENTRIES);
      const names = (isWanted: (entry: (typeof shown)[number]) => boolean) =>
        shown
          .filter(isWanted)
          .map(({ name }) => name)
          .sort();
      const parent = await roots.inside(dirname(folder)).catch(() => undefined);
      return {
        path: folder,
        parent: parent === folder ? undefined : parent,
        folders: names((entry) => entry.isDirectory() || entry.isSymbolicLink()),
        files: names((entry) => entry.isFile()),
      };
    },
  );

  app.addContentTypeParser("application/octet-stream", (_request, body, done) => done(null, body));
  const params = {
    type: "object",
    properties: { name: { type: "string", maxLength: 100 } },
  } as const;
  app.put<{ Params: { name: string }; Body: unknown }>(
    "/api/uploads/:name",
    { schema: { params } },
    async ({ params: { name }, body, headers }, reply) => {
      if (!(body instanceof Readable))
        throw new Refusal(415, "send the file as application/octet-stream");
      if (Number(headers["content-length"] ?? 0) > uploadLimit)
        throw new Refusal(413, `the file is larger than ${uploadLimit} bytes`);
      return reply.code(201).send({ upload: await uploads.keep(name, body), name });
    },
  );
}
