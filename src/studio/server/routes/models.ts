/** @file Routes of models: checking a network, making a model, resuming it. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { prepareJob } from "../../../job/prepare-job.ts";
import { type JobSettings, defaultSettings, meanSubtractions } from "../../../job/settings.ts";
import { solverTypes } from "../../../solver/solver-types.ts";
import type { ModelForm, NetworkTemplate } from "../../api-types.ts";
import { checkNetwork, parseNetwork } from "../check-network.ts";
import type { Context } from "../context.ts";
import { checkNetFiles } from "../net-files.ts";
import { packageFiles } from "../package-files.ts";
import { Refusal } from "../refusal.ts";
import { fileRefs, id, idParams, networkText } from "../schemas.ts";
import { filePath } from "../uploads.ts";

const percent = { type: "number", exclusiveMinimum: 0, maximum: 100 } as const;
const rate = { type: "number", minimum: 0, maximum: 1000 } as const;
const policy = {
  type: "object",
  required: ["policy"],
  additionalProperties: false,
  properties: {
    policy: { enum: ["fixed", "step", "multistep", "exp", "inv", "poly", "sigmoid"] },
    stepPercent: percent,
    percents: { type: "array", items: percent, minItems: 1, maxItems: 50 },
    gamma: { type: "number" },
    power: { type: "number" },
  },
} as const;

const count = { type: "integer", minimum: 1, maximum: 1_000_000 } as const;
const modelForm = {
  type: "object",
  additionalProperties: false,
  required: [
    "name",
    "dataset",
    "network",
    "layers",
    "weights",
    "epochs",
    "learningRates",
    "policy",
  ],
  properties: {
    ...{ name: id, dataset: id, network: networkText, layers: fileRefs, weights: fileRefs },
    epochs: count,
    snapshotInterval: { type: "number", minimum: 0 },
    valInterval: { type: "number", minimum: 0 },
    learningRates: { type: "array", items: rate, minItems: 1, maxItems: 10 },
    batchSizes: { type: "array", items: count, maxItems: 10 },
    iterSize: count,
    solverType: { enum: [...solverTypes] },
    policy,
    mean: { enum: [...meanSubtractions] },
    cropSize: count,
    seed: { type: "integer", minimum: 0, maximum: 2 ** 31 - 1 },
  },
} as const;

const checkBody = {
  type: "object",
  additionalProperties: false,
  required: ["text"],
  properties: { text: networkText, dataset: id, hasWeights: { type: "boolean", default: false } },
} as const;

export function addModelRoutes(app: FastifyInstance, context: Context): void {
  const { jobs, queue, roots } = context;

  app.post<{ Body: { text: string; dataset?: string; hasWeights: boolean } }>(
    "/api/check",
    { schema: { body: checkBody } },
    ({ body: { text, dataset, hasWeights } }) =>
      checkNetwork(text, {
        dataset: dataset === undefined ? undefined : roots.job(dataset),
        hasWeights,
      }),
  );

  app.get("/api/networks", () => readTemplates());

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
      for (const { name, ...changed } of variants) {
        const out = roots.job(name);
        await prepareJob({ settings: { ...settings, ...changed }, networkText: body.network, out });
        await queue.add({ id: name, kind: "model", commands: trainCommand(out) });
      }
      return reply.code(201).send({ jobs: variants.map(({ name }) => name) });
    },
  );

  app.post<{ Params: { id: string } }>(
    "/api/models/:id/resume",
    { schema: { params: idParams } },
    async ({ params }) => {
      const { status, folder } = await jobs.model(params.id);
      if (status === "running" || status === "waiting" || status === "done") {
        throw new Refusal(409, `${params.id} is ${status}; there is nothing to resume`);
      }
      await queue.add({ id: params.id, kind: "model", commands: trainCommand(folder) });
      return jobs.model(params.id);
    },
  );
}

/** Uploaded layers run fenced: one that misbehaves harms its own training only. */
const trainCommand = (folder: string) => [["fit", "--fence-layers", `--resume=${folder}`]];

type Variant = { readonly name: string } & Partial<Pick<JobSettings, "learningRate" | "batchSize">>;

/** One model for each pair of a learning rate and a batch size. */
function variantsOf({ name, learningRates, batchSizes = [] }: ModelForm): Variant[] {
  const sizes = batchSizes.length > 0 ? batchSizes : [undefined];
  return learningRates.flatMap((learningRate) =>
    sizes.map((batchSize) => ({
      name: [
        name,
        ...(learningRates.length > 1 ? [`lr${learningRate}`] : []),
        ...(sizes.length > 1 ? [`batch${batchSize}`] : []),
      ].join("-"),
      learningRate,
      ...(batchSize === undefined ? {} : { batchSize }),
    })),
  );
}

async function settingsOf(form: ModelForm, context: Context): Promise<JobSettings> {
  const { kind, status } = await context.jobs.get(form.dataset);
  if (kind !== "dataset" || status !== "done") {
    throw new Refusal(400, `${form.dataset} is no finished dataset`, "dataset");
  }
  const {
    epochs,
    snapshotInterval,
    valInterval,
    solverType,
    mean,
    policy,
    iterSize,
    cropSize,
    seed,
  } = form;
  const paths = (refs: ModelForm["layers"], field: string) =>
    Promise.all(refs.map((ref) => filePath(ref, context, field)));
  return {
    ...defaultSettings,
    dataset: context.roots.job(form.dataset),
    network: "network",
    layers: await paths(form.layers, "layers"),
    weights: await paths(form.weights, "weights"),
    epochs,
    policy,
    ...defined({ snapshotInterval, valInterval, solverType, mean, iterSize, cropSize, seed }),
  };
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
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
