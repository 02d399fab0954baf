/* The library's door: sessions, memory, runs. Lengths are checked by the caller; nothing here prints or exits. */
#include <sys/mman.h>

#define SIG_EXPORT __attribute__((visibility("default")))

enum { SIG_HUGE_PAGE = 1 << 21 };
#define SIG_SESSION_BYTES(threads) (SIG_WORKSPACE_BYTES + SIG_HELD_BYTES + (threads) * (int64_t)SIG_LOCAL_BYTES)

/* Zeroed memory, on huge pages where the system grants them: page faults, not arithmetic, are what slows large steps down. */
SIG_EXPORT void *sig_memory_take(int64_t bytes) {
  const size_t whole = (size_t)bytes + (bytes >= SIG_HUGE_PAGE ? SIG_HUGE_PAGE : 0);
  char *base = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return NULL;
  if (bytes < SIG_HUGE_PAGE) return base;
  const uintptr_t start = ((uintptr_t)base + SIG_HUGE_PAGE - 1) & ~(uintptr_t)(SIG_HUGE_PAGE - 1);
  if (start > (uintptr_t)base) munmap(base, start - (uintptr_t)base);
  const uintptr_t end = (start + (size_t)bytes + 4095) & ~(uintptr_t)4095;
  if (end < (uintptr_t)base + whole) munmap((void *)end, (uintptr_t)base + whole - end);
#ifdef MADV_HUGEPAGE
  madvise((void *)start, (size_t)bytes, MADV_HUGEPAGE);
#endif
  return (void *)start;
}

SIG_EXPORT void sig_memory_give_back(void *memory, int64_t bytes) {
  if (memory) munmap(memory, ((size_t)bytes + 4095) & ~(size_t)4095);
}

SIG_EXPORT void sig_close(sig_session *session) {
  if (session == NULL) return;
  sig_team_close(session->team);
  sig_memory_give_back(session->workspace, session->bytes);
  free(session);
}

SIG_EXPORT sig_session *sig_open(int64_t threads) {
  sig_session *session = calloc(1, sizeof *session);
  if (session == NULL) return NULL;
  session->bytes = SIG_SESSION_BYTES(threads);
  session->workspace = sig_memory_take(session->bytes);
  session->team = sig_team_open(threads);
  if (session->workspace == NULL || session->team == NULL) return sig_close(session), NULL;
  session->team->cancel = &session->cancel;
  return session;
}

/* Lowered by the caller before a run is queued: a run that lowered it itself would miss what was raised while it waited for a thread. */
SIG_EXPORT void sig_cancel(sig_session *session, int64_t raised) { atomic_store(&session->cancel, raised != 0); }

/* 0: done; 1: cancelled. `times`: to which each call of the program adds, or NULL. */
SIG_EXPORT int64_t sig_run(sig_session *session, const int64_t *words, int64_t count, char *const *buffers, sig_call_time *times) {
  sig_block blocks[SIG_MAX_LOOPS];
  session->times = times;
  sig_walk(session, words, words + count, blocks, buffers);
  return atomic_load(&session->cancel);
}
