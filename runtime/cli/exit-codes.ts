/** What a script can rely on. */
export const exitCodes = {
  ok: 0,
  /** The `.sig` program is wrong; diagnostics say where. */
  program: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Device, data, or memory. */
  runtime: 3,
  /** A bug of ours. */
  bug: 70,
  /** SIGINT, as shells count it: 128 + 2. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
