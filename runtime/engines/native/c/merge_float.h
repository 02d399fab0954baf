/* Merges that only floats have, and ranks. As merge_number.h. */
#define SIG_T(name) SIG_JOIN(name, T)

/*
 * A value that was seen and the sum of exponentials relative to it: no overflow, one pass. The value moves only where another lies
 * more than SIG_LOGSUMEXP_SLACK above it, so that most terms cost one exponential and no more. Each lane moves by itself: what
 * becomes of it does not depend on its neighbours. −∞ adds nothing, +∞ and NaN stay.
 */
typedef struct { V high, sum; } SIG_T(logsumexp);
typedef struct { double high, sum; } SIG_T(logsumexp_s);
SIG_INLINE void SIG_T(logsumexp_start)(SIG_T(logsumexp) *s) { *s = (SIG_T(logsumexp)){SIG_T(splat)(-SIG_INFINITY), (V){0}}; }
SIG_INLINE void SIG_T(logsumexp_take)(SIG_T(logsumexp) *s, V x_, i32v live) {
  const V x = SIG_T(select)(SIG_T(mask)(live), x_, SIG_T(splat)(-SIG_INFINITY));
  const V over = x - s->high;
  const SIG_T(maskv) moves = ~(over <= SIG_LOGSUMEXP_SLACK); /* NaN too: nothing was seen, or infinities */
  const V stays = s->sum + SIG_T(exp_small)(over);
  if (!any_lane(SIG_T(narrow)(moves))) {
    s->sum = stays;
    return;
  }
  const SIG_T(maskv) same = x == s->high, above = x > s->high, nothing = x == SIG_T(splat)(-SIG_INFINITY);
  const V below = SIG_T(exp)(SIG_T(select)(same, (V){0}, -SIG_T(abs)(over)));
  const V moved = SIG_T(select)(nothing, s->sum, SIG_T(select)(above, s->sum * below + 1, s->sum + below));
  s->sum = SIG_T(select)(moves, moved, stays);
  s->high = SIG_T(select)(moves, SIG_T(maximum)(s->high, x), s->high);
}
SIG_INLINE void SIG_T(logsumexp_flush)(SIG_T(logsumexp) *s) { (void)s; }
SIG_INLINE void SIG_T(logsumexp_join)(SIG_T(logsumexp) *s, const SIG_T(logsumexp) *t) {
  const V high = SIG_T(maximum)(s->high, t->high);
  const V a = SIG_T(select)(s->high == high, (V){0} + 1, SIG_T(exp)(s->high - high));
  const V b = SIG_T(select)(t->high == high, (V){0} + 1, SIG_T(exp)(t->high - high));
  s->sum = a * s->sum + b * t->sum;
  s->high = high;
}
SIG_INLINE SIG_T(logsumexp_s) SIG_T(logsumexp_lane)(const SIG_T(logsumexp) *s, int lane) {
  return (SIG_T(logsumexp_s)){s->high[lane], s->sum[lane]};
}
SIG_INLINE SIG_T(logsumexp_s) SIG_T(logsumexp_fold)(const SIG_T(logsumexp) *s) {
  const V all = SIG_T(splat)(SIG_T(max_fold)(&(SIG_T(max)){s->high}));
  const V part = s->sum * SIG_T(select)(s->high == all, (V){0} + 1, SIG_T(exp)(s->high - all));
  double sum = 0;
  for (int lane = 0; lane < SIG_LANES; lane++) sum += part[lane];
  return (SIG_T(logsumexp_s)){all[0], sum};
}
SIG_INLINE double SIG_T(logsumexp_put)(SIG_T(logsumexp_s) s, double stored, int merges) {
  const double mine = s.high - s.high == 0 ? s.high + log(s.sum) : s.high;
  if (!merges) return mine;
  if (mine != mine || stored != stored) return mine + stored;
  const double low = mine < stored ? mine : stored, high = mine < stored ? stored : mine;
  return high - high == 0 ? high + log1p(exp(low - high)) : high;
}

/* Ranks: the largest first, NaN above all, ties to the lower index. */
SIG_INLINE int SIG_T(outranks)(T_ELEMENT x, int32_t i, T_ELEMENT y, int32_t j) {
  if (x != x || y != y) return (x != x) == (y != y) ? i < j : x != x;
  return x > y || (x == y && i < j);
}

