/** @file How much memory a process and those that it started have resident. */
import { readFileSync } from "node:fs";

const PAGE_BYTES = 4096;

/** Bytes; 0 where the system does not tell, as outside Linux. */
export function residentBytes(pid: number): number {
  try {
    // The second number of statm counts resident pages; larger pages than 4 KiB make the limit looser.
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
    const numbers = children.split(" ").filter((child) => child !== "");
    return numbers.reduce((sum, child) => sum + residentBytes(Number(child)), pages * PAGE_BYTES);
  } catch {
    return 0; // it has just ended
  }
}
