import { diagnose } from "../../../grammar/diagnostic.js";
import { evaluateTasks } from "../../eval/evaluate.js";
import { jsonTask, taskText } from "../eval-document.js";
import { evaluationDocument, type EvaluationOptions, withEvaluation, withEvaluationOptions } from "../evaluation.js";
import { cliMessages } from "../messages.js";
import { ProgramRefused } from "../program-refused.js";
import { RowProgress } from "../row-progress.js";
import { jsonFlag, type Register } from "../session.js";

export const registerEval: Register = (parent, { console, finish }) => {
  withEvaluationOptions(
    parent.command("eval").summary("measure retrieval and zero-shot classification").argument("<file>", "the program; - is stdin"),
  )
    .description("Measures the tasks of the program's eval block with trained parameters, and prints a table of each.")
    .option(...jsonFlag)
    .action(async (path: string, options: EvaluationOptions) => {
      const exit = await withEvaluation(path, options, console, async (open) => {
        const { loaded, program } = open;
        const spec = program.evaluation;
        if (spec === null)
          throw new ProgramRefused([diagnose(cliMessages.noTask, program.span, { pipeline: program.name })], loaded.sources);
        const progress = new RowProgress(console);
        const results = await evaluateTasks({ ...open, spec, placeOf: loaded.placeOf, onProgress: progress.tell }).finally(() =>
          progress.end(),
        );
        if (options.json)
          console.out(
            evaluationDocument(open, {
              tasks: results.map(jsonTask),
            }),
          );
        else console.out(results.map(taskText).join("\n"));
      });
      finish(exit);
    });
};
