/** Where a command speaks. Results go to `out`, everything else to `err`; tests hand in their own. */
export type Console = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly colour: { readonly out: boolean; readonly err: boolean };
  /** May a line on stderr be rewritten in place? Where not, progress is a line now and then. */
  readonly liveLines: boolean;
  /** Columns of the terminal behind stderr. */
  readonly columns: number;
  /** Calls `handle` at the next SIGINT instead of ending the process; the result takes that back. A second one ends it. */
  readonly onInterrupt: (handle: () => void) => () => void;
};

type Environment = {
  readonly NO_COLOR?: string | undefined;
  readonly FORCE_COLOR?: string | undefined;
  readonly TERM?: string | undefined;
};

/** NO_COLOR beats FORCE_COLOR: whoever asked for silence gets it. */
export function wantsColour(isTty: boolean, env: Environment): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "") return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  return isTty && env.TERM !== "dumb";
}

/** Rewriting a line needs escapes as colour does, so NO_COLOR turns it off too. */
export function wantsLiveLines(isTty: boolean, env: Environment): boolean {
  return isTty && env.TERM !== "dumb" && (env.NO_COLOR === undefined || env.NO_COLOR === "");
}
