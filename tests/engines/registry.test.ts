import { describe, expect, test, vi } from "vitest";
import { UserError } from "../../runtime/user-error.js";
import { engineChoices, engineNames, isEngineChoice, openEngine, probeEngines } from "../../runtime/engines/registry.js";

const silent = (line: string): void => expect.fail(`said ${line}`);

// First in the file: each backend loads once in a process.
test("every engine loads without a word on the console: two copies of TensorFlow.js, or a banner, would be heard here", async () => {
  const said = [vi.spyOn(console, "warn"), vi.spyOn(console, "log"), vi.spyOn(console, "error")];
  await probeEngines();
  for (const spy of said) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
});

describe("a named engine", () => {
  test.for(["native", "reference", "planref", "tfjs:wasm", "tfjs:cpu"] as const)(
    "%s is that engine, and nothing is said",
    async (name, { skip }) => {
      const engine = await openEngine(name, "f32", silent).catch((error: unknown) => {
        if (error instanceof UserError && error.code === "SIG6501") return skip(error.message);
        throw error;
      });
      expect(engine.name).toBe(name);
      expect(engine.target("f32").engine).toBe(name);
      expect(await engine.probe()).toMatchObject({ available: true });
    },
  );

  test("that is not here is an error with a fix, never another engine", async () => {
    for (const [name, availability] of await probeEngines()) {
      if (availability.available) continue;
      await expect(openEngine(name, "f32", silent)).rejects.toThrow(expect.objectContaining({ exit: 3 }));
      expect(availability.fix).not.toBe("");
    }
  });
});

describe("a choice", () => {
  test.each(["auto", "tfjs"] as const)("%s says in one line what runs and why nothing better does", async (choice) => {
    const lines: string[] = [];
    const engine = await openEngine(choice, "f32", (line) => lines.push(line));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(new RegExp(`^engine: ${engine.name} \\(.+\\)`));
    expect(lines[0]).not.toContain("\n");
    if (engine.name === "tfjs:wasm") expect(lines[0]).toContain("not tfjs:node: ");
  });

  test("auto computes float64 on an engine that has it", async () => {
    const engine = await openEngine("auto", "f64", () => undefined);
    expect(engine.target("f64").precision).toBe("f64");
  });
});

test("names are known, others are not", () => {
  expect(engineNames).toEqual(["native", "reference", "planref", "tfjs:node-gpu", "tfjs:node", "tfjs:wasm", "tfjs:cpu"]);
  expect(engineChoices).toContain("auto");
  for (const text of ["tfjs:webgl", "", "toString", "__proto__"]) expect(isEngineChoice(text)).toBe(false);
});
