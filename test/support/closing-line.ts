/** @file The last line of a test run: `N passed, N failed`, with the skipped ones behind. */
import type { TestModule } from "vitest/node";

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class ClosingLine {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const { state } = test.result();
        if (state === "passed" || state === "failed" || state === "skipped") counts[state]++;
      }
      // A file that does not load has no tests, and must not pass for that.
      if (module.state() === "failed" && tests.every((t) => t.result().state !== "failed"))
        counts.failed++;
    }
    const skipped = counts.skipped ? `, ${counts.skipped} skipped` : "";
    setImmediate(() => console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`));
  }
}
