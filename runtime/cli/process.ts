/** The process behind the door: streams, signals, and the exit code. */
import { runCli } from "./cli.js";
import { type Console, wantsColour, wantsLiveLines } from "./console.js";
import { exitCodes } from "./exit-codes.js";
import { reportBug } from "./report.js";

export { type Console, runCli };

export async function runProcess(): Promise<void> {
  const argv = process.argv.slice(2);

  const console: Console = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    colour: { out: wantsColour(process.stdout.isTTY, process.env), err: wantsColour(process.stderr.isTTY, process.env) },
    liveLines: wantsLiveLines(process.stderr.isTTY, process.env),
    columns: process.stderr.columns ?? 80,
    onInterrupt: (handle) => {
      // Only while somebody listens: a handler that nobody serves would make a long synchronous run unstoppable.
      process.once("SIGINT", handle);
      return () => void process.removeListener("SIGINT", handle);
    },
  };

  // `sigc ir | head` closes the pipe early; that is the reader's right and no failure.
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(exitCodes.ok);
      throw error;
    });
  // A promise that nobody waits for can fail after the door has answered; it is still our bug.
  process.on("uncaughtException", (thrown) => process.exit(reportBug(thrown, argv, console, null)));

  const exit = await runCli(argv, console);
  // A pipe may still hold output; the callback of an empty write comes after it. An engine's threads must not keep us alive.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(exit)));
}
