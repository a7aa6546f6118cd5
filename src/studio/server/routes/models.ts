/** @file Routes of models: checking a network, making a model, resuming it. */
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable, pipeline } from "node:stream";
import { createGzip } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { CaffeError } from "../../../errors.ts";
import { pngOf } from "../../../job/picture.ts";
import { prepareJob } from "../../../job/prepare-job.ts";
import { type NetParameter, createMessage } from "../../../schema/index.ts";
import type { CheckForm, ModelForm, NetworkTemplate, PreviewForm } from "../../api-types.ts";
import { parseNetwork } from "../../check/parse-network.ts";
import { checkForm, checkRequest } from "../check-form.ts";
import type { Context } from "../context.ts";
import { type Variant, modelForm, previewForm, settingsOf, variantsOf } from "../model-form.ts";
import { checkNetFiles } from "../net-files.ts";
import { layerFlags } from "../layer-flags.ts";
import { packageFiles } from "../package-files.ts";
import { modelArchive } from "../model-archive.ts";
import { previewOf } from "../preview-form.ts";
import { Refusal, notFound } from "../refusal.ts";
import { isWithin } from "../roots.ts";
import { idParams } from "../schemas.ts";
import { tar } from "../tar.ts";

export function addModelRoutes(app: FastifyInstance, context: Context): void {
  const { checker, files, jobs, queue, roots } = context;
  const trainCommand = (id: string) => [
    ["fit", ...context.trainingFlags, ...layerFlags(id, context), `--resume=${roots.job(id)}`],
  ];

  app.post<{ Body: CheckForm }>(
    "/api/check",
    { schema: { body: checkForm } },
    async ({ body }, reply) => {
      const isWanted = () => !reply.raw.destroyed;
      await checkNetFiles(namedIn(body.network), roots, roots.job("new"));
      return checker.check(await checkRequest(body, context), isWanted);
    },
  );

  app.get("/api/networks", () => readTemplates());

  app.post<{ Body: PreviewForm }>(
    "/api/preview",
    { schema: { body: previewForm } },
    async ({ body }, reply) => {
      const png = await pngOf(await previewOf(body, context));
      return reply.type("image/png").send(Buffer.from(png));
    },
  );

  app.post<{ Body: ModelForm }>(
    "/api/models",
    { schema: { body: modelForm } },
    async ({ body }, reply) => {
      const variants = variantsOf(body);
      for (const { name } of variants) {
        if (await jobs.isTaken(name))
          throw new Refusal(400, `there is a job called ${name} already`, "name");
      }
      const settings = await settingsOf(body, context);
      await checkNetFiles(parseNetwork(body.network), roots, roots.job(body.name));
      // An upload is gone after a day; a job may be resumed and cloned later.
      const keptWeights = settings.weights.filter((file) => isWithin(file, files.uploads));
      await allOrNone(variants, ({ name, ...changed }) =>
        prepareJob({
          settings: { ...settings, ...changed },
          ...{ networkText: body.network, out: roots.job(name), keptWeights },
        }),
      );
      for (const { name } of variants) {
        await queue.add({ id: name, kind: "model", commands: trainCommand(name) });
      }
      return reply.code(201).send({ jobs: variants.map(({ name }) => name) });
    },
  );

  const snapshotParams = {
    ...idParams,
    properties: { ...idParams.properties, iter: { type: "integer", minimum: 0 } },
  } as const;
  app.get<{ Params: { id: string; iter: number } }>(
    "/api/models/:id/archive/:iter",
    { schema: { params: snapshotParams } },
    async ({ params }, reply) => {
      const { id, folder, snapshots } = await jobs.model(params.id);
      const snapshot = snapshots.find(({ iter }) => iter === params.iter);
      if (!snapshot) throw notFound(`a snapshot of iteration ${params.iter}`);
      const { iter, epoch } = snapshot;
      const entries = await modelArchive({ folder, id, iter, epoch });
      const name = `${id}_epoch_${epoch}.tar.gz`;
      reply.header("content-disposition", `attachment; filename="${name}"`);
      // Weights hardly shrink: the quickest level it is.
      const packed = createGzip({ level: 1 });
      // A file that cannot be read breaks the download off.
      pipeline(Readable.from(tar(entries, new Date())), packed, () => undefined);
      return reply.type("application/gzip").send(packed);
    },
  );

  app.post<{ Params: { id: string } }>(
    "/api/models/:id/resume",
    { schema: { params: idParams } },
    async ({ params }) => {
      const { status } = await jobs.model(params.id);
      if (status === "running" || status === "waiting" || status === "done") {
        throw new Refusal(409, `${params.id} is ${status}; there is nothing to resume`);
      }
      await queue.add({ id: params.id, kind: "model", commands: trainCommand(params.id) });
      return jobs.model(params.id);
    },
  );
}

/** Makes the jobs of a sweep; where one cannot be made, those before it go again. */
async function allOrNone(
  variants: readonly Variant[],
  make: (variant: Variant) => Promise<{ readonly folder: string }>,
): Promise<void> {
  const made: string[] = [];
  try {
    for (const variant of variants) made.push((await make(variant)).folder);
  } catch (error) {
    for (const folder of made) await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A text as a net; an empty one where it is none, which the check will say better. */
function namedIn(text: string): NetParameter {
  try {
    return parseNetwork(text);
  } catch (error) {
    if (error instanceof CaffeError) return createMessage("NetParameter", {});
    throw error;
  }
}

/** The networks that come with the package, each under the first line of its description. */
async function readTemplates(): Promise<NetworkTemplate[]> {
  const folders = await readdir(packageFiles.networks);
  // LeNet classifies; the studio's datasets are for segmentation.
  const segmenters = folders.filter((folder) => folder !== "lenet");
  const found = segmenters.sort().map(async (folder) => {
    const at = (name: string) => join(packageFiles.networks, folder, name);
    const names = (await readdir(at("."))).filter((name) =>
      /^(network|two-classes.*)\.prototxt$/.test(name),
    );
    const title = /^# (.*)$/m.exec(await readFile(at("README.md"), "utf8"))?.[1] ?? folder;
    return Promise.all(
      names.sort().map(async (name) => ({
        id: `${folder}/${name}`,
        title:
          name === "network.prototxt"
            ? title
            : `${title}: ${name.replace(/\.prototxt$/, "").replaceAll("-", " ")}`,
        text: await readFile(at(name), "utf8"),
      })),
    );
  });
  return (await Promise.all(found)).flat();
}
