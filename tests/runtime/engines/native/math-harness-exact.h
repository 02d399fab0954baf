/* Conversions, integer arithmetic and accesses: each lane is compared with what plain C says. Included by math-harness.c. */

#define NOINLINE __attribute__((noinline))
/* A loop that stays one: hundreds of checks, unrolled, take the compiler seconds. */
#define EACH_LANE(l) _Pragma("GCC unroll 1") for (int l = 0; l < SIG_LANES; l++)

static long faults;
static NOINLINE void expect(const char *what, int right, double x, double y) {
  if (right) return;
  if (faults++ < 20) printf("wrong: %s of %a, %a\n", what, x, y);
}

static int32_t i32_of(double x) { return x != x ? 0 : x <= -0x1p31 ? INT32_MIN : x >= 0x1p31 ? INT32_MAX : (int32_t)x; }
static uint32_t u32_of(double x) { return !(x > 0) ? 0 : x >= 0x1p32 ? UINT32_MAX : (uint32_t)x; }

/* The value of a 16-bit float with `digits` explicit bits and exponents from `least`. */
static double narrow_value(uint16_t bits, int digits, int least) {
  int exponent = (bits & 0x7fff) >> digits, fraction = bits & ((1 << digits) - 1), top = 0x7fff >> digits;
  double size = exponent == top ? (fraction ? NAN : INFINITY)
              : exponent == 0 ? ldexp(fraction, least - digits)
                              : ldexp(fraction + (1 << digits), least - digits + exponent - 1);
  return bits & 0x8000 ? -size : size;
}
static double narrowed(double x, int digits, int least, double limit) {
  if (x != x || isinf(x) || x == 0) return x;
  int exponent;
  frexp(x, &exponent);
  double unit = ldexp(1, (exponent - 1 < least ? least : exponent - 1) - digits);
  double y = nearbyint(x / unit) * unit;
  return fabs(y) >= limit ? copysign(INFINITY, x) : y;
}
static int same(double x, double y) { return x == y ? signbit(x) == signbit(y) : x != x && y != y; }

/* Everything that 32 bits can be converted to, as a float and as integers. */
static NOINLINE void check_bits(const uint32_t *u) {
  float x[SIG_LANES];
  double d[SIG_LANES];
  uint16_t h[SIG_LANES], g[SIG_LANES];
  u32v bits = load_u32(u);
  f32v v = (f32v)bits;
  store_f32(x, v);
  int32_t to_i[SIG_LANES];
  uint32_t to_u[SIG_LANES];
  store_i32(to_i, f32_to_i32(v));
  store_u32(to_u, f32_to_u32(v));
  store_f64(d, f32_to_f64(v));
  store_f16(h, v);
  store_bf16(g, v);
  EACH_LANE(l) {
    expect("f32_to_i32", to_i[l] == i32_of(x[l]), x[l], to_i[l]);
    expect("f32_to_u32", to_u[l] == u32_of(x[l]), x[l], to_u[l]);
    expect("f32_to_f64", same(d[l], x[l]), x[l], d[l]);
    expect("f32 to f16", same(narrow_value(h[l], 10, -14), narrowed(x[l], 10, -14, 65536)), x[l], narrow_value(h[l], 10, -14));
    expect("f32 to bf16", same(narrow_value(g[l], 7, -126), narrowed(x[l], 7, -126, 0x1p128)), x[l], narrow_value(g[l], 7, -126));
    expect("f32_to_bool", (f32_to_bool(v)[l] != 0) == (x[l] != 0), x[l], 0);
  }
  f32v from_u = u32_to_f32(bits), from_i = i32_to_f32((i32v)bits);
  f64v wide_u = u32_to_f64(bits), wide_i = i32_to_f64((i32v)bits);
  EACH_LANE(l) {
    expect("u32_to_f32", from_u[l] == (float)u[l], u[l], from_u[l]);
    expect("i32_to_f32", from_i[l] == (float)(int32_t)u[l], (int32_t)u[l], from_i[l]);
    expect("u32_to_f64", wide_u[l] == (double)u[l], u[l], wide_u[l]);
    expect("i32_to_f64", wide_i[l] == (double)(int32_t)u[l], (int32_t)u[l], wide_i[l]);
  }
}

