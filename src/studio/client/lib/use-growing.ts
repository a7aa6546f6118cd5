/** @file Long lists: what fits the view is drawn at once, the rest when that is on the screen. */
import { useEffect, useState } from "preact/hooks";

/** More than fit a large screen. */
const FIRST = 24;
const MORE = 400;

/** @returns how many of `total` are to be drawn by now */
export function useGrowing(total: number): number {
  const [shown, setShown] = useState(FIRST);
  useEffect(
    () => (shown < total ? whenIdle(() => setShown(shown + MORE)) : undefined),
    [shown, total],
  );
  return Math.min(shown, total);
}

/** @returns a function that calls it off */
export function whenIdle(action: () => void): () => void {
  // Safari has no such function.
  if (!("requestIdleCallback" in window)) {
    const timer = setTimeout(action, 30);
    return () => clearTimeout(timer);
  }
  const request = requestIdleCallback(action, { timeout: 100 });
  return () => cancelIdleCallback(request);
}
