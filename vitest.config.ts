import { defineConfig } from "vitest/config";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Ends the run with one plain line that a person or a script can read: `812 passed, 0 failed`. */
const closingLine: Reporter = {
  onTestRunEnd(modules: readonly TestModule[], errors) {
    const tests = modules.flatMap((module): readonly TestCase[] => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    // A file that does not load has no tests to count, and must not read as a success.
    const broken = modules.filter((module) => module.state() === "failed" && module.errors().length > 0).length + errors.length;
    for (const test of tests.filter((test) => test.result().state === "skipped")) {
      const { note } = test.result() as { readonly note?: string };
      process.stdout.write(`skipped: ${test.fullName}${note === undefined ? "" : ` (${note})`}\n`);
    }
    process.stdout.write(`${count("passed")} passed, ${count("failed") + broken} failed\n`);
  },
};

/** They share one process each: what they test is pure, and a compiler that is loaded and warm takes half the time. */
const pure = ["tests/{compiler,property,docs}/**/*.test.ts"];

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: "pure", include: pure, isolate: false } },
      { extends: true, test: { name: "apart", include: ["tests/**/*.test.ts"], exclude: pure } },
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", closingLine],
  },
});
