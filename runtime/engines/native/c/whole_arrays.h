/* gather, scatter_add, cumsum and sort over strided windows: plain loops, shared by slices that do not touch each other. */

typedef struct {
  const sig_call *call;
  int32_t axis, index_rank, rank, index_unsigned, element_bytes, reverse;
  int64_t outer, places, inner; /* how many positions before, at and behind the axis */
  int64_t chunk;
} sig_whole;

/* The element offset of a flat position among axes first … last−1 of a window, the last one fastest. */
static int64_t sig_offset(const sig_operand *operand, int first, int last, int64_t flat) {
  int64_t offset = 0;
  for (int axis = last - 1; axis >= first; axis--) {
    offset += flat % operand->extent[axis] * operand->stride[axis];
    flat /= operand->extent[axis];
  }
  return offset;
}
static int64_t sig_positions(const sig_operand *operand, int first, int last) {
  int64_t count = 1;
  for (int axis = first; axis < last; axis++) count *= operand->extent[axis];
  return count;
}
static int64_t sig_index_at(const sig_whole *w, int64_t place) {
  const sig_operand *index = &w->call->operand[1];
  const char *at = index->data + 4 * sig_offset(index, 0, w->index_rank, place);
  return w->index_unsigned ? (int64_t)*(const uint32_t *)at : (int64_t)*(const int32_t *)at;
}

static void sig_gather_task(void *job, int64_t task, int64_t thread) {
  const sig_whole *w = job;
  const sig_operand *x = &w->call->operand[0], *out = &w->call->operand[2];
  const int64_t bytes = w->element_bytes, limit = x->extent[w->axis];
  const int from = w->axis + 1, to = w->axis + w->index_rank;
  /* The innermost axis goes as one copy where it is dense on both sides. */
  const int64_t run = w->rank > from ? x->extent[w->rank - 1] : 1;
  const int64_t step = w->rank > from ? x->stride[w->rank - 1] : 1, out_step = w->rank > from ? out->stride[w->rank - 2 + w->index_rank] : 1;
  (void)thread;
  for (int64_t flat = task * w->chunk; flat < sig_least((task + 1) * w->chunk, w->outer * w->places); flat++) {
    const int64_t outer = flat / w->places, place = flat % w->places, row = sig_index_at(w, place);
    const char *source = x->data + bytes * (sig_offset(x, 0, w->axis, outer) + row * x->stride[w->axis]);
    char *target = out->data + bytes * (sig_offset(out, 0, w->axis, outer) + sig_offset(out, w->axis, to, place));
    for (int64_t inner = 0; inner < w->inner; inner += run) {
      char *into = target + bytes * sig_offset(out, to, w->rank - 1 + w->index_rank, inner);
      if (row < 0 || row >= limit) {
        for (int64_t k = 0; k < run; k++) memset(into + k * out_step * bytes, 0, (size_t)bytes);
        continue;
      }
      const char *value = source + bytes * sig_offset(x, from, w->rank, inner);
      if (step == 1 && out_step == 1) memcpy(into, value, (size_t)(run * bytes));
      else
        for (int64_t k = 0; k < run; k++) memcpy(into + k * out_step * bytes, value + k * step * bytes, (size_t)bytes);
    }
  }
}

static void sig_gather(const sig_call *call, int axis, int rank, int index_rank, int index_unsigned, int element_bytes) {
  sig_whole w = {.call = call, .axis = axis, .rank = rank, .index_rank = index_rank, .index_unsigned = index_unsigned, .element_bytes = element_bytes};
  w.outer = sig_positions(&call->operand[0], 0, axis);
  w.places = sig_positions(&call->operand[1], 0, index_rank);
  w.inner = sig_positions(&call->operand[0], axis + 1, rank);
  w.chunk = sig_most(1, 8192 / sig_most(1, w.inner));
  if (w.inner == 0 || w.outer * w.places == 0) return;
  sig_share(call->team, (w.outer * w.places + w.chunk - 1) / w.chunk, sig_gather_task, &w);
}

/* Updates are added in their order; threads take different positions behind the axis or before it, never the same element. */
#define SIG_SCATTER(name, type)                                                                                                   \
  static void sig_scatter_task_##name(void *job, int64_t task, int64_t thread) {                                                  \
    const sig_whole *w = job;                                                                                                      \
    const sig_operand *x = &w->call->operand[0], *out = &w->call->operand[2];                                                      \
    const int from = w->axis + w->index_rank, to = w->axis + 1, rank = w->rank;                                                    \
    const int64_t limit = out->extent[w->axis], chunks = (w->inner + w->chunk - 1) / w->chunk;                                     \
    const int64_t outer = task / chunks, first = task % chunks * w->chunk, last = sig_least(first + w->chunk, w->inner);           \
    (void)thread;                                                                                                                  \
    char *base = out->data + sizeof(type) * sig_offset(out, 0, w->axis, outer);                                                    \
    if (!w->call->accumulate[0])                                                                                                   \
      for (int64_t row = 0; row < limit; row++)                                                                                    \
        for (int64_t inner = first; inner < last; inner++)                                                                         \
          ((type *)base)[row * out->stride[w->axis] + sig_offset(out, to, rank, inner)] = 0;                                       \
    for (int64_t place = 0; place < w->places; place++) {                                                                          \
      const int64_t row = sig_index_at(w, place);                                                                                  \
      if (row < 0 || row >= limit) continue;                                                                                       \
      type *into = (type *)base + row * out->stride[w->axis];                                                                      \
      const type *value = (const type *)x->data + sig_offset(x, 0, w->axis, outer) + sig_offset(x, w->axis, from, place);          \
      if (rank == to + 1)                                                                                                          \
        for (int64_t inner = first; inner < last; inner++) into[inner * out->stride[to]] += value[inner * x->stride[from]];        \
      else                                                                                                                         \
        for (int64_t inner = first; inner < last; inner++)                                                                         \
          into[sig_offset(out, to, rank, inner)] += value[sig_offset(x, from, rank - 1 + w->index_rank, inner)];                   \
    }                                                                                                                              \
  }
