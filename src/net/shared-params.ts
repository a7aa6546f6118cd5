/** @file Learnable parameters of a net: multipliers, and sharing by name (BVLC Net::AppendParam). */
import type { Blob } from "../core/blob.ts";
import type { Logger } from "../core/logger.ts";
import { sameShape, shapeString } from "../core/shape.ts";
import type { LayerParameter, ParamSpec } from "../schema/index.ts";
import type { LearnableParam } from "./net-layer.ts";

interface Owner {
  readonly param: LearnableParam;
  hasLrMult: boolean;
  hasDecayMult: boolean;
}

/** A blob that uses the memory of another layer's. */
interface Sharing {
  readonly blob: Blob;
  readonly owner: Blob;
}

export class ParamTable {
  readonly learnable: LearnableParam[] = [];
  readonly #owners = new Map<string, Owner>();
  readonly #sharings: Sharing[] = [];
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Adds blob `index` of a layer: as an owner, or sharing with the earlier one of that name.
   * @param fail throws the located error for the layer
   */
  append(layer: LayerParameter, blob: Blob, index: number, fail: (problem: string) => never): void {
    const spec: ParamSpec = layer.param[index] ?? {};
    const known = spec.name ? this.#owners.get(spec.name) : undefined;
    if (known) this.#share(layer, spec, blob, known, fail);
    else this.#own(layer, spec, blob, index);
  }

  /** Lets sharing blobs use their owners' values and gradients. */
  shareMemory(): void {
    for (const { blob, owner } of this.#sharings) {
      blob.shareData(owner);
      blob.shareDiff(owner);
    }
  }

  #own(layer: LayerParameter, spec: ParamSpec, blob: Blob, index: number): void {
    const param = {
      blob,
      layerName: layer.name ?? "",
      index,
      lrMult: spec.lrMult ?? 1,
      decayMult: spec.decayMult ?? 1,
    };
    this.learnable.push(param);
    if (!spec.name) return;
    this.#owners.set(spec.name, {
      param,
      hasLrMult: spec.lrMult !== undefined,
      hasDecayMult: spec.decayMult !== undefined,
    });
  }

  #share(
    layer: LayerParameter,
    spec: ParamSpec,
    blob: Blob,
    owner: Owner,
    fail: (problem: string) => never,
  ): void {
    const { param } = owner;
    this.#logger.log(
      "info",
      "net.cpp:470",
      `Sharing parameters '${spec.name}' owned by layer '${param.layerName}', param index ${param.index}`,
    );
    const permissive = spec.shareMode === "PERMISSIVE";
    const fits = permissive
      ? blob.count === param.blob.count
      : sameShape(blob.shape, param.blob.shape);
    if (!fits) {
      fail(
        `Cannot share param '${spec.name}' owned by layer '${param.layerName}' with layer '${layer.name}'; ` +
          `${permissive ? "count" : "shape"} mismatch.  Owner layer param shape is ` +
          `${shapeString(param.blob.shape)}; sharing layer ${permissive ? "shape is" : "expects shape"} ` +
          `${shapeString(blob.shape)}`,
      );
    }
    if (spec.lrMult !== undefined) {
      if (owner.hasLrMult && spec.lrMult !== param.lrMult) {
        fail(`Shared param '${spec.name}' has mismatched lr_mult.`);
      }
      param.lrMult = spec.lrMult;
      owner.hasLrMult = true;
    }
    if (spec.decayMult !== undefined) {
      if (owner.hasDecayMult && spec.decayMult !== param.decayMult) {
        fail(`Shared param '${spec.name}' has mismatched decay_mult.`);
      }
      param.decayMult = spec.decayMult;
      owner.hasDecayMult = true;
    }
    this.#sharings.push({ blob, owner: param.blob });
  }
}
