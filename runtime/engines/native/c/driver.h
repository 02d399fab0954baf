/*
 * Walks a plan, which arrives as 64-bit words (see program.ts, which checks every window against its buffer): loops over
 * blocks, and calls whose offsets and extents follow the current blocks.
 */
#include <time.h>

typedef struct { int64_t nanoseconds, times; } sig_call_time;

typedef struct {
  sig_team *team;
  char *workspace;
  int64_t bytes;
  /* Loops that were entered, in all runs; and for each call that holds packed factors, in which of them it packed. */
  int64_t entries, held[SIG_HELD_CALLS];
  sig_call_time *times; /* of each call of the program in work; or NULL */
  _Atomic int32_t cancel;
} sig_session;

typedef struct { int64_t start, length, entry; } sig_block;

enum { SIG_FOR = 1, SIG_CALL = 2, SIG_CHOOSE = 3 };

static int64_t sig_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static const int64_t *sig_read_extent(const int64_t *word, const sig_block *blocks, int64_t *extent) {
  int64_t sum = 0;
  for (int64_t terms = *word++; terms > 0; terms--) {
    int64_t term = *word++;
    for (int64_t loops = *word++; loops > 0; loops--) term *= blocks[*word++].length;
    sum += term;
  }
  *extent = sum;
  return word;
}

static const int64_t *sig_read_operand(const int64_t *word, const sig_block *blocks, char *const *buffers, sig_operand *operand) {
  char *data = buffers[*word++] + word[0]; /* bytes */
  word++;
  for (int64_t bases = *word++; bases > 0; bases--, word += 2) data += blocks[word[0]].start * word[1];
  operand->data = data;
  const int64_t rank = *word++;
  for (int64_t axis = 0; axis < rank; axis++) {
    operand->stride[axis] = *word++;
    word = sig_read_extent(word, blocks, &operand->extent[axis]);
  }
  /* Panels where their edges, which nobody writes, have room too. */
  const int64_t room = *word++;
  operand->panel = 0;
  if (room) {
    const int64_t panel = sig_up(operand->extent[0], SIG_MR) * SIG_NR;
    if (SIG_NR % SIG_MR == 0 && sig_parts(operand->extent[1], SIG_NR) * panel <= room) {
      operand->panel = panel;
      operand->stride[0] = SIG_NR;
    }
  }
  return word;
}

static void sig_walk(sig_session *session, const int64_t *word, const int64_t *end, sig_block *blocks, char *const *buffers) {
  while (word < end) {
    if (atomic_load_explicit(&session->cancel, memory_order_relaxed)) return;
    if (*word == SIG_FOR) {
      const int64_t loop = word[1], extent = word[2], step = word[3], length = word[4];
      const int64_t entry = ++session->entries;
      word += 5;
      for (int64_t start = 0; start < extent; start += step) {
        blocks[loop] = (sig_block){start, extent - start < step ? extent - start : step, entry};
        sig_walk(session, word, word + length, blocks, buffers);
      }
      word += length;
      continue;
    }
    if (*word == SIG_CHOOSE) {
      const int64_t below = word[1], loops = word[2];
      int64_t turn = 0;
      word += 3;
      for (int64_t l = 0; l < loops; l++, word += 3) turn = turn * word[2] + blocks[word[0]].start / word[1];
      const int64_t *const first = word + 2, *const second = first + word[0], *const past = second + word[1];
      if (turn < below) sig_walk(session, first, second, blocks, buffers);
      else sig_walk(session, second, past, blocks, buffers);
      word = past;
      continue;
    }
    sig_call call;
    const int64_t number = word[1], kernel = word[2], share = word[3], turns = word[4], left = word[5], right = word[6], held = word[7];
    word += 8;
    call.team = share ? session->team : NULL;
    call.workspace = session->workspace;
    call.local = session->workspace + SIG_WORKSPACE_BYTES + SIG_HELD_BYTES;
    call.held_left = left < 0 ? NULL : session->workspace + SIG_WORKSPACE_BYTES + left;
    call.held_right = right < 0 ? NULL : session->workspace + SIG_WORKSPACE_BYTES + right;
    call.packed = held >= 0 && session->held[held] == blocks[turns].entry;
    const int64_t operands = *word++;
    for (int64_t k = 0; k < operands; k++) word = sig_read_operand(word, blocks, buffers, &call.operand[k]);
    const int64_t dims = *word++;
    for (int64_t k = 0; k < dims; k++) word = sig_read_extent(word, blocks, &call.extent[k]);
    const int64_t parameters = *word++;
    for (int64_t k = 0; k < parameters; k++, word += 2) call.parameter[k] = word[0] + (word[1] < 0 ? 0 : blocks[word[1]].start);
    const int64_t outs = *word++;
    for (int64_t k = 0; k < outs; k++) {
      const int64_t loops = *word++;
      call.accumulate[k] = 0;
      for (int64_t l = 0; l < loops; l++) call.accumulate[k] |= blocks[*word++].start != 0;
    }
    const int64_t begun = session->times ? sig_now() : 0;
    sig_kernels[kernel](&call);
    if (session->times) {
      session->times[number].nanoseconds += sig_now() - begun;
      session->times[number].times++;
    }
    if (held >= 0) session->held[held] = blocks[turns].entry;
  }
}
