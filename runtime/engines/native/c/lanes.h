/*
 * What generated code needs of vectors beyond arithmetic: lanes from memory by any step, whole or in part, and the sizes of
 * register tiles. A step of 0 repeats one element.
 */
#define SIG_DEFINE_LANES(name, element, vector, zero)                                                                  \
  SIG_INLINE vector load_lanes_##name(const element *p, int64_t step, int64_t n) {                                     \
    if (n >= SIG_LANES && step == 1) return load_##name(p);                                                            \
    if (step == 1) return load_first_##name(p, n, zero);                                                               \
    return n >= SIG_LANES ? load_strided_##name(p, step) : load_strided_first_##name(p, step, n, zero);                \
  }                                                                                                                    \
  SIG_INLINE void store_lanes_##name(element *p, int64_t step, int64_t n, vector v) {                                  \
    if (n >= SIG_LANES && step == 1) store_##name(p, v);                                                               \
    else if (step == 1) store_first_##name(p, n, v);                                                                   \
    else store_strided_first_##name(p, step, n, v);                                                                    \
  }
SIG_DEFINE_LANES(f32, float, f32v, ((f32v){0}))
SIG_DEFINE_LANES(f64, double, f64v, ((f64v){0}))
SIG_DEFINE_LANES(i32, int32_t, i32v, ((i32v){0}))
SIG_DEFINE_LANES(u32, uint32_t, u32v, ((u32v){0}))
SIG_DEFINE_LANES(bool, uint8_t, i32v, ((i32v){0}))
SIG_DEFINE_LANES(f16, uint16_t, f32v, ((f32v){0}))
SIG_DEFINE_LANES(bf16, uint16_t, f32v, ((f32v){0}))

#define SIG_NAN __builtin_nanf("")
#define SIG_INFINITY __builtin_inff()
#define SIG_NO_INDEX INT32_MAX

/* A compiler may not look through this: a product is rounded here, and not fused into what is added to it. */
#if defined(__x86_64__)
#define SIG_OPAQUE(x) __asm__("" : "+v"(x))
#elif defined(__aarch64__)
#define SIG_OPAQUE(x) __asm__("" : "+w"(x))
#endif
#if SIG_ELEMENT_BYTES == 4
#define SIG_ROUNDED_f32(x) SIG_OPAQUE(x)
#define SIG_ROUNDED_f64(x) ((void)0) /* no register holds it */
#else
#define SIG_ROUNDED_f32(x) ((void)0)
#define SIG_ROUNDED_f64(x) SIG_OPAQUE(x)
#endif

/* All of a short loop; four turns at a time of one over the rows of a register tile, which are few but where a factor ends. */
#ifdef __clang__
#define SIG_UNROLL _Pragma("unroll")
#define SIG_UNROLL_ROWS _Pragma("unroll 4")
#else
#define SIG_UNROLL _Pragma("GCC unroll 32")
#define SIG_UNROLL_ROWS _Pragma("GCC unroll 4")
#endif

/*
 * Rows and vectors of columns of a register tile: its sums leave room for the factors. Panels of columns are whole numbers of
 * rows wide, so that what is stored in them can be read as rows or as columns.
 */
enum { SIG_NV = 3, SIG_NR = SIG_NV * SIG_LANES }; /* SIG_NR: of the element that the program computes in */
#if SIG_VECTOR_BYTES == 64
enum { SIG_MR = 8 }; /* 32 registers */
#elif defined(__aarch64__)
enum { SIG_MR = 6 }; /* 32 registers; three vectors have 12 or 6 columns */
#else
enum { SIG_MR = 4 }; /* 16 registers; 12 columns or more */
#endif

enum {
  SIG_RUN = 192, /* products in one partial sum: whole panels, and their columns stay in the first-level cache */
  SIG_AHEAD = 8, /* vectors of a row that packing prefetches */
  SIG_ROWS_AHEAD = 8, /* where it goes from row to row: rows of a block are far apart, and no prefetcher follows */
  SIG_SUM_RUN = 256, /* terms of a sum in lanes before they go to a wider number */
  SIG_LOGSUMEXP_SLACK = 16, /* a term is e^16 at most: 2^31 of them are far from overflow */
};

/*
 * The left factor from a row and a product on: packed in panels of rows; as a matrix in panels of NR columns, `step` elements
 * apart and each [row][NR], whose rows or whose columns are the rows of the contraction; or as a plain matrix whose lines, `step`
 * elements apart, run along the products or along the rows. Products begin at a whole run.
 */
typedef enum { SIG_PACKED, SIG_ROWS, SIG_COLUMNS, SIG_LINES, SIG_UPRIGHT } sig_order;
typedef struct { const void *data; sig_order order; int64_t step, row, k; } sig_left;

#define SIG_JOIN_(a, b) a##_##b
#define SIG_JOIN(a, b) SIG_JOIN_(a, b)