SIG_SCATTER(f32, float)
SIG_SCATTER(f64, double)
SIG_SCATTER(i32, uint32_t)
SIG_SCATTER(u32, uint32_t)

/* `rank`: of the result. */
static void sig_scatter_add(const sig_call *call, int axis, int rank, int index_rank, int index_unsigned, sig_task task) {
  sig_whole w = {.call = call, .axis = axis, .rank = rank, .index_rank = index_rank, .index_unsigned = index_unsigned};
  w.outer = sig_positions(&call->operand[2], 0, axis);
  w.places = sig_positions(&call->operand[1], 0, index_rank);
  w.inner = sig_positions(&call->operand[2], axis + 1, rank);
  w.chunk = 64;
  sig_share(call->team, w.outer * ((w.inner + w.chunk - 1) / w.chunk), task, &w);
}

/* The slice's first elements in x and in the result: all axes but one. */
static void sig_slice(const sig_whole *w, int64_t slice, int64_t *from, int64_t *to) {
  const sig_operand *x = &w->call->operand[0], *out = &w->call->operand[1];
  const int64_t outer = slice / w->inner, inner = slice % w->inner;
  *from = sig_offset(x, 0, w->axis, outer) + sig_offset(x, w->axis + 1, w->rank, inner);
  *to = sig_offset(out, 0, w->axis, outer) + sig_offset(out, w->axis + 1, w->rank, inner);
}

#define SIG_CUMSUM(name, type, total_type)                                                                                        \
  static void sig_cumsum_task_##name(void *job, int64_t task, int64_t thread) {                                                   \
    const sig_whole *w = job;                                                                                                      \
    const sig_operand *x = &w->call->operand[0], *out = &w->call->operand[1];                                                      \
    const int64_t n = x->extent[w->axis];                                                                                          \
    int64_t from, to;                                                                                                              \
    (void)thread;                                                                                                                  \
    sig_slice(w, task, &from, &to);                                                                                                \
    total_type total = 0;                                                                                                          \
    for (int64_t step = 0; step < n; step++) {                                                                                     \
      const int64_t k = w->reverse ? n - 1 - step : step;                                                                          \
      total += ((const type *)x->data)[from + k * x->stride[w->axis]];                                                             \
      ((type *)out->data)[to + k * out->stride[w->axis]] = (type)total;                                                            \
    }                                                                                                                              \
  }
SIG_CUMSUM(f32, float, double)
SIG_CUMSUM(f64, double, double)
SIG_CUMSUM(i32, uint32_t, uint32_t)
SIG_CUMSUM(u32, uint32_t, uint32_t)

/* Rising, NaN last; a heap in the result's own bytes, whatever its stride. */
#define SIG_SORT(name, type)                                                                                                      \
  static int sig_before_##name(type a, type b) { return b != b ? a == a : a < b; }                                                 \
  static void sig_sift_##name(type *x, int64_t step, int64_t root, int64_t n) {                                                    \
    const type moving = x[root * step];                                                                                            \
    for (int64_t child; (child = 2 * root + 1) < n; root = child) {                                                                \
      if (child + 1 < n && sig_before_##name(x[child * step], x[(child + 1) * step])) child++;                                     \
      if (!sig_before_##name(moving, x[child * step])) break;                                                                      \
      x[root * step] = x[child * step];                                                                                            \
    }                                                                                                                              \
    x[root * step] = moving;                                                                                                       \
  }                                                                                                                                \
  static void sig_sort_task_##name(void *job, int64_t task, int64_t thread) {                                                     \
    const sig_whole *w = job;                                                                                                      \
    const sig_operand *x = &w->call->operand[0], *out = &w->call->operand[1];                                                      \
    const int64_t n = x->extent[w->axis], step = out->stride[w->axis];                                                             \
    int64_t from, to;                                                                                                              \
    (void)thread;                                                                                                                  \
    sig_slice(w, task, &from, &to);                                                                                                \
    type *into = (type *)out->data + to;                                                                                           \
    for (int64_t k = 0; k < n; k++) into[k * step] = ((const type *)x->data)[from + k * x->stride[w->axis]];                       \
    for (int64_t root = n / 2; root-- > 0;) sig_sift_##name(into, step, root, n);                                                  \
    for (int64_t last = n - 1; last > 0; last--) {                                                                                 \
      const type largest = into[0];                                                                                                \
      into[0] = into[last * step];                                                                                                 \
      into[last * step] = largest;                                                                                                 \
      sig_sift_##name(into, step, 0, last);                                                                                        \
    }                                                                                                                              \
  }
SIG_SORT(f32, float)
SIG_SORT(f64, double)
SIG_SORT(i32, int32_t)
SIG_SORT(u32, uint32_t)

static void sig_slices(const sig_call *call, int axis, int rank, int reverse, sig_task task) {
  sig_whole w = {.call = call, .axis = axis, .rank = rank, .reverse = reverse};
  w.outer = sig_positions(&call->operand[0], 0, axis);
  w.inner = sig_positions(&call->operand[0], axis + 1, rank);
  sig_share(call->team, w.outer * w.inner, task, &w);
}
