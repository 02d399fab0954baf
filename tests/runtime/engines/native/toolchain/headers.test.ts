/** The C headers under every compiler and instruction set that is at hand; a cross compiler only looks, it need not link. */
import { execFile } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { packageRoot } from "../../../../../runtime/package-root.js";
import { baseFlags } from "../../../../../runtime/engines/native/toolchain/compile.js";
import { type Isa, isaNames, isas } from "../../../../../runtime/engines/native/toolchain/isa.js";
import { readHeaders } from "../../../../../runtime/engines/native/toolchain/read-headers.js";
import { isThere, scratch } from "./workbench.js";

const folder = scratch();
const headers = readHeaders();

test("the headers are all there, in an order that does not depend on the file system", () => {
  const names = readdirSync(join(packageRoot(), "runtime", "engines", "native", "c")).filter((name) => name.endsWith(".h"));
  expect([...headers.keys()]).toEqual(names.sort());
  for (const [name, text] of headers) expect(text.trim(), name).not.toBe("");
});

/** They include none of each other; vector.h tells their order. */
const layers = ["vector", "convert", "access", "math_integer", "math_f64", "math_f32"];

function translationUnit(isa: Isa, elementBytes: number): string {
  const texts = layers.map((name) => headers.get(`${name}.h`) ?? `#error "${name}.h is missing"`);
  return [`#define SIG_VECTOR_BYTES ${isas[isa].vectorBytes}`, `#define SIG_ELEMENT_BYTES ${elementBytes}`, ...texts, ""].join("\n");
}

const compilers = [
  { command: "gcc", arch: process.arch },
  { command: "clang-14", arch: process.arch },
  { command: "aarch64-linux-gnu-gcc", arch: "arm64" },
] as const;

for (const { command, arch } of compilers)
  for (const isa of isaNames.filter((name) => isas[name].arch === arch))
    test.for([4, 8])(
      `${command} takes the vector headers for ${isa} without a warning, elements of %i bytes`,
      async (elementBytes, { skip }) => {
        if (!isThere(command)) skip(`${command} is not installed`);
        const file = join(folder, `${command}-${isa}-${elementBytes}.c`);
        writeFileSync(file, translationUnit(isa, elementBytes));
        const flags = [
          ...baseFlags,
          ...isas[isa].flags,
          "-Wall",
          "-Wextra",
          "-Werror",
          "-Wno-psabi",
          "-Wno-unused-function",
          "-fsyntax-only",
        ];
        await promisify(execFile)(command, [...flags, file]);
      },
    );
