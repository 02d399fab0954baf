import { totalmem } from "node:os";
import { humanBytes } from "../../../compiler/plan/human-bytes.js";
import { cleanCache, surveyToolchain, type ToolchainSurvey } from "../../engines/native/toolchain/survey.js";
import { engineNames, type EngineName, openEngine } from "../../engines/registry.js";
import { UserError } from "../../user-error.js";
import { precisionOf } from "../choose-engine.js";
import { exitCodes } from "../exit-codes.js";
import { jsonDocument } from "../json.js";
import { proveEngine } from "../prove-engine.js";
import { type CommonOptions, jsonFlag, type Register } from "../session.js";
import { version } from "../version.js";

type Finding = {
  readonly name: EngineName;
  readonly available: boolean;
  readonly detail: string | null;
  readonly reason: string | null;
  readonly fix: string | null;
  /** It computed a small product right, just now. */
  readonly proven: boolean;
  readonly default: boolean;
};

type DoctorOptions = CommonOptions & { readonly clean?: true };

export const registerDoctor: Register = (parent, { console, finish }) => {
  parent
    .command("doctor")
    .summary("say which engines work here, and what to do about the others")
    .description("Loads every engine and lets it compute a small product. Exits with 0 only where the default engine did.")
    .option("--clean", "remove the compiled libraries that the native engine keeps, and do nothing else")
    .option(...jsonFlag)
    .action(async (options: DoctorOptions) => {
      if (options.clean) {
        const cleaned = cleanCache();
        const { entries, bytes, folder } = cleaned;
        console.out(options.json ? jsonDocument({ cleaned }) : `removed ${count(entries)}, ${humanBytes(bytes)}, from ${folder}\n`);
        return finish(exitCodes.ok);
      }
      const chosen = await openEngine("auto", "f32", () => undefined).then(
        ({ name }) => name,
        () => null,
      );
      const engines: Finding[] = [];
      for (const name of engineNames) engines.push({ ...(await examine(name)), default: name === chosen });
      const ok = engines.some((engine) => engine.default && engine.proven);
      const native = await surveyToolchain();
      const machine = {
        sigc: version(),
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        cores: native.cores,
        memoryBytes: totalmem(),
      };
      if (options.json) console.out(jsonDocument({ ...machine, engines, native, ok }));
      else {
        const { sigc, node, platform, cores, memoryBytes } = machine;
        console.out(
          `sigc ${sigc}, node ${node}, ${platform}, ${cores} cores, ${humanBytes(memoryBytes)} of memory\n\n${engines.map(line).join("")}\n${toolchainLines(native)}`,
        );
        if (!ok) console.err("the default engine does not work here\n");
      }
      finish(ok ? exitCodes.ok : exitCodes.runtime);
    });
};

async function examine(name: EngineName): Promise<Omit<Finding, "default">> {
  try {
    const engine = await openEngine(name, precisionOf(name), () => undefined);
    const probed = await engine.probe();
    if (!probed.available) return { name, available: false, detail: null, reason: probed.reason, fix: probed.fix, proven: false };
    const fault = await proveEngine(engine, precisionOf(name));
    engine.dispose();
    return { name, available: true, detail: probed.detail, reason: fault, fix: null, proven: fault === null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { name, available: false, detail: null, reason: error.message, fix: error.help.join("; "), proven: false };
  }
}

function line({ name, available, detail, reason, fix, proven, default: isDefault }: Finding): string {
  const state = proven ? "works" : available ? "wrong" : "absent";
  const told = [detail, reason].filter((text) => text !== null).join(": ");
  return `${state.padEnd(7)} ${name.padEnd(13)} ${told}${isDefault ? " (default)" : ""}\n${fix === null || fix === "" ? "" : `${" ".repeat(22)}fix: ${fix}\n`}`;
}

function toolchainLines({ compiler, isa, cores, trouble, cache }: ToolchainSurvey): string {
  const found = trouble === null && compiler !== null ? `${compiler.path} (${compiler.version}) for ${isa}, ${cores} cores` : null;
  const { folder, entries, bytes, limitBytes } = cache;
  const kept = `${folder}: ${count(entries)}, ${humanBytes(bytes)} of at most ${humanBytes(limitBytes)}`;
  return [["compiler", found, trouble] as const, ["cache", cache.trouble === null ? kept : null, cache.trouble] as const]
    .map(
      ([name, text, problem]) =>
        `${name.padEnd(9)} ${text ?? problem?.reason ?? ""}\n${problem === null ? "" : `${" ".repeat(10)}fix: ${problem.fix}\n`}`,
    )
    .join("");
}

const count = (libraries: number): string => `${libraries} compiled ${libraries === 1 ? "library" : "libraries"}`;
