/*
 * How many multiply-adds can this machine do? Chains of them on registers alone, nothing loaded or stored, on as many threads
 * as the step uses. No kernel is faster, so that its share of this number says how much of the machine it uses.
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#if defined(__AVX512F__)
enum { VECTOR_BYTES = 64, CHAINS = 24 };
#elif defined(__AVX__)
enum { VECTOR_BYTES = 32, CHAINS = 12 };
#elif defined(__aarch64__)
enum { VECTOR_BYTES = 16, CHAINS = 24 };
#else
enum { VECTOR_BYTES = 16, CHAINS = 12 };
#endif
/* A chain waits about four cycles for itself and two to four units take turns: 8 to 16 chains keep them busy. All fit the registers. */

enum { MOST_THREADS = 1024 };

typedef float vf32 __attribute__((vector_size(VECTOR_BYTES)));
typedef double vf64 __attribute__((vector_size(VECTOR_BYTES)));

/* Read once, at run time: what the compiler could foresee it would not compute. The chains tend to 1, so nothing is denormal. */
static volatile double slope = 0.9375, rise = 0.0625;

#define DEFINE_CHAINS(NAME, SCALAR, VECTOR)                                                        \
  static double NAME(int64_t rounds) {                                                             \
    const VECTOR a = (VECTOR){0} + (SCALAR)slope, b = (VECTOR){0} + (SCALAR)rise;                  \
    VECTOR chain[CHAINS];                                                                          \
    for (int k = 0; k < CHAINS; k++) chain[k] = a * (SCALAR)k;                                     \
    for (int64_t round = 0; round < rounds; round++) {                                             \
      _Pragma("GCC unroll 32") for (int k = 0; k < CHAINS; k++) chain[k] = chain[k] * a + b;       \
    }                                                                                              \
    VECTOR sum = chain[0];                                                                         \
    for (int k = 1; k < CHAINS; k++) sum += chain[k];                                              \
    return (double)sum[0];                                                                         \
  }

DEFINE_CHAINS(chains_f32, float, vf32)
DEFINE_CHAINS(chains_f64, double, vf64)

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct team {
  int is_f64;
  int threads;
  int64_t rounds;
  atomic_int ready;
};

struct member {
  struct team *team;
  pthread_t thread;
  double begun, ended, value;
};

static void *work(void *argument) {
  struct member *me = argument;
  struct team *team = me->team;
  /* All begin together: a thread that is still being made must not lend its core to the others. */
  atomic_fetch_add(&team->ready, 1);
  while (atomic_load(&team->ready) < team->threads) {
  }
  me->begun = seconds();
  me->value = team->is_f64 ? chains_f64(team->rounds) : chains_f32(team->rounds);
  me->ended = seconds();
  return NULL;
}

/* From the first that begins to the last that ends, s; negative where the threads cannot be had. */
static double run_team(int threads, int is_f64, int64_t rounds) {
  static struct member members[MOST_THREADS];
  struct team team = {.is_f64 = is_f64, .threads = threads, .rounds = rounds};
  int made = 0;
  for (; made < threads; made++) {
    members[made] = (struct member){.team = &team};
    if (pthread_create(&members[made].thread, NULL, work, &members[made]) != 0) break;
  }
  if (made < threads) atomic_fetch_add(&team.ready, threads); /* lets those that wait go */
  double begun = 0, ended = 0, value = 0;
  for (int k = 0; k < made; k++) {
    pthread_join(members[k].thread, NULL);
    if (k == 0 || members[k].begun < begun) begun = members[k].begun;
    if (k == 0 || members[k].ended > ended) ended = members[k].ended;
    value += members[k].value;
  }
  /* Uses the chains' values, which the compiler would else not compute. No chain is negative. */
  return made < threads || value < 0 ? -1 : ended - begun;
}

/* Rounds that take about `wanted` seconds, 0 where the threads cannot be had. Doubling also brings the cores up to speed. */
__attribute__((visibility("default"))) int64_t sig_fma_rounds(int threads, int is_f64, double wanted) {
  if (threads < 1 || threads > MOST_THREADS) return 0;
  int64_t rounds = 1 << 12;
  for (; rounds < ((int64_t)1 << 40); rounds *= 2) {
    const double took = run_team(threads, is_f64, rounds);
    if (took < 0) return 0;
    if (took >= wanted / 2) return (int64_t)((double)rounds * wanted / took);
  }
  return rounds;
}

/* One run in GFLOP/s, 2 per multiply-add; negative where the threads cannot be had. Not for two callers at once. */
__attribute__((visibility("default"))) double sig_fma_trial(int threads, int is_f64, int64_t rounds) {
  const double took = threads < 1 || threads > MOST_THREADS ? -1 : run_team(threads, is_f64, rounds);
  const double lanes = VECTOR_BYTES / (is_f64 ? sizeof(double) : sizeof(float));
  return took < 0 ? -1 : 2.0 * lanes * CHAINS * (double)rounds * threads / took * 1e-9;
}
