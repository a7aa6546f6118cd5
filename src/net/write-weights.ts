/** @file Writes weights, whoever holds them. */
import { writeCaffemodel as writeMessage } from "../model-file/index.ts";
import { completeMessage, type Draft, type NetParameter } from "../schema/index.ts";
import { Net } from "./net.ts";

/**
 * Writes a .caffemodel, or HDF5 where the name ends in `.h5`, whole or not at all.
 * @param net a message, such as `readCaffemodel` gives, or a net, which is then what `net.save` writes
 * @throws ModelFileError when the file cannot be written
 */
export async function writeCaffemodel(path: string, net: Draft<NetParameter> | Net): Promise<void> {
  if (net instanceof Net) await net.save(path);
  else await writeMessage(path, completeMessage("NetParameter", net));
}
