import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import {
  type Blob,
  Layer,
  type RandomSource,
  type RandomState,
  createRandom,
  loadImage,
  prefetch,
} from "cortado";

/**
 * Images of PASCAL VOC and their label images, one pair a time and each in its own size: the data
 * layer of the fully convolutional networks of Long, Shelhamer and Darrell, whose prototxts name it.
 *
 * - Tops: data (1, 3, H, W), blue, green, red less their means; label (1, 1, H, W), the palette
 *   indices of the label image: 0 to 20, and 255 for what does not count.
 * - `param_str`: a dict; `voc_dir`, the folder of a VOC year; `split`, such as train, val or
 *   seg11valid; `mean` of blue, green and red; `randomize` (True) to draw images at random where the
 *   split's name has "train" in it; `seed` (None) for an order of its own that is the same each time.
 *
 *     layer {
 *       name: "data"  type: "Python"  top: "data"  top: "label"
 *       python_param {
 *         module: "voc_layers"  layer: "VOCSegDataLayer"
 *         param_str: "{'voc_dir': 'VOC2012', 'split': 'train', 'mean': (104.00699, 116.66877, 122.67892)}"
 *       }
 *     }
 */
export class VOCSegDataLayer extends Layer {
  folder = "";
  mean: readonly number[] = [];
  inRandomOrder = true;
  draws: RandomSource = this.random;
  /** Names of the split's images, and which comes next. */
  indices: string[] = [];
  idx = 0;
  /** The next pair while it is read, and the pair that forward gives. */
  coming: Promise<Pair> | undefined;
  pair: Pair = { data: new Float32Array(), label: [], height: 0, width: 0 };

  override async setup(bottom: Blob[], top: Blob[]): Promise<void> {
    const { split, mean = [0, 0, 0], randomize = true, seed } = this.params as Settings;
    const folder = this.params[this.folderParam];
    if (typeof folder !== "string" || typeof split !== "string") {
      throw new Error(`param_str needs '${this.folderParam}' and 'split'.`);
    }
    // two tops: data and label
    if (top.length !== 2) {
      throw new Error("Need to define two tops: data and label.");
    }
    // data layers have no bottoms
    if (bottom.length !== 0) {
      throw new Error("Do not define a bottom.");
    }
    this.folder = this.resolvePath(folder);
    this.mean = mean;
    // load indices for images and labels
    const list = await readFile(this.splitFile(split), "utf8");
    this.indices = list.split(/\s+/).filter((name) => name !== "");
    if (this.indices.length === 0) {
      throw new Error(`${this.splitFile(split)} names no image.`);
    }
    // make eval deterministic
    this.inRandomOrder = randomize && split.includes("train");
    // randomization: seed and pick
    if (typeof seed === "number") this.draws = createRandom(seed);
    this.idx = this.inRandomOrder ? this.draws.integer(this.indices.length - 1) : 0;
  }

  override async prepare(): Promise<void> {
    this.coming ??= this.load(this.indices[this.idx]!);
    this.pair = await this.coming;
  }

  override reshape(_bottom: Blob[], [data, label]: [Blob, Blob]): void {
    // reshape tops to fit (leading 1 is for batch dimension)
    data.reshape(1, 3, this.pair.height, this.pair.width);
    label.reshape(1, 1, this.pair.height, this.pair.width);
  }

  override forward(_bottom: Blob[], [data, label]: [Blob, Blob]): void {
    // assign output
    data.set(this.pair.data);
    label.set(this.pair.label);
    // pick next input, and read it while the net computes
    const last = this.indices.length - 1;
    if (this.inRandomOrder) this.idx = this.draws.integer(last);
    else this.idx = this.idx === last ? 0 : this.idx + 1;
    this.coming = prefetch(this.load(this.indices[this.idx]!));
  }

  override backward(): void {}

  override saveState(): State {
    return { idx: this.idx, draws: this.draws.state() };
  }

  override restoreState({ idx, draws }: State): void {
    this.idx = idx;
    this.draws.restore(draws);
    this.coming = undefined;
  }

  /** Image and label as the net takes them: switched to BGR, the mean subtracted, the label as indices. */
  async load(name: string): Promise<Pair> {
    const [image, label] = await Promise.all([
      loadImage(this.imageFile(name)),
      loadImage(this.labelFile(name), "index"),
    ]);
    const { height, width } = image;
    if (label.height !== height || label.width !== width) {
      throw new Error(
        `${this.imageFile(name)} has ${width} x ${height} pixels, its label ${label.width} x ${label.height}.`,
      );
    }
    const data = new Float32Array(image.data.length);
    const area = height * width;
    for (let c = 0; c < 3; c++) {
      const mean = this.mean[c] ?? 0;
      for (let i = c * area; i < (c + 1) * area; i++) data[i] = image.data[i]! - mean;
    }
    return { data, label: label.data, height, width };
  }

  get folderParam(): string {
    return "voc_dir";
  }

  splitFile(split: string): string {
    return `${this.folder}/ImageSets/Segmentation/${split}.txt`;
  }

  imageFile(name: string): string {
    return `${this.folder}/JPEGImages/${name}.jpg`;
  }

  labelFile(name: string): string {
    return `${this.folder}/SegmentationClass/${name}.png`;
  }
}

/**
 * The same for the Semantic Boundaries Dataset, which has more labelled images of VOC: `sbdd_dir` in
 * place of `voc_dir`.
 *
 * Its labels are MATLAB files, which are not read here: write them as PNGs beside, once, with
 *
 *     python3 -c "import glob, scipy.io, PIL.Image
 *     for f in glob.glob('dataset/cls/*.mat'):
 *       label = scipy.io.loadmat(f)['GTcls'][0]['Segmentation'][0].astype('uint8')
 *       PIL.Image.fromarray(label).save(f[:-3] + 'png')"
 */
export class SBDDSegDataLayer extends VOCSegDataLayer {
  override get folderParam(): string {
    return "sbdd_dir";
  }

  override splitFile(split: string): string {
    return `${this.folder}/${split}.txt`;
  }

  override imageFile(name: string): string {
    return `${this.folder}/img/${name}.jpg`;
  }

  override labelFile(name: string): string {
    return `${this.folder}/cls/${name}.png`;
  }

  override async load(name: string): Promise<Pair> {
    if (existsSync(`${this.folder}/cls/${name}.mat`) && !existsSync(this.labelFile(name))) {
      throw new Error(
        `${this.folder}/cls/${name}.mat is a MATLAB file, which is not read here: write the labels ` +
          "as PNGs beside; layers/voc-layers.ts has the command",
      );
    }
    return super.load(name);
  }
}

interface Settings {
  readonly split?: unknown;
  readonly mean?: readonly number[];
  readonly randomize?: boolean;
  readonly seed?: number | null;
}

interface Pair {
  readonly data: Float32Array;
  readonly label: ArrayLike<number>;
  readonly height: number;
  readonly width: number;
}

interface State {
  readonly idx: number;
  readonly draws: RandomState;
}
