/** @file Shares of a whole, in percent. */

/** With as many places as a small class needs to be more than 0. */
export function shareText(share: number): string {
  const percent = share * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent < 0.01) return "< 0.01 %";
  return `${percent.toFixed(2)} %`;
}
