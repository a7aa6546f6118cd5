/** @file Many slow things at a time, but not too many. */

/**
 * Calls `make(0)`, `make(1)`, ... in this order, at most `limit` of them under way at a time.
 * @returns what came of them, in order; after an error no more are started
 */
export async function makeInOrder<T>(
  count: number,
  limit: number,
  make: (index: number) => T | Promise<T>,
): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  async function work(): Promise<void> {
    while (next < count) {
      const index = next++;
      try {
        results[index] = await make(index);
      } catch (error) {
        next = count;
        throw error;
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, count) }, work));
  return results;
}
