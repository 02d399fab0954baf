import { availableParallelism, totalmem } from "node:os";
import { humanBytes } from "../../../compiler/plan/human-bytes.js";
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

export const registerDoctor: Register = (parent, { console, finish }) => {
  parent
    .command("doctor")
    .summary("say which engines work here, and what to do about the others")
    .description("Loads every engine and lets it compute a small product. Exits with 0 only where the default engine did.")
    .option(...jsonFlag)
    .action(async (options: CommonOptions) => {
      const chosen = await openEngine("auto", "f32", () => undefined).then(
        ({ name }) => name,
        () => null,
      );
      const engines: Finding[] = [];
      for (const name of engineNames) engines.push({ ...(await examine(name)), default: name === chosen });
      const ok = engines.some((engine) => engine.default && engine.proven);
      const machine = {
        sigc: version(),
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        cores: availableParallelism(),
        memoryBytes: totalmem(),
      };
      if (options.json) console.out(jsonDocument({ ...machine, engines, ok }));
      else {
        const { sigc, node, platform, cores, memoryBytes } = machine;
        console.out(
          `sigc ${sigc}, node ${node}, ${platform}, ${cores} cores, ${humanBytes(memoryBytes)} of memory\n\n${engines.map(line).join("")}`,
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
