/** @file Whether a field of a layer's parameter does anything: the layer is run with and without a change of it. */
import { Net } from "../../src/net/net.ts";
import {
  type LayerParameter,
  type NetParameter,
  copyMessage,
  createMessage,
  parsePrototxt,
} from "../../src/schema/index.ts";
import { messageDescriptor } from "../../src/schema/descriptor.ts";
import type { FieldDescriptor } from "../../src/schema/field.ts";

/** How a layer type is run to see which fields it reads. */
export interface Probe {
  /** Shapes of the bottoms; values lie in [-1, 1], unless `whole` says up to which number they count. */
  readonly bottoms: readonly Bottom[];
  readonly tops?: number;
  /** Parameters that let the layer run; a field counts if a change of it shows with one of them. */
  readonly params: readonly string[];
}

export interface Bottom {
  readonly shape: readonly number[];
  readonly whole?: number;
}

/**
 * Runs the layer as given and with other values of the field: different shapes, values, gradients,
 * learnable blobs or errors show that the field is read.
 */
export async function fieldMatters(
  type: string,
  probes: readonly Probe[],
  paramKey: string,
  field: FieldDescriptor,
): Promise<boolean> {
  for (const probe of probes) {
    for (const params of probe.params) {
      const net = netAround(type, probe, params);
      const before = await outcomeOf(net, probe);
      for (const value of otherValues(field)) {
        const changed = withField(net, paramKey, field.key, value);
        if ((await outcomeOf(changed, probe)) !== before) return true;
      }
    }
  }
  return false;
}

/** What the layer says when it is run with these parameters, the first time it is wrong. */
export async function errorOf(type: string, probe: Probe, params: string): Promise<string> {
  const seen: unknown[] = JSON.parse(await outcomeOf(netAround(type, probe, params), probe));
  return typeof seen.at(-1) === "string" ? String(seen.at(-1)) : "";
}

function netAround(type: string, { bottoms, tops = 1 }: Probe, params: string): NetParameter {
  const inputs = bottoms.map(
    ({ shape }, i) =>
      `layer { name: "x${i}" type: "Input" top: "x${i}" input_param { shape {
        ${shape.map((dim) => `dim: ${dim}`).join(" ")} } } }`,
  );
  const names = (prefix: string, count: number, field: string) =>
    Array.from({ length: count }, (_, i) => `${field}: "${prefix}${i}"`).join(" ");
  const text = `force_backward: true ${inputs.join("\n")}
    layer { name: "probed" type: "${type}" ${names("x", bottoms.length, "bottom")} ${names("y", tops, "top")} ${params} }`;
  return parsePrototxt(text, { message: "NetParameter" });
}

function withField(net: NetParameter, paramKey: string, key: string, value: unknown): NetParameter {
  const layer = net.layer.at(-1)!;
  const { message } = messageDescriptor("LayerParameter").byKey.get(paramKey)!;
  const given = layer[paramKey as keyof LayerParameter] as object | undefined;
  const changed = { ...(given ?? createMessage(message!)), [key]: value };
  return copyMessage(net, {
    layer: [...net.layer.slice(0, -1), copyMessage(layer, { [paramKey]: changed })],
  });
}

/** Values of the field's type, of which at least one should make a difference. */
function otherValues({ type, repeated, values, message }: FieldDescriptor): unknown[] {
  const one = () => {
    if (type === "bool") return [true, false];
    if (type === "enum") return Object.keys(values!);
    if (type === "string") return ["", "nowhere", "{'a': 1}"];
    if (message === "FillerParameter")
      return [createMessage(message, { type: "constant", value: 0.37 })];
    if (message === "BlobShape")
      return [[1], [3, 2], [7]].map((dim) => createMessage(message, { dim }));
    if (message) return [createMessage(message)];
    return [0, 1, 2, 3, -1, 0.5, -0.5, 7, 1e6];
  };
  const fitting = one().filter((value) => typeof value !== "number" || fits(type, value));
  return repeated ? [...fitting.map((value) => [value]), [1, 2]] : fitting;
}

/** Whether a field of the type can hold the number. */
function fits(type: string, value: number): boolean {
  if (type === "float" || type === "double") return true;
  return Number.isInteger(value) && (value >= 0 || !type.startsWith("u"));
}

/** Everything that can be seen of a layer in two passes, as a text; an error is the end of it. */
async function outcomeOf(param: NetParameter, probe: Probe): Promise<string> {
  const seen: unknown[] = [];
  let net: Net | undefined;
  try {
    net = await Net.load(param, { phase: "TRAIN", seed: 1, threads: 1 });
    for (let pass = 0; pass < 2; pass++) {
      fillBottoms(net, probe);
      await net.forward();
      const blobs = [...net.blobs.values(), ...(net.params.get("probed") ?? [])];
      seen.push(net.loss, ...blobs.map(({ shape, data }) => [shape, ...data]));
      await net.backward(topGradients(net));
      seen.push(...probe.bottoms.map((_, i) => [...net!.blobs.get(`x${i}`)!.diff]));
      for (const { diff } of net.params.get("probed") ?? []) seen.push([...diff]);
    }
  } catch (error) {
    seen.push(error instanceof Error ? error.message : String(error));
  } finally {
    net?.dispose();
  }
  return JSON.stringify(seen, (_, value) => (Number.isNaN(value) ? "NaN" : value));
}

function fillBottoms(net: Net, { bottoms }: Probe): void {
  bottoms.forEach(({ shape, whole }, i) => {
    const values = net.blobs.get(`x${i}`)!.data;
    for (let at = 0; at < values.length; at++) {
      values[at] = whole === undefined ? valueAt(at, shape.length + i) : at % whole;
    }
  });
}

/** Gradients of the outputs that are no losses. */
function topGradients(net: Net): Record<string, Float32Array> {
  const names = net.outputs.filter((name) => name.startsWith("y") && !net.lossWeightOf(name));
  const gradientOf = (name: string) =>
    Float32Array.from(net.blobs.get(name)!.data, (_, i) => valueAt(i, 7));
  return Object.fromEntries(names.map((name) => [name, gradientOf(name)]));
}

/** Different numbers in [-1, 1], with a zero among them. */
function valueAt(index: number, phase: number): number {
  return index === 1 ? 0 : Math.sin(2.3 * index + phase);
}
