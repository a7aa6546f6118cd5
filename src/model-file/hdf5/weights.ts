/**
 * @file Weights in HDF5, as Caffe lays them out: a group `data` with a group for each layer, and in it
 * an array for each blob, called 0, 1, ... Parameters that share another layer's are left out.
 */
import { ModelFileError } from "../../errors.ts";
import {
  type BlobProto,
  type LayerParameter,
  type NetParameter,
  createMessage,
} from "../../schema/index.ts";
import { blobFromProto } from "../blob-proto.ts";
import { loadHdf5 } from "./library.ts";
import { type Hdf5Reader, readHdf5 } from "./reader.ts";
import { type Hdf5Writer, writeHdf5 } from "./writer.ts";

/** More groups inside each other than names of layers have parts: a link that leads back. */
const MAX_DEPTH = 16;
const MAX_LAYERS = 20_000;
const MAX_BLOBS = 1000;

const fromHdf5 = new WeakSet<NetParameter>();

/** Whether the weights were read from HDF5, which leaves out what another layer owns. */
export function isFromHdf5(net: NetParameter): boolean {
  return fromHdf5.has(net);
}

/** Whether this is the place of a blob that an HDF5 file leaves out, since another layer owns it. */
export function isLeftOut({ shape, data, doubleData }: BlobProto): boolean {
  return shape === undefined && data === undefined && doubleData === undefined;
}

/**
 * Reads a .caffemodel.h5. Its layers have names and blobs and nothing else: the file has no more.
 * @throws ModelFileError when the file is missing, something else, damaged or cut off
 */
export async function readHdf5Weights(path: string): Promise<NetParameter> {
  const layer = readHdf5(await loadHdf5(), path, `Couldn't open ${path}`, (file) => {
    if (file.kind("/data") !== "group") {
      const names = file.names("/").slice(0, 20).join(", ");
      throw new ModelFileError(
        `Error reading weights from ${path}: it has no group "data", but ${names || "nothing"}`,
      );
    }
    const layers: LayerParameter[] = [];
    readGroup(file, "/data", [], layers);
    if (layers.length === 0) {
      throw new ModelFileError(`${path}: no .caffemodel.h5: there are no layers in it`);
    }
    return layers;
  });
  const net = createMessage("NetParameter", { layer });
  fromHdf5.add(net);
  return net;
}

/** Reads the group of a layer; groups in it belong to layers with a "/" in their name. */
function readGroup(
  file: Hdf5Reader,
  group: string,
  name: readonly string[],
  layers: LayerParameter[],
): void {
  if (name.length > MAX_DEPTH) {
    throw new ModelFileError(`${file.name}: the groups in ${group} never end: a link leads back`);
  }
  const blobs: BlobProto[] = [];
  let isBranch = name.length === 0;
  const names = file.names(group);
  for (const child of names) {
    const path = `${group}/${child}`;
    const kind = file.kind(path);
    if (kind === "group") {
      isBranch = true;
      readGroup(file, path, [...name, child], layers);
    } else if (kind === "dataset" && name.length > 0) {
      blobs[blobIndex(file, child, path)] = readBlob(file, path);
    } else {
      throw new ModelFileError(`${file.name}: ${path} is no blob of a layer`);
    }
  }
  if (blobs.length === 0 && isBranch) return;
  if (layers.length === MAX_LAYERS) {
    throw new ModelFileError(`${file.name}: more than ${MAX_LAYERS} layers`);
  }
  const all = Array.from(blobs, (blob) => blob ?? {});
  layers.push(createMessage("LayerParameter", { name: name.join("/"), blobs: all }));
}

function blobIndex(file: Hdf5Reader, name: string, path: string): number {
  if (/^(0|[1-9]\d{0,2})$/.test(name)) return Number(name);
  throw new ModelFileError(
    `${file.name}: ${path} is no blob of a layer: these are called 0 to ${MAX_BLOBS - 1}`,
  );
}

function readBlob(file: Hdf5Reader, path: string): BlobProto {
  const array = file.array(path, path);
  return { shape: { dim: [...array.shape] }, data: file.floats(array) };
}

/**
 * Writes a .caffemodel.h5 as Caffe does: a group for each layer, and the blobs that a layer owns; with
 * a group `diff` beside `data` where there are gradients. Caffe cannot write names of layers with a
 * "/"; they become groups within groups here.
 */
export async function writeHdf5Weights(path: string, net: NetParameter): Promise<void> {
  await writeHdf5(path, (file) => {
    const withDiff = net.layer.some(({ blobs }) => blobs.some(({ diff }) => diff));
    for (const root of withDiff ? ["/data", "/diff"] : ["/data"]) {
      file.group(root);
      writeLayers(file, root, net, path);
    }
  });
}

function writeLayers(file: Hdf5Writer, root: string, { layer }: NetParameter, path: string): void {
  const groups = new Set([root]);
  const owned = new Set<string>();
  const named = new Set<string>();
  for (const { name = "", blobs, param } of layer) {
    const group = `${root}/${name}`;
    // Layers without blobs may have a name in common; what two with blobs mean is not clear.
    if (named.has(name) && blobs.length > 0) {
      throw new ModelFileError(`${path}: two layers are called "${name}"; HDF5 has room for one`);
    }
    if (blobs.length > 0) named.add(name);
    makeGroups(file, root, name, groups, path);
    for (const [index, blob] of blobs.entries()) {
      const shared = param[index]?.name;
      const isShared = shared !== undefined && shared !== "" && owned.has(shared);
      if (shared) owned.add(shared);
      // Caffe writes gradients of shared parameters for each layer.
      if (isShared && root === "/data") continue;
      const { shape, data, diff } = blobFromProto(blob, `blob ${index} of layer "${name}"`);
      const values = root === "/data" ? data : diff;
      if (values) file.floats(`${group}/${index}`, shape, values);
    }
  }
}

/** Makes the group of a layer, and those above it, where they are not there yet. */
function makeGroups(
  file: Hdf5Writer,
  root: string,
  name: string,
  groups: Set<string>,
  path: string,
): void {
  const parts = name.split("/");
  if (parts.some((part) => part === "" || part === ".")) {
    throw new ModelFileError(`${path}: HDF5 cannot hold a layer called "${name}"; rename it`);
  }
  let group = root;
  for (const part of parts) {
    group = `${group}/${part}`;
    if (groups.has(group)) continue;
    file.group(group);
    groups.add(group);
  }
}
