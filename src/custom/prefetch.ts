/** @file Work that is begun before it is needed. */

/**
 * For a promise that is kept now and awaited in a later `prepare`: what it throws meanwhile waits
 * until then, instead of ending the process as a rejection that nobody handles.
 *
 *     this.next = prefetch(this.load(index));   // in forward
 *     this.image = await this.next;             // in prepare
 */
export function prefetch<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}
