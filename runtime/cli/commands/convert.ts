import { Option } from "commander";
import { fromPeer, toPeer } from "../../convert/convert.js";
import { formatNames, type FormatName } from "../../convert/formats.js";
import { pairUp } from "../../convert/pairing.js";
import { writeSafetensors } from "../../data/safetensors.js";
import { userError } from "../../user-error.js";
import { exitCodes } from "../exit-codes.js";
import { jsonDocument } from "../json.js";
import { jsonDiagnostic } from "../json-diagnostic.js";
import { loadProgram } from "../load-program.js";
import { cliMessages } from "../messages.js";
import { collectPairs, type ProgramOptions, withProgramOptions } from "../parse-options.js";
import { printDiagnostics } from "../report.js";
import { type CommonOptions, jsonFlag, type Register } from "../session.js";

type Options = ProgramOptions &
  CommonOptions & {
    readonly from?: FormatName;
    readonly to?: FormatName;
    readonly part?: ReadonlyMap<string, string>;
    readonly out: string;
  };

export const registerConvert: Register = (parent, { console, finish }) => {
  withProgramOptions(
    parent
      .command("convert")
      .summary("take parameters over from another library, or hand them to it")
      .description("Writes the parameters of another library under a program's names, or a program's under those of the library.")
      .argument("<file>", "the program; - is stdin")
      .argument("<parameters.safetensors>", "what is converted; of a model in several files, its .safetensors.index.json"),
  )
    .addOption(new Option("--from <format>", "the library whose parameters they are").choices(formatNames).conflicts("to"))
    .addOption(new Option("--to <format>", "the library that is to read them").choices(formatNames))
    .option(
      "--part <part=path>",
      "what the program calls the part image, text, projection, scale or bias; repeatable",
      collectPairs("--part", "PART=PATH"),
    )
    .requiredOption("--out <file.safetensors>", "what is written")
    .option(...jsonFlag)
    .action((path: string, file: string, options: Options) => {
      const format = options.from ?? options.to;
      if (format === undefined) throw userError(cliMessages.noFormat, { known: formatNames.join(", ") }, 2);
      const { program, placeOf, warnings, sources } = loadProgram(path, options);
      printDiagnostics(warnings, sources, console);
      const pairing = pairUp(program, format, options.part ?? new Map(), placeOf);
      if (options.from === undefined)
        // transformers reads no file that does not say whose tensors they are.
        writeSafetensors(options.out, toPeer(file, pairing), new Map([["format", "pt"]]));
      else writeSafetensors(options.out, fromPeer(file, pairing));

      const [tensors, parameters] = [pairing.pairs.length, program.params.length];
      if (options.json)
        console.out(
          jsonDocument({
            pipeline: program.name,
            direction: options.from === undefined ? "to" : "from",
            format,
            out: options.out,
            tensors,
            parameters,
            diagnostics: warnings.map((d) => jsonDiagnostic(d, sources)),
          }),
        );
      else
        console.out(
          options.from === undefined
            ? `wrote ${options.out}: ${parameters} parameters of ${program.name} as ${tensors} tensors of ${format}\n`
            : `wrote ${options.out}: ${tensors} tensors of ${format} as ${parameters} parameters of ${program.name}\n`,
        );
      finish(exitCodes.ok);
    });
};