SIG_INLINE int64_t sig_up(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }
SIG_INLINE int64_t sig_least(int64_t a, int64_t b) { return a < b ? a : b; }
SIG_INLINE int64_t sig_parts(int64_t count, int64_t size) { return (count + size - 1) / size; }
SIG_INLINE int64_t sig_most(int64_t a, int64_t b) { return a > b ? a : b; }

/* Masks of i32 lanes beside each element type. */
typedef i32v maskv_f32;
typedef i64v maskv_f64;
SIG_INLINE i32v mask_f32(i32v m) { return m; }
SIG_INLINE i64v mask_f64(i32v m) { return widen_mask(m); }
SIG_INLINE i32v mask_i32(i32v m) { return m; }
SIG_INLINE i32v mask_u32(i32v m) { return m; }
SIG_INLINE i32v narrow_f32(i32v m) { return m; }
SIG_INLINE i32v narrow_f64(i64v m) { return narrow_mask(m); }

/* exchange_low, exchange_high: blocks of `step` lanes of a pair of rows change places, as in the transpose of a 2 by 2 matrix. */
#define SIG_LANE_PAIR(l, step, high)                                                                                   \
  ((high) ? ((l) & (step) ? (l) + SIG_LANES : (l) + (step)) : ((l) & (step) ? (l) - (step) + SIG_LANES : (l)))
#if SIG_LANES == 16
#define SIG_LANE_LIST(step, high)                                                                                      \
  SIG_LANE_PAIR(0, step, high), SIG_LANE_PAIR(1, step, high), SIG_LANE_PAIR(2, step, high),                            \
    SIG_LANE_PAIR(3, step, high), SIG_LANE_PAIR(4, step, high), SIG_LANE_PAIR(5, step, high),                          \
    SIG_LANE_PAIR(6, step, high), SIG_LANE_PAIR(7, step, high), SIG_LANE_PAIR(8, step, high),                          \
    SIG_LANE_PAIR(9, step, high), SIG_LANE_PAIR(10, step, high), SIG_LANE_PAIR(11, step, high),                        \
    SIG_LANE_PAIR(12, step, high), SIG_LANE_PAIR(13, step, high), SIG_LANE_PAIR(14, step, high),                       \
    SIG_LANE_PAIR(15, step, high)
#elif SIG_LANES == 8
#define SIG_LANE_LIST(step, high)                                                                                      \
  SIG_LANE_PAIR(0, step, high), SIG_LANE_PAIR(1, step, high), SIG_LANE_PAIR(2, step, high),                            \
    SIG_LANE_PAIR(3, step, high), SIG_LANE_PAIR(4, step, high), SIG_LANE_PAIR(5, step, high),                          \
    SIG_LANE_PAIR(6, step, high), SIG_LANE_PAIR(7, step, high)
#elif SIG_LANES == 4
#define SIG_LANE_LIST(step, high)                                                                                      \
  SIG_LANE_PAIR(0, step, high), SIG_LANE_PAIR(1, step, high), SIG_LANE_PAIR(2, step, high), SIG_LANE_PAIR(3, step, high)
#else
#define SIG_LANE_LIST(step, high) SIG_LANE_PAIR(0, step, high), SIG_LANE_PAIR(1, step, high)
#endif
#ifdef __clang__
#define SIG_SHUFFLE(a, b, integers, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SIG_SHUFFLE(a, b, integers, ...) __builtin_shuffle(a, b, (integers){__VA_ARGS__})
#endif
#define SIG_DEFINE_EXCHANGE(name, vector, integers)                                                                    \
  SIG_INLINE vector exchange_low_##name(vector a, vector b, int step) {                                                \
    switch (step) {                                                                                                    \
      case 1: return SIG_SHUFFLE(a, b, integers, SIG_LANE_LIST(1, 0));                                                 \
      case 2: return SIG_SHUFFLE(a, b, integers, SIG_LANE_LIST(2, 0));                                                 \
      case 4: return SIG_SHUFFLE(a, b, integers, SIG_LANE_LIST(4, 0));                                                 \
      default: return SIG_SHUFFLE(a, b, integers, SIG_LANE_LIST(8, 0));                                                \
    }                                                                                                                  \
  }                                                                                                                    \
  SIG_INLINE vector exchange_high_##name(vector a, vector b, int step) {                                               \
    switch (step) {                                                                                                    \
      case 1: return SIG_SHUFFLE(a, b, integers, SIG_LANE_LIST(1, 1));                                                 \
      case 2: return SIG_SHUFFLE(a, b, integers, SIG_LANE_LIST(2, 1));                                                 \
      case 4: return SIG_SHUFFLE(a, b, integers, SIG_LANE_LIST(4, 1));                                                 \
      default: return SIG_SHUFFLE(a, b, integers, SIG_LANE_LIST(8, 1));                                                \
    }                                                                                                                  \
  }
SIG_DEFINE_EXCHANGE(f32, f32v, i32v)
SIG_DEFINE_EXCHANGE(f64, f64v, i64v)
SIG_DEFINE_EXCHANGE(i32, i32v, i32v)
SIG_DEFINE_EXCHANGE(u32, u32v, i32v)
