/* Conversions, integer arithmetic and accesses: each lane is compared with what plain C says. Included by math-harness.c. */

static long faults;
static void expect(const char *what, int right, double x, double y) {
  if (right) return;
  if (faults++ < 20) printf("wrong: %s of %a, %a\n", what, x, y);
}

static int32_t i32_of(double x) { return x != x ? 0 : x <= -0x1p31 ? INT32_MIN : x >= 0x1p31 ? INT32_MAX : (int32_t)x; }
static uint32_t u32_of(double x) { return !(x > 0) ? 0 : x >= 0x1p32 ? UINT32_MAX : (uint32_t)x; }

/* The value of a 16-bit float with `digits` explicit bits and exponents from `least`. */
static double narrow_value(uint16_t bits, int digits, int least) {
  int exponent = (bits & 0x7fff) >> digits, fraction = bits & ((1 << digits) - 1), top = 0x7fff >> digits;
  double size = exponent == top ? (fraction ? NAN : INFINITY) : exponent == 0 ? ldexp(fraction, least - digits) : ldexp(fraction + (1 << digits), least - digits + exponent - 1);
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

static void check_conversions(void) {
  float x[SIG_LANES];
  double d[SIG_LANES];
  int32_t i[SIG_LANES];
  uint32_t u[SIG_LANES];
  uint16_t h[SIG_LANES], g[SIG_LANES];
  for (uint64_t start = 0; start < 1ull << 32; start += 4093 * SIG_LANES) {
    for (uint32_t l = 0; l < SIG_LANES; l++) u[l] = (uint32_t)(start + l * 4093);
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
    for (int l = 0; l < SIG_LANES; l++) {
      expect("f32_to_i32", to_i[l] == i32_of(x[l]), x[l], to_i[l]);
      expect("f32_to_u32", to_u[l] == u32_of(x[l]), x[l], to_u[l]);
      expect("f32_to_f64", same(d[l], x[l]), x[l], d[l]);
      expect("f32 to f16", same(narrow_value(h[l], 10, -14), narrowed(x[l], 10, -14, 65536)), x[l], narrow_value(h[l], 10, -14));
      expect("f32 to bf16", same(narrow_value(g[l], 7, -126), narrowed(x[l], 7, -126, 0x1p128)), x[l], narrow_value(g[l], 7, -126));
      expect("f32_to_bool", (f32_to_bool(v)[l] != 0) == (x[l] != 0), x[l], 0);
    }
    f32v from_u = u32_to_f32(bits), from_i = i32_to_f32((i32v)bits);
    f64v wide_u = u32_to_f64(bits), wide_i = i32_to_f64((i32v)bits);
    for (int l = 0; l < SIG_LANES; l++) {
      expect("u32_to_f32", from_u[l] == (float)u[l], u[l], from_u[l]);
      expect("i32_to_f32", from_i[l] == (float)(int32_t)u[l], (int32_t)u[l], from_i[l]);
      expect("u32_to_f64", wide_u[l] == (double)u[l], u[l], wide_u[l]);
      expect("i32_to_f64", wide_i[l] == (double)(int32_t)u[l], (int32_t)u[l], wide_i[l]);
    }
  }
  /* around the ends of the integers, and anything */
  for (int k = 0; k < 400000; k++) {
    for (int l = 0; l < SIG_LANES; l++) {
      static const double ends[] = {0, -0x1p31, 0x1p31, 0x1p32, 0x1p63, -0x1p63, INFINITY, -INFINITY, NAN, 1e300};
      uint64_t bits = random_bits();
      d[l] = k % 2 ? ends[bits % 10] + (double)(int64_t)random_bits() * 0x1p-61 : double_of(bits);
    }
    f64v v = load_f64(d);
    store_i32(i, f64_to_i32(v));
    store_u32(u, f64_to_u32(v));
    store_f32(x, f64_to_f32(v));
    for (int l = 0; l < SIG_LANES; l++) {
      expect("f64_to_i32", i[l] == i32_of(d[l]), d[l], i[l]);
      expect("f64_to_u32", u[l] == u32_of(d[l]), d[l], u[l]);
      expect("f64_to_f32", same(x[l], (float)d[l]), d[l], x[l]);
      expect("f64_to_bool", (f64_to_bool(v)[l] != 0) == (d[l] != 0), d[l], 0);
    }
  }
  for (uint32_t start = 0; start < 1 << 16; start += SIG_LANES) {
    for (uint32_t l = 0; l < SIG_LANES; l++) h[l] = (uint16_t)(start + l);
    f32v v = load_f16(h), w = load_bf16(h);
    for (int l = 0; l < SIG_LANES; l++) {
      expect("f16 to f32", same(v[l], narrow_value(h[l], 10, -14)), h[l], v[l]);
      expect("bf16 to f32", same(w[l], narrow_value(h[l], 7, -126)), h[l], w[l]);
    }
    store_f16(g, v);
    for (int l = 0; l < SIG_LANES; l++) expect("f16 and back", g[l] == h[l] || v[l] != v[l], h[l], g[l]);
  }
}

static void check_integers(void) {
  static const int64_t ends[] = {0, 1, -1, 2, -2, 3, -3, 7, -7, INT32_MAX, INT32_MIN, INT32_MIN + 1, UINT32_MAX, 1 << 16, 65535, 12345678};
  int32_t x[SIG_LANES], y[SIG_LANES];
  for (int k = 0; k < 100000; k++) {
    for (int l = 0; l < SIG_LANES; l++) {
      x[l] = k % 2 ? (int32_t)ends[random_bits() % 16] : (int32_t)random_bits();
      y[l] = k % 3 ? (int32_t)ends[random_bits() % 16] : (int32_t)random_bits();
    }
    i32v a = load_i32(x), b = load_i32(y);
    u32v p = (u32v)a, q = (u32v)b;
    for (int l = 0; l < SIG_LANES; l++) {
      int64_t s = x[l], t = y[l];
      uint64_t v = (uint32_t)x[l], w = (uint32_t)y[l];
      int64_t rest = t == 0 ? 0 : s % t;
      if (rest != 0 && (rest < 0) != (t < 0)) rest += t;
#define CHECK_I(name, value) expect(#name, name[l] == (int32_t)(uint64_t)(value), (double)s, (double)t)
#define CHECK_U(name, value) expect(#name, name[l] == (uint32_t)(value), (double)v, (double)w)
      CHECK_I(add_i32(a, b), s + t);
      CHECK_I(sub_i32(a, b), s - t);
      CHECK_I(mul_i32(a, b), (uint64_t)s * (uint64_t)t);
      CHECK_I(neg_i32(a), -s);
      CHECK_I(abs_i32(a), s < 0 ? -s : s);
      CHECK_I(sign_i32(a), (s > 0) - (s < 0));
      CHECK_I(maximum_i32(a, b), s > t ? s : t);
      CHECK_I(minimum_i32(a, b), s < t ? s : t);
      CHECK_I(mod_i32(a, b), rest);
      CHECK_I(div_i32(a, b), t == 0 ? 0 : s / t);
      CHECK_U(add_u32(p, q), v + w);
      CHECK_U(sub_u32(p, q), v - w);
      CHECK_U(mul_u32(p, q), v * w);
      CHECK_U(neg_u32(p), -v);
      CHECK_U(abs_u32(p), v);
      CHECK_U(sign_u32(p), v != 0);
      CHECK_U(maximum_u32(p, q), v > w ? v : w);
      CHECK_U(minimum_u32(p, q), v < w ? v : w);
      CHECK_U(mod_u32(p, q), w == 0 ? 0 : v % w);
      CHECK_U(div_u32(p, q), w == 0 ? 0 : v / w);
    }
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

/* `values` are exact in E. Elements lie against the end of the page, and those of a negative stride against its start. */
#define DEFINE_CHECK_ACCESS(name, element, vector, scalar, read)                                                      \
  static void check_access_##name(char *page, size_t bytes) {                                                        \
    vector fill = splat_##scalar((read)1), values, got;                                                               \
    for (int l = 0; l < SIG_LANES; l++) values[l] = VALUE_##name(l);                                                  \
    for (ptrdiff_t stride = -3; stride <= 3; stride++)                                                                \
      for (ptrdiff_t n = 0; n <= SIG_LANES; n++) {                                                                    \
        const size_t span = n == 0 ? 0 : (size_t)((n - 1) * (stride < 0 ? -stride : stride) + 1);                     \
        element *low = stride < 0 ? (element *)page : (element *)(page + bytes) - span;                               \
        element *first = stride < 0 && n > 0 ? low + span - 1 : low;                                                  \
        memset(page, 0x55, bytes);                                                                                    \
        element untouched;                                                                                            \
        memcpy(&untouched, page, sizeof untouched);                                                                   \
        store_strided_first_##name(first, stride, n, values);                                                         \
        got = load_strided_first_##name(first, stride, n, fill);                                                      \
        for (ptrdiff_t l = 0; l < SIG_LANES; l++)                                                                     \
          expect(#name " strided, first lanes", got[l] == (l < n ? values[stride == 0 ? n - 1 : l] : fill[l]), (double)l, (double)n);                 \
        for (size_t k = 0; k < span; k++)                                                                             \
          expect(#name " between strides", stride == 0 || k % (size_t)(stride < 0 ? -stride : stride) == 0 || memcmp(low + k, &untouched, sizeof untouched) == 0, (double)k, (double)stride); \
        if (n == SIG_LANES) {                                                                                         \
          memset(page, 0x55, bytes);                                                                                  \
          store_strided_##name(first, stride, values);                                                                \
          got = load_strided_##name(first, stride);                                                                   \
          for (ptrdiff_t l = 0; l < SIG_LANES; l++) expect(#name " strided", got[l] == values[stride == 0 ? n - 1 : l], (double)l, (double)stride);   \
        }                                                                                                             \
        if (stride != 1) continue;                                                                                    \
        memset(page, 0x55, bytes);                                                                                    \
        store_first_##name(first, n, values);                                                                         \
        got = load_first_##name(first, n, fill);                                                                      \
        for (ptrdiff_t l = 0; l < SIG_LANES; l++) expect(#name " first lanes", got[l] == (l < n ? values[l] : fill[l]), (double)l, (double)n);        \
        for (char *p = page; p < (char *)first; p++) expect(#name " before the first", *p == 0x55, 0, (double)n);     \
        if (n < SIG_LANES) continue;                                                                                  \
        store_##name(first, values);                                                                                  \
        got = load_##name(first);                                                                                     \
        for (ptrdiff_t l = 0; l < SIG_LANES; l++) expect(#name " in a row", got[l] == values[l], (double)l, (double)n);                               \
      }                                                                                                               \
  }
#define VALUE_f32(l) (float)(l - 5)
#define VALUE_f64(l) (l - 5)
#define VALUE_i32(l) (l - 5)
#define VALUE_u32(l) (uint32_t)(l + 5)
#define VALUE_f16(l) (float)(l - 5)
#define VALUE_bf16(l) (float)(l - 5)
#define VALUE_bool(l) -(l % 3 == 1)
DEFINE_CHECK_ACCESS(f32, float, f32v, f32, float)
DEFINE_CHECK_ACCESS(f64, double, f64v, f64, double)
DEFINE_CHECK_ACCESS(i32, int32_t, i32v, i32, int32_t)
DEFINE_CHECK_ACCESS(u32, uint32_t, u32v, u32, uint32_t)
DEFINE_CHECK_ACCESS(f16, uint16_t, f32v, f32, float)
DEFINE_CHECK_ACCESS(bf16, uint16_t, f32v, f32, float)
DEFINE_CHECK_ACCESS(bool, uint8_t, i32v, bool, int)

static void check_lanes(void) {
  for (ptrdiff_t n = -2; n <= SIG_LANES + 2; n++)
    for (int l = 0; l < SIG_LANES; l++) {
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
