/** @file Prototxts of random nets. */
import { createRandom } from "../../src/core/random.ts";
import { drawer } from "./nd.ts";

const SHAPE = "shape { dim: 2 dim: 3 }";
const UNIFORM = '{ type: "uniform" min: -0.6 max: 0.6 }';

/** A net of smooth layers, in which blobs have any number of readers, weights are shared and losses weighted. */
export function randomNet(seed: number): string {
  const d = drawer(createRandom(seed));
  const layers = [
    `layer { name: "in" type: "Input" top: "b0" top: "b1" input_param { ${SHAPE} } }`,
    `layer { name: "first" type: "InnerProduct" bottom: "b0" top: "b2" ${innerProduct("")} }`,
  ];
  const blobs = ["b0", "b1", "b2"];
  const count = d.integer(3, 8);
  for (let i = 0; i < count; i++) {
    const [a, b] = [d.pick(...blobs), d.pick(...blobs)];
    const name = `name: "l${i}"`;
    const weight = d.chance(0.3) ? `loss_weight: ${d.pick(0.5, 1, 2)}` : "";
    const top = `top: "t${i}"`;
    const shared = d.chance(0.4) ? 'param { name: "w" }' : "";
    layers.push(
      d.pick(
        `layer { ${name} type: "InnerProduct" bottom: "${a}" ${top} ${weight} ${innerProduct(shared)} }`,
        `layer { ${name} type: "TanH" bottom: "${a}" ${top} ${weight} }`,
        `layer { ${name} type: "Eltwise" bottom: "${a}" bottom: "${b}" ${top} ${weight} }`,
        `layer { ${name} type: "EuclideanLoss" bottom: "${a}" bottom: "${b}" top: "loss${i}" ${weight} }`,
        `layer { ${name} type: "${d.pick("Flatten", "Concat", "Slice")}" bottom: "${a}" ${top} ${weight} }`,
        `layer { ${name} type: "Split" bottom: "${a}" ${top} top: "s${i}" }`,
      ),
    );
    const last = layers.at(-1)!;
    if (last.includes(top)) blobs.push(`t${i}`);
    const mayChange = /InnerProduct|Eltwise/.test(last) && weight === "";
    if (mayChange && d.chance(0.4)) {
      layers.push(`layer { name: "n${i}" type: "TanH" bottom: "t${i}" top: "t${i}" }`);
    }
    if (last.includes(`top: "s${i}"`)) blobs.push(`s${i}`);
  }
  layers.push(
    `layer { name: "end" type: "EuclideanLoss" bottom: "${blobs.at(-1)}" bottom: "b1" top: "loss" }`,
  );
  return layers.join("\n");
}

function innerProduct(param: string): string {
  return `${param} inner_product_param { num_output: 3 weight_filler ${UNIFORM} bias_filler ${UNIFORM} }`;
}