static void check_conversions(void) {
  float x[SIG_LANES];
  double d[SIG_LANES];
  int32_t i[SIG_LANES];
  uint32_t u[SIG_LANES];
  uint16_t h[SIG_LANES], g[SIG_LANES];
  for (uint64_t start = 0; start < 1ull << 32; start += 4093 * SIG_LANES) {
    EACH_LANE(l) u[l] = (uint32_t)(start + (uint64_t)l * 4093);
    check_bits(u);
  }
  /* around every power of two, and every bf16, f16 and half way between two f16 */
  for (uint32_t bits = 0; bits < 1u << 20; bits += SIG_LANES / 2) {
    EACH_LANE(l) u[l] = ((bits + (uint32_t)l / 2) << 12) - (uint32_t)l % 2;
    check_bits(u);
  }
  /* around the ends of the integers, and anything */
  for (int k = 0; k < 400000; k++) {
    EACH_LANE(l) {
      static const double ends[] = {0, -0x1p31, 0x1p31, 0x1p32, 0x1p63, -0x1p63, INFINITY, -INFINITY, NAN, 1e300};
      uint64_t bits = random_bits();
      d[l] = k % 2 ? ends[bits % 10] + (double)(int64_t)random_bits() * 0x1p-61 : double_of(bits);
    }
    f64v v = load_f64(d);
    store_i32(i, f64_to_i32(v));
    store_u32(u, f64_to_u32(v));
    store_f32(x, f64_to_f32(v));
    EACH_LANE(l) {
      expect("f64_to_i32", i[l] == i32_of(d[l]), d[l], i[l]);
      expect("f64_to_u32", u[l] == u32_of(d[l]), d[l], u[l]);
      expect("f64_to_f32", same(x[l], (float)d[l]), d[l], x[l]);
      expect("f64_to_bool", (f64_to_bool(v)[l] != 0) == (d[l] != 0), d[l], 0);
    }
  }
  for (uint32_t start = 0; start < 1 << 16; start += SIG_LANES) {
    EACH_LANE(l) h[l] = (uint16_t)(start + (uint32_t)l);
    f32v v = load_f16(h), w = load_bf16(h);
    EACH_LANE(l) {
      expect("f16 to f32", same(v[l], narrow_value(h[l], 10, -14)), h[l], v[l]);
      expect("bf16 to f32", same(w[l], narrow_value(h[l], 7, -126)), h[l], w[l]);
    }
    store_f16(g, v);
    EACH_LANE(l) expect("f16 and back", g[l] == h[l] || v[l] != v[l], h[l], g[l]);
  }
}

/* `expected` is of s and t, the signed values of x and y, or of v and w, the unsigned ones, without overflow. */
#define INTEGER_OPS(DO) \
  DO(add_i32(a, b), s + t) \
  DO(sub_i32(a, b), s - t) \
  DO(mul_i32(a, b), (uint64_t)s * (uint64_t)t) \
  DO(neg_i32(a), -s) \
  DO(abs_i32(a), s < 0 ? -s : s) \
  DO(sign_i32(a), (s > 0) - (s < 0)) \
  DO(maximum_i32(a, b), s > t ? s : t) \
  DO(minimum_i32(a, b), s < t ? s : t) \
  DO(mod_i32(a, b), t == 0 ? 0 : (s % t + t) % t) \
  DO(div_i32(a, b), t == 0 ? 0 : s / t) \
  DO(add_u32(p, q), v + w) \
  DO(sub_u32(p, q), v - w) \
  DO(mul_u32(p, q), v * w) \
  DO(neg_u32(p), 0 - v) \
  DO(abs_u32(p), v) \
  DO(sign_u32(p), v != 0) \
  DO(maximum_u32(p, q), v > w ? v : w) \
  DO(minimum_u32(p, q), v < w ? v : w) \
  DO(mod_u32(p, q), w == 0 ? 0 : v % w) \
  DO(div_u32(p, q), w == 0 ? 0 : v / w)
