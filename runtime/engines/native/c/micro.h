/*
 * The register tile of a contraction, included once per element type with
 *   T   f32 or f64: the suffix of what is defined here;  T_ELEMENT  its C type
 *   V   its vector of SIG_LANES lanes
 *   NV  vectors across a register tile
 * A tile is SIG_MR rows by NV vectors of columns. Columns come packed in panels: [k][NR], zeros beyond the edge. Rows come packed
 * too, [k][SIG_MR], or lie in panels of NR columns that another contraction stored (see sig_left).
 *
 * An element is a sum of partial sums of SIG_RUN products, each begun at zero and done in rising k: it depends on its row, its
 * column and k alone, never on where the tile lies or who computes it.
 */
#define SIG_T(name) SIG_JOIN(name, T)

enum {
  SIG_T(NR) = NV * SIG_LANES,
  SIG_T(ROWS) = SIG_LANES % SIG_MR == 0 ? SIG_LANES : SIG_MR, /* packed at once: whole panels of rows, and whole vectors where they can be */
};

/*
 * c += or = a·b over k products; c is [SIG_MR][NR], of which the first `vectors` of each row are made. Of a, rows are `across`
 * elements apart and products `along`; after each `chunk` of them it skips some. What lies `ahead` of a chunk is prefetched,
 * `stride` further with each product.
 */
static inline __attribute__((always_inline)) void SIG_T(micro_run)(int64_t k, const T_ELEMENT *restrict a, int64_t across, int64_t along, int64_t chunk, int64_t skip,
                                                                   const T_ELEMENT *restrict b, T_ELEMENT *restrict c, int vectors, int first, int64_t ahead, int64_t stride) {
  V sum[SIG_MR][NV];
  SIG_UNROLL for (int r = 0; r < SIG_MR; r++)
    SIG_UNROLL for (int n = 0; n < vectors; n++) sum[r][n] = (V){0};
  for (int64_t begin = 0; begin < k; begin += chunk, a += skip) {
    const T_ELEMENT *next = a + ahead;
    for (int64_t p = begin; p < k && p < begin + chunk; p++, a += along, b += SIG_T(NR), next += stride) {
      V column[NV];
      __builtin_prefetch(next);
      SIG_UNROLL for (int n = 0; n < vectors; n++) column[n] = *(const V *)(b + n * SIG_LANES);
      SIG_UNROLL for (int r = 0; r < SIG_MR; r++) {
        const V row = a[r * across] - (V){0}; /* x − 0 is x, −0 too: a broadcast */
        SIG_UNROLL for (int n = 0; n < vectors; n++) sum[r][n] += row * column[n];
      }
    }
  }
  SIG_UNROLL for (int r = 0; r < SIG_MR; r++)
    SIG_UNROLL for (int n = 0; n < vectors; n++) {
      V *to = (V *)(c + r * SIG_T(NR) + n * SIG_LANES);
      *to = first ? sum[r][n] : *to + sum[r][n];
    }
}

/*
 * A panel of rows times the first `vectors` of a panel of columns. `first`: nothing is in the tile yet. Columns stream from the
 * second-level cache; the panel of rows `next` rows on, which may lie in another core's cache, is fetched meanwhile.
 */
