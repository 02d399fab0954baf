/** Programs on the instruction sets below this machine's best: other vectors, other register tiles, other panels. */
import { describe, expect, test } from "vitest";
import { openCache } from "../../../../runtime/engines/native/toolchain/cache.js";
import { findToolchain } from "../../../../runtime/engines/native/toolchain/find-toolchain.js";
import { isaNames, isas } from "../../../../runtime/engines/native/toolchain/isa.js";
import { suiteInChild } from "../../../support/suite-in-child.js";
import { realCompiler } from "./toolchain/workbench.js";

const compiler = await realCompiler();
const best = "missing" in compiler ? null : (await findToolchain(openCache({ useCache: false }), { ...process.env, SIG_ISA: "" })).isa;

describe.each(isaNames.filter((name) => isas[name].arch === process.arch && name !== best))("%s", (isa) => {
  test("random programs, kept tiles, panels and blocks", { timeout: 300_000 }, async ({ skip }) => {
    if ("missing" in compiler || best === null) return skip("no C compiler");
    if (isaNames.indexOf(isa) > isaNames.indexOf(best)) return skip(`this CPU has ${best} at most`);
    const files = [
      "conformance/programs.test.ts",
      "conformance/kept-tiles.test.ts",
      "native/panelled.test.ts",
      "native/contract-blocks.test.ts",
    ];
    const { code, passed, failed, output } = await suiteInChild("native", files, { SIG_ISA: isa, SIG_PROGRAMS: "8" });
    expect({ code, failed }, output.slice(-4000)).toEqual({ code: 0, failed: 0 });
    expect(passed).toBeGreaterThan(25);
  });
});