#define CHECK_OP(op, expected) \
  { \
    int32_t got[SIG_LANES]; \
    store_i32(got, (i32v)(op)); \
    EACH_LANE(l) { \
      const int64_t s = x[l], t = y[l]; \
      const uint64_t v = (uint32_t)x[l], w = (uint32_t)y[l]; \
      (void)s, (void)t, (void)v, (void)w; \
      expect(#op, (uint32_t)got[l] == (uint32_t)(uint64_t)(expected), x[l], y[l]); \
    } \
  }

static void check_integers(void) {
  static const int64_t ends[] = {0, 1, -1, 2, -2, 3, -3, 7, -7, INT32_MAX, INT32_MIN, INT32_MIN + 1, UINT32_MAX, 1 << 16, 65535, 12345678};
  int32_t x[SIG_LANES], y[SIG_LANES];
  for (int k = 0; k < 50000; k++) {
    EACH_LANE(l) {
      x[l] = k % 2 ? (int32_t)ends[random_bits() % 16] : (int32_t)random_bits();
      y[l] = k % 3 ? (int32_t)ends[random_bits() % 16] : (int32_t)random_bits();
    }
    const i32v a = load_i32(x), b = load_i32(y);
    const u32v p = (u32v)a, q = (u32v)b;
    INTEGER_OPS(CHECK_OP)
  }
}

/* One page between two that may not be touched: an access one byte too far ends the process. */
static char *guarded_page(size_t *bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *all = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED || mprotect(all + page, page, PROT_READ | PROT_WRITE) != 0) abort();
  *bytes = page;
  return all + page;
}

/*
 * Each access stands in a function of its own, so that it is compiled once. `values` are exact in E. Elements lie
 * against the end of the page, and those of a negative stride against its start.
 */