typedef struct { V key; i32v index; } SIG_T(argmax);
typedef struct { T_ELEMENT key; int32_t index; } SIG_T(argmax_s);
SIG_INLINE void SIG_T(argmax_start)(SIG_T(argmax) *s) { *s = (SIG_T(argmax)){SIG_T(splat)(-SIG_INFINITY), splat_i32(SIG_NO_INDEX)}; }
SIG_INLINE void SIG_T(argmax_take)(SIG_T(argmax) *s, V x, i32v i, i32v live) {
  const i32v nan = SIG_T(narrow)(x != x), was = SIG_T(narrow)(s->key != s->key);
  const i32v tie = SIG_T(narrow)(x == s->key) | (nan & was);
  const i32v better = live & ((SIG_T(narrow)(x > s->key) & ~was) | (nan & ~was) | (tie & (i < s->index)));
  s->key = SIG_T(select)(SIG_T(mask)(better), x, s->key);
  s->index = select_i32(better, i, s->index);
}
SIG_INLINE void SIG_T(argmax_flush)(SIG_T(argmax) *s) { (void)s; }
SIG_INLINE void SIG_T(argmax_join)(SIG_T(argmax) *s, const SIG_T(argmax) *t) { SIG_T(argmax_take)(s, t->key, t->index, splat_i32(-1)); }
SIG_INLINE SIG_T(argmax_s) SIG_T(argmax_lane)(const SIG_T(argmax) *s, int lane) { return (SIG_T(argmax_s)){s->key[lane], s->index[lane]}; }
SIG_INLINE SIG_T(argmax_s) SIG_T(argmax_fold)(const SIG_T(argmax) *s) {
  SIG_T(argmax) best = *s;
  SIG_UNROLL for (int step = 1; step < SIG_LANES; step *= 2) {
    const SIG_T(argmax) other = {SIG_T(exchange_high)(best.key, best.key, step), exchange_high_i32(best.index, best.index, step)};
    best = (SIG_T(argmax)){SIG_T(exchange_low)(best.key, best.key, step), exchange_low_i32(best.index, best.index, step)};
    SIG_T(argmax_join)(&best, &other);
  }
  return SIG_T(argmax_lane)(&best, 0);
}
/* `key`: what is stored where the index's value lies. */
SIG_INLINE int32_t SIG_T(argmax_put)(SIG_T(argmax_s) s, int32_t stored, T_ELEMENT key, int merges) {
  return merges && !SIG_T(outranks)(s.key, s.index, key, stored) ? stored : s.index;
}

/*
 * The k best of each lane, or of all lanes together, in falling order. Most values are turned away by the comparison with the
 * last of a list, which is in vectors.
 */
SIG_INLINE void SIG_T(topk_start)(T_ELEMENT *key, int32_t *index, int64_t count) {
  for (int64_t e = 0; e < count; e++) {
    key[e] = -SIG_INFINITY;
    index[e] = SIG_NO_INDEX;
  }
}
/* Entries lie `step` apart. */
static void SIG_T(topk_insert)(T_ELEMENT *key, int32_t *index, int64_t k, int64_t step, T_ELEMENT x, int32_t i) {
  int64_t place = (k - 1) * step;
  if (!SIG_T(outranks)(x, i, key[place], index[place])) return;
  for (; place > 0 && SIG_T(outranks)(x, i, key[place - step], index[place - step]); place -= step) {
    key[place] = key[place - step];
    index[place] = index[place - step];
  }
  key[place] = x;
  index[place] = i;
}
/* One list for all lanes, its room rounded up to whole vectors by entries that nothing ranks below: its place is a count of those above. */
static void SIG_T(topk_insert_row)(T_ELEMENT *key, int32_t *index, int64_t k, T_ELEMENT x_, int32_t i_) {
  const V x = SIG_T(splat)(x_);
  const i32v i = splat_i32(i_);
  int64_t place = 0;
  for (int64_t e = 0; e < k; e += SIG_LANES) {
    const V y = SIG_T(load)(key + e);
    const i32v j = load_i32(index + e), above = SIG_T(narrow)(y > x), nan = SIG_T(narrow)(y != y), mine = SIG_T(narrow)(x != x);
    const i32v tie = (SIG_T(narrow)(y == x) | (nan & mine)) & (j < i);
    place += __builtin_popcount(lane_bits(above | (nan & ~mine) | tie));
  }
  if (place >= k) return;
  int64_t behind = k - 1 - place;
  for (; behind >= SIG_LANES; behind -= SIG_LANES) {
    const int64_t from = place + behind - SIG_LANES;
    const V moved = SIG_T(load)(key + from);
    const i32v moved_index = load_i32(index + from);
    SIG_T(store)(key + from + 1, moved);
    store_i32(index + from + 1, moved_index);
  }
  SIG_T(store_first)(key + place + 1, behind, SIG_T(load_first)(key + place, behind, (V){0}));
  store_first_i32(index + place + 1, behind, load_first_i32(index + place, behind, (i32v){0}));
  key[place] = x_;
  index[place] = i_;
}
SIG_INLINE void SIG_T(topk_take_all)(T_ELEMENT *key, int32_t *index, int64_t k, V x, i32v i, i32v live) {
  uint32_t good = lane_bits(live & ~SIG_T(narrow)(x < SIG_T(splat)(key[k - 1])));
  for (; good; good &= good - 1) {
    const int lane = __builtin_ctz(good);
    SIG_T(topk_insert_row)(key, index, k, x[lane], i[lane]);
  }
}
/* One list per lane, SIG_LANES apart. */
SIG_INLINE void SIG_T(topk_take)(T_ELEMENT *key, int32_t *index, int64_t k, V x, i32v i, i32v live) {
  V last;
  __builtin_memcpy(&last, key + (k - 1) * SIG_LANES, sizeof last);
  uint32_t good = lane_bits(live & ~SIG_T(narrow)(x < last));
  for (; good; good &= good - 1) {
    const int lane = __builtin_ctz(good);
    SIG_T(topk_insert)(key + lane, index + lane, k, SIG_LANES, x[lane], i[lane]);
  }
}

#undef SIG_T
#undef T
#undef T_ELEMENT
#undef V
