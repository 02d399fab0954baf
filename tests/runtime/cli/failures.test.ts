import { truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hostArray } from "../../../runtime/data/host-array.js";
import { writeNpy } from "../../../runtime/data/npy.js";
import { writeSafetensors } from "../../../runtime/data/safetensors.js";
import { probeEngines } from "../../../runtime/engines/registry.js";
import { expectJson, scratchFolder, sigc } from "./invoke.js";

const { path, write } = scratchFolder();

const good = write(
  "good.sig",
  `pipeline good {
  batch n
  config width: int = 4
  input x: f32[n, width]
  input y: f32[n, width]
  param t: f32 = 1
  s[i, j] = t * dot(x[i], y[j])
  loss = sum[i, j](s[i, j]) / n
}
`,
);
const lossless = write("lossless.sig", "pipeline lossless {\n  batch n\n  input x: f32[n]\n  output y = x + 1\n}\n");
const wrong = write("wrong.sig", "pipeline wrong {\n  batch n\n  input x: f32[n]\n  loss = sum(z)\n}\n");
const lookup = write(
  "lookup.sig",
  "pipeline lookup {\n  batch n\n  input ids: i32[n]\n  param table: f32[7, 3] = 1\n  loss = sum[i](sum(table[ids[i]]))\n}\n",
);

const floats = (name: string, shape: readonly number[], values: readonly number[]): string => {
  writeNpy(path(name), hostArray("f32", shape, Float32Array.from(values)));
  return path(name);
};
const x = floats(
  "x.npy",
  [3, 4],
  Array.from({ length: 12 }, (_, i) => i),
);
const y = floats(
  "y.npy",
  [3, 4],
  Array.from({ length: 12 }, (_, i) => -i),
);
const longer = floats(
  "longer.npy",
  [5, 4],
  Array.from({ length: 20 }, () => 1),
);
const wide = floats(
  "wide.npy",
  [3, 6],
  Array.from({ length: 18 }, () => 1),
);
const flat = floats(
  "flat.npy",
  [12],
  Array.from({ length: 12 }, () => 1),
);
const poisoned = floats("poisoned.npy", [3, 4], [0, 0, 0, 0, 0, 0, Number.NaN, 0, 0, 0, 0, 0]);
const ids = path("ids.npy");
writeNpy(ids, hostArray("i32", [3], Int32Array.from([0, 7, 2])));
const tensors = path("tensors.safetensors");
writeSafetensors(
  tensors,
  new Map([
    ["a", hostArray("f32", [3, 4], new Float32Array(12))],
    ["stray", hostArray("f32", [], new Float32Array(1))],
  ]),
);

