import { embed } from "../../eval/embed.js";
import { embeddedValues } from "../embedded-values.js";
import { evaluationDocument, type EvaluationOptions, withEvaluation, withEvaluationOptions } from "../evaluation.js";
import { RowProgress } from "../row-progress.js";
import { jsonFlag, type Register } from "../session.js";

type Options = EvaluationOptions & { readonly out: string; readonly outputs?: string };

export const registerEmbed: Register = (parent, { console, finish }) => {
  withEvaluationOptions(parent.command("embed").summary("write embeddings of a data set").argument("<file>", "the program; - is stdin"))
    .description("Computes values of the program for every example and writes them as rows, in the order of the examples.")
    .requiredOption("--out <file.safetensors>", "what is written: a tensor for each value, under its name")
    .option("--outputs <names>", "which values, with commas between (default: those that the tasks of the eval block compare)")
    .option(...jsonFlag)
    .action(async (path: string, options: Options) => {
      const exit = await withEvaluation(path, options, console, async (open) => {
        const { loaded, program, origin } = open;
        const values = embeddedValues(loaded, options.outputs);
        const progress = new RowProgress(console);
        const metadata = new Map([["pipeline", program.name], ...(origin === null ? [] : [["parameters", origin.sha256] as const])]);
        const embedded = await embed({
          ...open,
          values,
          out: options.out,
          metadata,
          placeOf: loaded.placeOf,
          onProgress: progress.tell,
        }).finally(() => progress.end());
        if (options.json)
          console.out(
            evaluationDocument(open, {
              out: options.out,
              outputs: embedded,
            }),
          );
        else {
          const types = embedded.map(({ name, dtype, shape }) => `${name} ${dtype}[${shape.join(", ")}]`);
          console.out(`wrote ${options.out}: ${types.join(", ")}\n`);
        }
      });
      finish(exit);
    });
};
