/** @file What is used of the package `webgpu`, which is optional: the sources compile without it. */

declare module "webgpu" {
  /** Starts Dawn. @param options such as "adapter=NAME" */
  export function create(options: string[]): GPU;
}