const truncated = path("truncated.npy");
writeNpy(truncated, hostArray("f32", [3, 4], new Float32Array(12)));
truncateSync(truncated, 140);
/** A .npy header that is followed by nothing, whatever it claims. */
const claiming = (name: string, descr: string, shape: string, fortran = "False"): string => {
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`.padEnd(117, " ").concat("\n");
  writeFileSync(
    path(name),
    Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]), Buffer.from(header)]),
  );
  return path(name);
};
const oversized = claiming("oversized.npy", "<f4", "(1099511627776, 1099511627776)");
const object = claiming("object.npy", "|O", "(3, 4)");
const lying = path("lying.safetensors");
writeFileSync(lying, Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), Buffer.from("{}")]));

const run = (first: string, ...more: string[]): readonly string[] => [
  "run",
  good,
  "--input",
  `x=${first}`,
  "--input",
  `y=${y}`,
  "--engine",
  "reference",
  ...more,
];

/** What is done, with what code, and what the person must be told. */
const failures: readonly (readonly [argv: readonly string[], exit: number, told: RegExp])[] = [
  // The command line: 2
  [["rnu"], 2, /unknown command 'rnu'[^]*help: Did you mean run\?/],
  [["run"], 2, /missing required argument 'file'/],
  [["run", good, "--jsn"], 2, /unknown option '--jsn'[^]*Did you mean --json\?/],
  [["lsp", good, "--anything"], 2, /sigc lsp is reserved/],
  [["run", good, "--engine", "tfsj"], 2, /there is no engine "tfsj"[^]*did you mean "tfjs"/],
  [["run", good, "--engine", "tfjs:cpu", "--precision", "f64", "--synthetic", "1", "--set", "n=2"], 2, /float32/],
  [["run", good, "--set", "widht=3"], 2, /there is no config or batch to --set "widht"[^]*did you mean "width"/],
  [["run", good, "--set", "width=wide"], 2, /--set width=wide: width takes/],
  [["run", good, "--set", "n=0"], 2, /--set n=0: n takes a whole number of at least 1/],
  [["run", good, "--set", "n=1", "--set", "n=2"], 2, /--set n is given twice/],
  [["run", good, "--set", "n"], 2, /--set "n" is not of the form NAME=VALUE/],
  [["run", good, "--memory", "lots"], 2, /"lots" is no amount of memory/],
  [["run", good, "--synthetic", "-1"], 2, /--synthetic "-1" is not a whole number/],
  [["run", good, "--pipeline", "god"], 2, /there is no pipeline "god"[^]*did you mean "good"/],
  [["run", good, "--input", `x=${x}`], 2, /no value is given for y/],
  [["run", good, "--input", `xx=${x}`], 2, /good has no input "xx"/],
  [["run", good, "--grad", "--synthetic", "1", "--set", "n=2"], 2, /add --out FILE.safetensors/],
  [run(x, "--param", "t=fast"), 2, /"fast" is neither a number nor/],
  [run(x, "--param", "q=1"), 2, /good has no parameter "q"/],
  [["ir", good, "--after", "dec"], 2, /there is no pass "dec"/],
  [["fmt", good, "--check", "--write"], 2, /--write' cannot be used with option '--check'/],
  // The program: 1
  [["run", wrong, "--synthetic", "1", "--set", "n=2"], 1, /wrong.sig:4:14 error SIG33/],
  [["plan", wrong], 1, /`z`/],
  [["run", lossless, "--synthetic", "1", "--set", "n=2", "--grad", "--out", path("never.safetensors")], 1, /lossless defines no loss/],
  [["train", good], 1, /good has no train block/],
  // Device, data, memory: 3
  [["check", path("absent.sig")], 3, /absent.sig: cannot be read: no such file or directory/],
  [["check", path("")], 3, /cannot be read: illegal operation on a directory/],
  [["check", ids], 3, /ids.npy: is not UTF-8 text/],
  [["run", good, "--synthetic", "1"], 3, /no array tells the size of batch n[^]*--set n=1024/],
  [run(longer), 3, /batch n is 5 by --input x=.*longer.npy and 3 by --input y=.*y.npy/],
  [run(x, "--set", "n=4"), 3, /batch n is 4 by --set n=4 and 3 by --input x=/],
  [run(wide), 3, /wide.npy has 6 along axis 1; x is declared f32\[n, 4\] \(.*good.sig:4\), which needs 4/],
  [run(flat), 3, /flat.npy has shape \[12\]/],
  [run(poisoned), 3, /poisoned.npy holds NaN at index \[1, 2\][^]*--allow-nonfinite/],
  [run(ids), 3, /x=.*ids.npy has shape \[3\]/],
  [["run", lookup, "--input", `ids=${ids}`, "--engine", "reference"], 3, /ids.npy holds 7 at index \[1\]; ids picks rows of a table of 7/],
  [run(path("absent.npy")), 3, /absent.npy: cannot be opened/],
  [run(truncated), 3, /truncated.npy: is truncated/],
  [run(oversized), 3, /oversized.npy/],
  [run(object), 3, /object.npy: elements of type \|O/],
  [run(`${lying}#a`), 3, /lying.safetensors/],
  [run(`${tensors}#b`), 3, /holds no tensor "b"[^]*it holds: a, stray/],
  [run(x, "--params", tensors), 3, /its tensor "a" is no parameter of good/],
  [
    ["run", good, "--synthetic", "1", "--set", "n=100000", "--memory", "1MiB", "--engine", "planref"],
    3,
    /error SIG5001[^]*--memory allows 1/,
  ],
  [["run", good, "--synthetic", "1", "--set", "n=300000", "--engine", "reference"], 3, /memory ran out[^]*lower the batch size/],
  [run(x, "--out", `${y}/out.safetensors`), 3, /cannot be written/],
];

describe("every way to fail has its exit code, its reason on stderr, and nothing but JSON on stdout", () => {
  test.each(failures.map(([argv, exit, told]) => [argv.map((word) => word.replace(path(""), "")).join(" "), argv, exit, told] as const))(
    "%s",
    async (_, argv, exit, told) => {
      const plain = await sigc(...argv);
      expect(plain.err).toMatch(told);
      expect([plain.exit, plain.out]).toEqual([exit, ""]);

      const json = await sigc(...argv, "--json");
      expect(json.exit).toBe(exit);
      if (argv[0] === "check" && exit === 1) return;
      if (argv[0] === "train") {
        const lines = json.out
          .trimEnd()
          .split("\n")
          .map((line) => expectJson("train", line));
        expect(lines.at(-1)?.["kind"]).toBe("failure");
        return;
      }
      const { error, diagnostics } = expectJson("failure", json.out) as { error: { exit: number } | null; diagnostics: unknown[] };
      if (error === null) expect(diagnostics.length).toBeGreaterThan(0);
      else expect(error.exit).toBe(exit);
    },
  );
});

test("a non-finite input is let through where that is asked for", async () => {
  expect((await sigc(...run(poisoned, "--allow-nonfinite"))).out).toBe("loss  NaN\n");
});

test("an engine that is not here fails by its name, with the fix, and nothing else runs in its place", async () => {
  for (const [engine, found] of await probeEngines()) {
    if (found.available) continue;
    const { exit, out, err } = await sigc("run", good, "--engine", engine, "--synthetic", "1", "--set", "n=2", "--json");
    expect([engine, exit, err.includes("help: ")]).toEqual([engine, 3, true]);
    expectJson("failure", out);
  }
});
