import { error } from "../../../grammar/diagnostic.js";

/** What can keep the native engine from building its libraries, keeping them, and loading them. */
export const messages = {
  noCompiler: error("SIG6501")`the native engine needs a C compiler: ${"reason"}.`.help`${"fix"}`,
  unknownIsa: error("SIG6502")`SIG_ISA=${"name"} names no instruction set of ${"arch"}.`.help`there is: ${"known"}`,
  isaBeyondCpu: error("SIG6503")`SIG_ISA=${"name"} asks for instructions that this CPU does not have; it has ${"best"}.`
    .help`unset SIG_ISA, or set it to ${"best"} or less`,
  cpuTooOld: error("SIG6506")`this CPU is older than the native engine is written for: ${"least"}.`.help`use another engine`,
  compilerStopped: error("SIG6504")`${"compiler"} did not run to its end: ${"reason"}.`
    .help`it may have run out of memory; close something and try again`,
  diskFull: error("SIG6505")`${"folder"} has no room for a compiled library.`
    .help`free some, or choose another place with SIG_CACHE_DIR and TMPDIR`.help`sigc doctor --clean removes what is cached`,
  cannotWrite: error("SIG6507")`a library cannot be built in ${"folder"}: ${"reason"}.`
    .help`choose another place with SIG_CACHE_DIR and TMPDIR`,
  cacheNotTrusted: error("SIG6510")`${"folder"} is no safe place for libraries that will be loaded: ${"reason"}.`.help`${"fix"}`
    .help`or choose another with SIG_CACHE_DIR, or build anew each time with --no-cache`,
  cacheUnusable: error("SIG6511")`SIG_CACHE_DIR=${"folder"} cannot be used: ${"reason"}.`.help`choose a folder that you can write to`,
  cacheLimit: error("SIG6512")`SIG_CACHE_MAX="${"text"}" is no amount of memory.`.help`write for example 512MiB or 2GiB`,
  noMemory: error("SIG6521")`the system grants no more memory (${"bytes"} bytes were asked for).`
    .help`lower --memory, or use a smaller batch`,
  resultTooLarge: error("SIG6522")`${"name"} is ${"bytes"} bytes; a result that leaves the engine holds ${"most"} at most.`
    .help`give what is made of it: a sum, a maximum or its largest entries`,
  notLoaded: error("SIG6520")`${"library"} does not load: ${"reason"}.`.help`${"fix"}`,
} as const;