static inline __attribute__((always_inline)) void SIG_T(micro_of)(int vectors, int64_t k, sig_left left, int64_t next, const T_ELEMENT *b, T_ELEMENT *c, int first) {
  enum { NR = SIG_T(NR) };
  const int64_t y = left.row;
  for (int64_t done = 0; done < k; done += SIG_RUN) {
    const int64_t run = sig_least(k - done, SIG_RUN), x = left.k + done;
    const T_ELEMENT *const a = left.data, *const column = b + done * NR;
    const int start = first && done == 0;
    switch (left.order) {
      case SIG_PACKED: SIG_T(micro_run)(run, a + y * k + done * SIG_MR, 1, SIG_MR, run, 0, column, c, vectors, start, next * k, SIG_MR); break;
      case SIG_ROWS: SIG_T(micro_run)(run, a + x / NR * left.step + y * NR, NR, 1, NR, left.step - NR, column, c, vectors, start, next * NR, SIG_MR); break;
      case SIG_COLUMNS: SIG_T(micro_run)(run, a + y / NR * left.step + y % NR + x * NR, 1, NR, run, 0, column, c, vectors, start, ((y + next) / NR - y / NR) * left.step + (y + next) % NR - y % NR, NR); break;
      case SIG_LINES: SIG_T(micro_run)(run, a + y * left.step + x, left.step, 1, run, 0, column, c, vectors, start, next * left.step, SIG_MR); break;
      case SIG_UPRIGHT: SIG_T(micro_run)(run, a + x * left.step + y, 1, left.step, run, 0, column, c, vectors, start, next, left.step); break;
    }
  }
}
static __attribute__((noinline)) void SIG_T(micro_whole)(int64_t k, sig_left left, int64_t next, const T_ELEMENT *b, T_ELEMENT *c, int first) {
  SIG_T(micro_of)(NV, k, left, next, b, c, first);
}
/* One narrower tile, no more: each is compiled once for each order of the left factor. */
enum { SIG_T(NARROW) = NV > 1 ? NV - 1 : 1 };
static __attribute__((noinline)) void SIG_T(micro_narrow)(int64_t k, sig_left left, int64_t next, const T_ELEMENT *b, T_ELEMENT *c, int first) {
  SIG_T(micro_of)(SIG_T(NARROW), k, left, next, b, c, first);
}
/* `columns`: from the panel's first on. The last panel may be less than full. */
static inline void SIG_T(micro)(int64_t columns, int64_t k, sig_left left, int64_t next, const T_ELEMENT *b, T_ELEMENT *c, int first) {
  if (columns > SIG_T(NARROW) * SIG_LANES) SIG_T(micro_whole)(k, left, next, b, c, first);
  else SIG_T(micro_narrow)(k, left, next, b, c, first);
}

/*
 * Rows of one factor, each a vector along k, become rows of a panel, each a vector across it: an in-register transpose by
 * exchanging blocks of 1, 2, 4 … lanes, then stores of the `width` lanes that belong to this panel.
 */
static inline __attribute__((always_inline)) void SIG_T(transpose)(V *row) {
  SIG_UNROLL for (int step = 1; step < SIG_LANES; step *= 2)
    SIG_UNROLL for (int r = 0; r < SIG_LANES; r++)
      if (!(r & step)) {
        const V a = row[r], b = row[r + step];
        row[r] = SIG_T(exchange_low)(a, b, step);
        row[r + step] = SIG_T(exchange_high)(a, b, step);
      }
}

/*
 * Lanes are rows g, g + 1 … at product k, of `wide` that are there. They go where `into` has room for them in panels of `depth`
 * products, zeros in the last one too.
 */
static inline __attribute__((always_inline)) void SIG_T(put_rows)(T_ELEMENT *into, int64_t depth, int64_t k, int64_t g, int64_t wide, V row) {
  if (SIG_T(ROWS) > SIG_MR) {
    SIG_UNROLL for (int panel = 0; panel < SIG_LANES; panel += SIG_MR)
      if (panel < wide) __builtin_memcpy(into + panel * depth + k * SIG_MR, (const T_ELEMENT *)&row + panel, SIG_MR * sizeof *into);
    return;
  }
  T_ELEMENT *const to = into + k * SIG_MR + g;
  if (SIG_MR % SIG_LANES == 0) SIG_JOIN(store, T)(to, row);
  else SIG_JOIN(store_first, T)(to, sig_least(SIG_LANES, SIG_MR - g), row);
}

#undef T
#undef T_ELEMENT
#undef V
#undef NV
