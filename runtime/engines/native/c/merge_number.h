/*
 * Points that meet in one element of a result, in vectors. Included once per element type with
 *   T  f32, f64, i32 or u32: the suffix of what is defined here;  T_ELEMENT  its C type;  V  its vector
 *   TOTAL  f64 or u32: what sums are kept in beyond a few hundred terms
 *
 * A state has one part per lane. `take` adds a vector of values where `live` is set, `join` another state behind this one, lane by
 * lane; `lane` reads one out, `fold` joins all lanes: sums in rising order, others in pairs of pairs. What is one number ends in
 * _s, and `put` stores or merges it into what is there, which the caller hands in.
 */
#define SIG_T(name) SIG_JOIN(name, T)

/* Sums: lanes of T for at most SIG_SUM_RUN terms, then wider. */
typedef struct { V part; SIG_JOIN(vector, TOTAL) total; } SIG_T(sum);
typedef SIG_JOIN(number, TOTAL) SIG_T(sum_s);
SIG_INLINE void SIG_T(sum_start)(SIG_T(sum) *s) { *s = (SIG_T(sum)){0}; }
SIG_INLINE void SIG_T(sum_take)(SIG_T(sum) *s, V x, i32v live) { s->part += SIG_T(select)(SIG_T(mask)(live), x, (V){0}); }
SIG_INLINE void SIG_T(sum_flush)(SIG_T(sum) *s) {
  s->total += __builtin_convertvector(s->part, SIG_JOIN(vector, TOTAL));
  s->part = (V){0};
}
SIG_INLINE void SIG_T(sum_join)(SIG_T(sum) *s, const SIG_T(sum) *t) { s->total += t->total + __builtin_convertvector(t->part, SIG_JOIN(vector, TOTAL)); }
SIG_INLINE SIG_T(sum_s) SIG_T(sum_lane)(const SIG_T(sum) *s, int lane) { return s->total[lane] + (SIG_JOIN(number, TOTAL))s->part[lane]; }
SIG_INLINE SIG_T(sum_s) SIG_T(sum_fold)(const SIG_T(sum) *s) {
  SIG_T(sum_s) all = 0;
  for (int lane = 0; lane < SIG_LANES; lane++) all += SIG_T(sum_lane)(s, lane);
  return all;
}
SIG_INLINE SIG_T(sum_s) SIG_T(sum_put)(SIG_T(sum_s) s, SIG_T(sum_s) stored, int merges) { return merges ? stored + s : s; }

#define SIG_EXTREME(name, better, none)                                                                                          \
  typedef struct { V best; } SIG_T(name);                                                                                        \
  typedef T_ELEMENT SIG_T(name##_s);                                                                                                     \
  SIG_INLINE void SIG_T(name##_start)(SIG_T(name) *s) { s->best = SIG_T(splat)(none); }                                          \
  SIG_INLINE void SIG_T(name##_take)(SIG_T(name) *s, V x, i32v live) {                                                           \
    s->best = SIG_T(select)(SIG_T(mask)(live), SIG_T(better)(s->best, x), s->best);                                              \
  }                                                                                                                              \
  SIG_INLINE void SIG_T(name##_flush)(SIG_T(name) *s) { (void)s; }                                                               \
  SIG_INLINE void SIG_T(name##_join)(SIG_T(name) *s, const SIG_T(name) *t) { s->best = SIG_T(better)(s->best, t->best); }        \
  SIG_INLINE SIG_T(name##_s) SIG_T(name##_lane)(const SIG_T(name) *s, int lane) { return s->best[lane]; }                        \
  SIG_INLINE SIG_T(name##_s) SIG_T(name##_fold)(const SIG_T(name) *s) {                                                          \
    V best = s->best;                                                                                                            \
    SIG_UNROLL for (int step = 1; step < SIG_LANES; step *= 2)                                                                   \
      best = SIG_T(better)(SIG_T(exchange_low)(best, best, step), SIG_T(exchange_high)(best, best, step));                       \
    return best[0];                                                                                                              \
  }                                                                                                                              \
  SIG_INLINE T_ELEMENT SIG_T(name##_put)(SIG_T(name##_s) s, T_ELEMENT stored, int merges) {                                \
    return merges ? SIG_T(better)(SIG_T(splat)(stored), SIG_T(splat)(s))[0] : s;                                                 \
  }
SIG_EXTREME(max, maximum, SIG_T(LOWEST))
SIG_EXTREME(min, minimum, SIG_T(HIGHEST))
#undef SIG_EXTREME

#undef SIG_T
#undef T
#undef T_ELEMENT
#undef V
#undef TOTAL
