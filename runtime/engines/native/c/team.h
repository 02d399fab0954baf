/*
 * A team of threads. Tasks are claimed from a counter, so that a core that others slow down takes fewer of them; results never
 * depend on who took which. A worker that sleeps is not waited for: it joins a job while the job is open, or not at all.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

typedef void (*sig_task)(void *job, int64_t index, int64_t thread);

typedef struct sig_team {
  int64_t threads; /* the caller is one of them */
  _Atomic uint64_t gate; /* job number << 32 | OPEN | workers that joined */
  _Atomic int64_t next, left;
  _Atomic int32_t sleepers, stop;
  const _Atomic int32_t *cancel; /* read before each task: not 0 ends the job */
  int64_t count;
  sig_task task;
  void *job;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  pthread_t *worker;
} sig_team;

enum { SIG_GATE_OPEN = 1 << 16, SIG_GATE_JOINED = SIG_GATE_OPEN - 1, SIG_SPINS = 2000, SIG_YIELDS = 50 };

typedef struct { sig_team *team; int64_t thread; } sig_seat;

static inline void sig_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Spins shortly, then lets others run: on shared cores a spinning thread may hold the core that it waits for. */
static inline void sig_wait(int64_t round) {
  if (round < SIG_SPINS) sig_pause();
  else sched_yield();
}

static void sig_claim(sig_team *team, int64_t thread) {
  for (;;) {
    if (team->cancel && atomic_load_explicit(team->cancel, memory_order_relaxed)) return;
    const int64_t index = atomic_fetch_add_explicit(&team->next, 1, memory_order_relaxed);
    if (index >= team->count) return;
    team->task(team->job, index, thread);
  }
}

static void *sig_work(void *seat_) {
  sig_seat seat = *(sig_seat *)seat_;
  free(seat_);
  sig_team *team = seat.team;
  uint64_t last = 0;
  for (int64_t round = 0;; round++) {
    uint64_t gate = atomic_load_explicit(&team->gate, memory_order_acquire);
    if (gate >> 32 != last && (gate & SIG_GATE_OPEN)) {
      if (atomic_compare_exchange_strong(&team->gate, &gate, gate + 1)) {
        last = gate >> 32;
        sig_claim(team, seat.thread);
        atomic_fetch_add_explicit(&team->left, 1, memory_order_release);
        round = 0;
      }
      continue;
    }
    if (round < SIG_SPINS + SIG_YIELDS) {
      sig_wait(round);
      continue;
    }
    pthread_mutex_lock(&team->mutex);
    atomic_fetch_add(&team->sleepers, 1);
    while (!atomic_load(&team->stop) && !((gate = atomic_load(&team->gate)) >> 32 != last && (gate & SIG_GATE_OPEN)))
      pthread_cond_wait(&team->wake, &team->mutex);
    atomic_fetch_sub(&team->sleepers, 1);
    pthread_mutex_unlock(&team->mutex);
    if (atomic_load(&team->stop)) return NULL;
    round = 0;
  }
}

/* All of 0 … count−1, in no order. `team` is NULL where the work is too small to share, or is one task of a shared job. */
static void sig_share(sig_team *team, int64_t count, sig_task task, void *job) {
  if (team == NULL || team->threads == 1 || count <= 1) {
    for (int64_t index = 0; index < count; index++) {
      if (team && team->cancel && atomic_load_explicit(team->cancel, memory_order_relaxed)) return;
      task(job, index, 0);
    }
    return;
  }
  team->count = count;
  team->task = task;
  team->job = job;
  atomic_store_explicit(&team->next, 0, memory_order_relaxed);
  atomic_store_explicit(&team->left, 0, memory_order_relaxed);
  const uint64_t number = (atomic_load_explicit(&team->gate, memory_order_relaxed) >> 32) + 1;
  atomic_store(&team->gate, number << 32 | SIG_GATE_OPEN);
  if (atomic_load(&team->sleepers) > 0) {
    pthread_mutex_lock(&team->mutex);
    pthread_cond_broadcast(&team->wake);
    pthread_mutex_unlock(&team->mutex);
  }
  sig_claim(team, 0);
  const uint64_t closed = atomic_fetch_and(&team->gate, ~(uint64_t)SIG_GATE_OPEN);
  const int64_t joined = (int64_t)(closed & SIG_GATE_JOINED);
  for (int64_t round = 0; atomic_load_explicit(&team->left, memory_order_acquire) != joined; round++) sig_wait(round);
}

static void sig_team_close(sig_team *team) {
  if (team == NULL) return;
  pthread_mutex_lock(&team->mutex);
  atomic_store(&team->stop, 1);
  pthread_cond_broadcast(&team->wake);
  pthread_mutex_unlock(&team->mutex);
  for (int64_t k = 1; k < team->threads; k++) pthread_join(team->worker[k], NULL);
  pthread_cond_destroy(&team->wake);
  pthread_mutex_destroy(&team->mutex);
  free(team->worker);
  free(team);
}

/* Fewer threads where the system grants no more; NULL where there is no memory. */
static sig_team *sig_team_open(int64_t threads) {
  sig_team *team = calloc(1, sizeof *team);
  if (team == NULL) return NULL;
  team->worker = calloc((size_t)threads, sizeof *team->worker);
  if (team->worker == NULL) return free(team), NULL;
  pthread_mutex_init(&team->mutex, NULL);
  pthread_cond_init(&team->wake, NULL);
  team->threads = 1;
  while (team->threads < threads) {
    sig_seat *seat = malloc(sizeof *seat);
    if (seat == NULL) break;
    *seat = (sig_seat){team, team->threads};
    if (pthread_create(&team->worker[team->threads], NULL, sig_work, seat) != 0) {
      free(seat);
      break;
    }
    team->threads++;
  }
  return team;
}
