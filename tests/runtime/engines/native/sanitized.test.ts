/**
 * The conformance suite again, every access checked: in a process of its own, for the sanitizers' runtime must be loaded before
 * Node is. That they notice what is wrong is shown in toolchain/load-library.test.ts.
 */
import { expect, test } from "vitest";
import { suiteInChild } from "../../../support/suite-in-child.js";
import { realCompiler, sanitizerEnvironment } from "./toolchain/workbench.js";

const compiler = await realCompiler();
const environment = "missing" in compiler ? null : sanitizerEnvironment(compiler.compiler);
const reason = "missing" in compiler ? compiler.missing : `no libasan for ${compiler.compiler.path}`;

test("conformance under -fsanitize=address,undefined", { timeout: 600_000 }, async ({ skip }) => {
  if (environment === null) return skip(reason);
  // What goes through tests/conformance/subjects.ts. Towers are compiled as users have them, and are made of the same ops and programs.
  const files = [
    "conformance/ops.test.ts",
    "conformance/programs.test.ts",
    "conformance/kept-tiles.test.ts",
    "native/panelled.test.ts",
    "native/contract-blocks.test.ts",
  ];
  const { code, passed, failed, output } = await suiteInChild("native", files, { ...environment, SIG_TEST_SANITIZED: "1" });
  expect(output).not.toMatch(/AddressSanitizer|runtime error:/u);
  expect({ code, failed }, output.slice(-4000)).toEqual({ code: 0, failed: 0 });
  // A run that found nothing to run would end well too.
  expect(passed).toBeGreaterThan(500);
});
