/** Instruction sets by name. `-march=native` would let two machines that share a cache load each other's code. */
import { userError } from "../../../user-error.js";
import { messages } from "../messages.js";
import type { Environment } from "./find-compiler.js";

type IsaFacts = {
  /** As Node names it. */
  readonly arch: "x64" | "arm64";
  readonly vectorBytes: 16 | 32 | 64;
  readonly flags: readonly string[];
};

/** Within an architecture the least first. */
export const isas = {
  "x86-64-v2": { arch: "x64", vectorBytes: 16, flags: ["-march=x86-64-v2"] },
  "x86-64-v3": { arch: "x64", vectorBytes: 32, flags: ["-march=x86-64-v3"] },
  // Compilers prefer 256 bits here, for old CPUs that slow down; our kernels are dense enough to gain all the same.
  "x86-64-v4": { arch: "x64", vectorBytes: 64, flags: ["-march=x86-64-v4", "-mprefer-vector-width=512"] },
  "armv8-a": { arch: "arm64", vectorBytes: 16, flags: ["-march=armv8-a"] },
} as const satisfies Record<string, IsaFacts>;

export type Isa = keyof typeof isas;

export const isaNames: readonly Isa[] = Object.keys(isas).filter((name): name is Isa => Object.hasOwn(isas, name));

const ofArch = (arch: string): readonly Isa[] => isaNames.filter((name) => isas[name].arch === arch);

/**
 * Answers with the place of the best instruction set in the list of its architecture, or -1 for a CPU below the least.
 * __builtin_cpu_supports asks the operating system too: without saved zmm registers there is no AVX-512. It has no name
 * for a whole level before GCC 12, nor for LZCNT, MOVBE, F16C and CMPXCHG16B in every compiler; virtual machines hide some.
 */
export const probeSource = `#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#if __clang_major__ < 14
#error "clang 14 or newer is needed"
#endif
#elif !defined(__GNUC__) || __GNUC__ < 11
#error "gcc 11 or clang 14 or newer is needed"
#endif

#if defined(__x86_64__)
#include <cpuid.h>
#define HAS(feature) (__builtin_cpu_supports(feature) != 0)

int32_t sig_best_isa(void) {
  unsigned eax, ebx, ecx = 0, edx, extended = 0;
  __builtin_cpu_init();
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  __get_cpuid(0x80000001u, &eax, &ebx, &extended, &edx);
  const int cmpxchg16b = ecx >> 13 & 1, movbe = ecx >> 22 & 1, f16c = ecx >> 29 & 1, lahf = extended & 1, lzcnt = extended >> 5 & 1;
  const int v2 = cmpxchg16b && lahf && HAS("popcnt") && HAS("sse3") && HAS("ssse3") && HAS("sse4.1") && HAS("sse4.2");
  const int v3 = v2 && movbe && f16c && lzcnt && HAS("avx") && HAS("avx2") && HAS("bmi") && HAS("bmi2") && HAS("fma");
  const int v4 = v3 && HAS("avx512f") && HAS("avx512bw") && HAS("avx512cd") && HAS("avx512dq") && HAS("avx512vl");
  return v4 ? 2 : v3 ? 1 : v2 ? 0 : -1;
}
#elif defined(__aarch64__)
int32_t sig_best_isa(void) { return 0; }
#else
#error "only x86-64 and 64-bit ARM are supported"
#endif
`;

/** What `sig_best_isa` answered, by name; null for a CPU that is too old. */
export const bestIsa = (answer: number, arch: string = process.arch): Isa | null => ofArch(arch)[answer] ?? null;

/** SIG_ISA picks a lesser one, for tests and comparisons; one that this CPU lacks would end in an illegal instruction. */
export function chooseIsa(best: Isa, environment: Environment = process.env): Isa {
  const name = environment["SIG_ISA"] ?? "";
  if (name === "") return best;
  const known = ofArch(isas[best].arch);
  const wanted = known.find((isa) => isa === name);
  if (wanted === undefined) throw userError(messages.unknownIsa, { name, arch: isas[best].arch, known: known.join(", ") }, 2);
  if (known.indexOf(wanted) > known.indexOf(best)) throw userError(messages.isaBeyondCpu, { name, best }, 2);
  return wanted;
}