#define DEFINE_CHECK_ACCESS(name, element, vector, lane)                                                                                     \
  typedef struct { lane at[SIG_LANES]; } lanes_##name;                                                                                       \
  SIG_INLINE lanes_##name out_##name(vector v) { lanes_##name out; memcpy(&out, &v, sizeof out); return out; }                               \
  SIG_INLINE vector in_##name(const lanes_##name *lanes) { vector v; memcpy(&v, lanes, sizeof v); return v; }                                \
  static NOINLINE void do_store_##name(element *p, const lanes_##name *v) { store_##name(p, in_##name(v)); }                                 \
  static NOINLINE void do_store_first_##name(element *p, ptrdiff_t n, const lanes_##name *v) { store_first_##name(p, n, in_##name(v)); }     \
  static NOINLINE void do_store_strided_##name(element *p, ptrdiff_t s, const lanes_##name *v) { store_strided_##name(p, s, in_##name(v)); } \
  static NOINLINE void do_store_strided_first_##name(element *p, ptrdiff_t s, ptrdiff_t n, const lanes_##name *v) {                          \
    store_strided_first_##name(p, s, n, in_##name(v));                                                                                       \
  }                                                                                                                                          \
  static NOINLINE lanes_##name do_load_##name(const element *p) { return out_##name(load_##name(p)); }                                       \
  static NOINLINE lanes_##name do_load_first_##name(const element *p, ptrdiff_t n, const lanes_##name *fill) {                               \
    return out_##name(load_first_##name(p, n, in_##name(fill)));                                                                             \
  }                                                                                                                                          \
  static NOINLINE lanes_##name do_load_strided_##name(const element *p, ptrdiff_t s) { return out_##name(load_strided_##name(p, s)); }       \
  static NOINLINE lanes_##name do_load_strided_first_##name(const element *p, ptrdiff_t s, ptrdiff_t n, const lanes_##name *fill) {          \
    return out_##name(load_strided_first_##name(p, s, n, in_##name(fill)));                                                                  \
  }                                                                                                                                          \
  static NOINLINE void expect_lanes_##name(const char *what, lanes_##name got, ptrdiff_t n, ptrdiff_t stride,                                \
                                           const lanes_##name *values, const lanes_##name *fill) {                                           \
    EACH_LANE(l)                                                                                                                             \
      expect(what, got.at[l] == (l >= n ? fill->at[l] : values->at[stride == 0 ? n - 1 : l]), (double)l, (double)(100 * stride + n));        \
  }                                                                                                                                          \
  static void check_access_##name(char *page, size_t bytes) {                                                                                \
    lanes_##name fill, values;                                                                                                               \
    EACH_LANE(l) fill.at[l] = VALUE_##name(7), values.at[l] = VALUE_##name(l);                                                               \
    for (ptrdiff_t stride = -3; stride <= 3; stride++)                                                                                       \
      for (ptrdiff_t n = 0; n <= SIG_LANES; n++) {                                                                                           \
        const ptrdiff_t apart = stride < 0 ? -stride : stride;                                                                               \
        const size_t span = n == 0 ? 0 : (size_t)((n - 1) * apart + 1) * sizeof(element);                                                    \
        char *low = stride < 0 ? page : page + bytes - span;                                                                                 \
        element *first = (element *)(stride < 0 && n > 0 ? low + span - sizeof(element) : low);                                              \
        memset(page, 0x55, bytes);                                                                                                           \
        do_store_strided_first_##name(first, stride, n, &values);                                                                            \
        expect_lanes_##name(#name " strided, first", do_load_strided_first_##name(first, stride, n, &fill), n, stride, &values, &fill);      \
        for (char *p = page; p < page + bytes; p++)                                                                                          \
          if (p < low || p >= low + span || (apart > 0 && (p - low) / (ptrdiff_t)sizeof(element) % apart != 0))                              \
            expect(#name " outside", *p == 0x55, (double)(p - low), (double)stride);                                                         \
        if (n == SIG_LANES) {                                                                                                                \
          memset(page, 0x55, bytes);                                                                                                         \
          do_store_strided_##name(first, stride, &values);                                                                                   \
          expect_lanes_##name(#name " strided", do_load_strided_##name(first, stride), n, stride, &values, &fill);                           \
        }                                                                                                                                    \
        if (stride != 1) continue;                                                                                                           \
        memset(page, 0x55, bytes);                                                                                                           \
        do_store_first_##name(first, n, &values);                                                                                            \
        expect_lanes_##name(#name " first", do_load_first_##name(first, n, &fill), n, stride, &values, &fill);                               \
        for (char *p = page; p < low; p++) expect(#name " before the first", *p == 0x55, 0, (double)n);                                      \
        if (n < SIG_LANES) continue;                                                                                                         \
        memset(page, 0x55, bytes);                                                                                                           \
        do_store_##name(first, &values);                                                                                                     \
        expect_lanes_##name(#name " in a row", do_load_##name(first), n, stride, &values, &fill);                                            \
      }                                                                                                                                      \
  }
#define VALUE_f32(l) (float)((l) - 5)
#define VALUE_f64(l) ((l) - 5)
#define VALUE_i32(l) ((l) - 5)
#define VALUE_u32(l) (uint32_t)((l) + 5)
#define VALUE_f16(l) (float)((l) - 5)
#define VALUE_bf16(l) (float)((l) - 5)
#define VALUE_bool(l) -((l) % 3 == 1)
DEFINE_CHECK_ACCESS(f32, float, f32v, float)
DEFINE_CHECK_ACCESS(f64, double, f64v, double)
DEFINE_CHECK_ACCESS(i32, int32_t, i32v, int32_t)
DEFINE_CHECK_ACCESS(u32, uint32_t, u32v, uint32_t)
DEFINE_CHECK_ACCESS(f16, uint16_t, f32v, float)
DEFINE_CHECK_ACCESS(bf16, uint16_t, f32v, float)
DEFINE_CHECK_ACCESS(bool, uint8_t, i32v, int32_t)

static void check_lanes(void) {
  for (ptrdiff_t n = -2; n <= SIG_LANES + 2; n++)
    EACH_LANE(l) {
      expect("first_lanes", first_lanes(n)[l] == -(l < n), (double)n, l);
      expect("any_lane", any_lane(first_lanes(n)) == (n > 0), (double)n, l);
      expect("widen and narrow", widen_mask(first_lanes(n))[l] == -(l < n) && narrow_mask(widen_mask(first_lanes(n)))[l] == -(l < n), (double)n, l);
    }
  expect("splat of -0", signbit(splat_f32(-0.0f)[0]) && signbit(splat_f64(-0.0)[0]), 0, 0);
}

static int check_exact(void) {
  size_t bytes;
  char *page = guarded_page(&bytes);
  check_lanes();
  check_conversions();
  check_integers();
  check_access_f32(page, bytes);
  check_access_f64(page, bytes);
  check_access_i32(page, bytes);
  check_access_u32(page, bytes);
  check_access_f16(page, bytes);
  check_access_bf16(page, bytes);
  check_access_bool(page, bytes);
  printf("exact faults %ld\n", faults);
  return faults != 0;
}
