/** @file Stopping a long piece of work at the user's wish. */
import { DataSourceError } from "../../errors.ts";

/** @throws DataSourceError when the signal was given; whoever writes then removes what is half done. */
export function checkInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new DataSourceError("interrupted; nothing was written");
}
