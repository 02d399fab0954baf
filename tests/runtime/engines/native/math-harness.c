/*
 * Measures the vector functions of runtime/engines/native/c against libm in a wider type, one line each:
 *
 *   NAME worst ULP at INPUTS checked N faults F
 *
 * A fault is a result of another kind: NaN for a number or the other way round, a zero of the wrong sign, or a value
 * that the function never takes, as a tanh above 1.
 *
 *   math-harness f32 NAME STRIDE   every STRIDE-th of the 2^32 bit patterns, and around every power of two
 *   math-harness f64 NAME COUNT    COUNT random bit patterns, as many of exponents near 0, and around every power of two
 *   math-harness pairs NAME COUNT  a function of two: COUNT random pairs of either kind, and all pairs of special values
 *   math-harness exact             conversions, integers and accesses, which have one right answer
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vector.h"
#include "convert.h"
#include "access.h"
#include "math_integer.h"
#include "math_f64.h"
#include "math_f32.h"

typedef long double wide;
enum { BLOCK = 4096 };

/* splitmix64 */
static uint64_t seed = 20250101;
static uint64_t random_bits(void) {
  uint64_t z = seed += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
static float float_of(uint32_t bits) { float x; memcpy(&x, &bits, sizeof x); return x; }
static double double_of(uint64_t bits) { double x; memcpy(&x, &bits, sizeof x); return x; }

/* What each function means. For f32 arguments f64 is wide enough. */
#define MEANINGS(F, T, S) \
  static T F##_exp(T x) { return exp##S(x); } \
  static T F##_expm1(T x) { return expm1##S(x); } \
  static T F##_log(T x) { return log##S(x); } \
  static T F##_log1p(T x) { return log1p##S(x); } \
  static T F##_sqrt(T x) { return sqrt##S(x); } \
  static T F##_rsqrt(T x) { return 1 / sqrt##S(x); } \
  static T F##_sin(T x) { return sin##S(x); } \
  static T F##_cos(T x) { return cos##S(x); } \
  static T F##_tanh(T x) { return tanh##S(x); } \
  static T F##_erf(T x) { return erf##S(x); } \
  static T F##_floor(T x) { return floor##S(x); } \
  static T F##_sign(T x) { return x > 0 ? 1 : x < 0 ? -1 : x; } \
  static T F##_abs(T x) { return fabs##S(x); } \
  static T F##_sigmoid(T x) { return x < 0 ? exp##S(x) / (1 + exp##S(x)) : 1 / (1 + exp##S(-x)); } \
  static T F##_softplus(T x) { return x > 0 ? x + log1p##S(exp##S(-x)) : log1p##S(exp##S(x)); } \
  static T F##_pow(T x, T y) { return pow##S(x, y); } \
  static T F##_maximum(T x, T y) { return x != x ? x : y != y ? y : x > y ? x : x < y ? y : signbit(x) ? y : x; } \
  static T F##_minimum(T x, T y) { return x != x ? x : y != y ? y : x < y ? x : x > y ? y : signbit(x) ? x : y; } \
  static T F##_mod(T x, T y) { \
    T rest = fmod##S(x, y); \
    return rest == 0 ? copysign##S(0, y) : (rest < 0) != (y < 0) ? rest + y : rest; \
  }
MEANINGS(of_f32, double, )
MEANINGS(of_f64, wide, l)

/* With the range of its values. */
#define UNARY(DO) \
  DO(exp, 0, INFINITY) DO(expm1, -1, INFINITY) DO(log, -INFINITY, INFINITY) DO(log1p, -INFINITY, INFINITY) \
  DO(sqrt, -0.0, INFINITY) DO(rsqrt, -INFINITY, INFINITY) DO(sin, -1, 1) DO(cos, -1, 1) DO(tanh, -1, 1) DO(erf, -1, 1) \
  DO(floor, -INFINITY, INFINITY) DO(sign, -1, 1) DO(abs, 0, INFINITY) DO(sigmoid, 0, 1) DO(softplus, 0, INFINITY)
#define BINARY(DO) DO(pow) DO(maximum) DO(minimum) DO(mod)

#define DEFINE_UNARY(name, low, high) \
  static void run_f32_##name(float *out, const float *x) { \
    for (int i = 0; i < BLOCK; i += SIG_LANES) store_f32(out + i, name##_f32(load_f32(x + i))); \
  } \
  static void run_f64_##name(double *out, const double *x) { \
    for (int i = 0; i < BLOCK; i += SIG_LANES) store_f64(out + i, name##_f64(load_f64(x + i))); \
  }
#define DEFINE_BINARY(name) \
  static void run_f32_##name(float *out, const float *x, const float *y) { \
    for (int i = 0; i < BLOCK; i += SIG_LANES) store_f32(out + i, name##_f32(load_f32(x + i), load_f32(y + i))); \
  } \
  static void run_f64_##name(double *out, const double *x, const double *y) { \
    for (int i = 0; i < BLOCK; i += SIG_LANES) store_f64(out + i, name##_f64(load_f64(x + i), load_f64(y + i))); \
  }
UNARY(DEFINE_UNARY)
BINARY(DEFINE_BINARY)

typedef struct {
  const char *name;
  void (*run_f32)(float *, const float *);
  void (*run_f64)(double *, const double *);
  double (*of_f32)(double);
  wide (*of_f64)(wide);
  double low, high;
} unary;
typedef struct {
  const char *name;
  void (*run_f32)(float *, const float *, const float *);
  void (*run_f64)(double *, const double *, const double *);
  double (*of_f32)(double, double);
  wide (*of_f64)(wide, wide);
} binary;
#define UNARY_ROW(name, low, high) {#name, run_f32_##name, run_f64_##name, of_f32_##name, of_f64_##name, low, high},
#define BINARY_ROW(name) {#name, run_f32_##name, run_f64_##name, of_f32_##name, of_f64_##name},
static const unary unaries[] = {UNARY(UNARY_ROW)};
static const binary binaries[] = {BINARY(BINARY_ROW)};

typedef struct { wide worst; double x, y; long checked, faults; double fault_x, fault_y; } record;

/*
 * `rounded`: the nearest of the format, which counts as no error. `digits` and `least`: of the format, 24 and -149 or 53
 * and -1074; `top`: the exponent of the first number beyond it.
 */
static void check(record *r, double x, double y, wide got, wide exact, double rounded, int digits, int least, int top) {
  r->checked++;
  if (got == rounded && got != 0) return;
  int fault = 0;
  wide error = 0;
  if (exact != exact || got != got) fault = (exact == exact) != (got == got);
  else if (isinf(exact)) fault = got != exact;
  else {
    /* Infinity stands for the first number beyond the format, as rounding has it. */
    const wide first_beyond = ldexpl(1, top);
    if (isinf(got)) got = copysignl(first_beyond, got);
    if (fabsl(exact) > first_beyond) exact = copysignl(first_beyond, exact);
    int exponent;
    frexpl(exact, &exponent);
    exponent = exponent - digits < least ? least : exponent - digits;
    error = fabsl(got - exact) / ldexpl(1, exponent);
    fault = (exact == 0 || got == 0) && signbit(got) != signbit(exact);
  }
  if (fault && !r->faults++) r->fault_x = x, r->fault_y = y;
  if (error > r->worst) r->worst = error, r->x = x, r->y = y;
}

static void check_range(record *r, const unary *f, double x, double got) {
  if ((got < f->low || got > f->high) && !r->faults++) r->fault_x = x;
}
static void check_f32(record *r, double x, double y, float got, double exact) { check(r, x, y, got, exact, (float)exact, 24, -149, 128); }
static void check_f64(record *r, double x, double y, double got, wide exact) { check(r, x, y, got, exact, (double)exact, 53, -1074, 1024); }

static void print(const char *name, const char *type, const record *r, int pairs) {
  printf("%s_%s worst %.4Lf at %a", name, type, r->worst, r->x);
  if (pairs) printf(",%a", r->y);
  printf(" checked %ld faults %ld", r->checked, r->faults);
  if (r->faults) printf(" first %a", r->fault_x);
  if (r->faults && pairs) printf(",%a", r->fault_y);
  printf("\n");
}

typedef struct { float x[BLOCK], y[BLOCK], out[BLOCK]; int count; } block_f32;
typedef struct { double x[BLOCK], y[BLOCK], out[BLOCK]; int count; } block_f64;

static void flush_f32(const unary *f, block_f32 *b, record *r) {
  f->run_f32(b->out, b->x);
  for (int i = 0; i < b->count; i++) {
    check_f32(r, b->x[i], 0, b->out[i], f->of_f32(b->x[i]));
    check_range(r, f, b->x[i], b->out[i]);
  }
  b->count = 0;
}
static void add_f32(const unary *f, block_f32 *b, record *r, uint32_t bits) {
  b->x[b->count++] = float_of(bits);
  if (b->count == BLOCK) flush_f32(f, b, r);
}
static void sweep_f32(const unary *f, uint64_t stride) {
  static block_f32 b;
  record r = {0};
  for (uint64_t bits = 0; bits < 1ull << 32; bits += stride) add_f32(f, &b, &r, (uint32_t)bits);
  for (uint32_t exponent = 0; exponent < 512; exponent++)
    for (int32_t near = -64; near <= 64; near++) add_f32(f, &b, &r, (exponent << 23) + (uint32_t)near);
  flush_f32(f, &b, &r);
  print(f->name, "f32", &r, 0);
}

static void flush_f64(const unary *f, block_f64 *b, record *r) {
  f->run_f64(b->out, b->x);
  for (int i = 0; i < b->count; i++) {
    check_f64(r, b->x[i], 0, b->out[i], f->of_f64(b->x[i]));
    check_range(r, f, b->x[i], b->out[i]);
  }
  b->count = 0;
}
static void add_f64(const unary *f, block_f64 *b, record *r, uint64_t bits) {
  b->x[b->count++] = double_of(bits);
  if (b->count == BLOCK) flush_f64(f, b, r);
}
static void sweep_f64(const unary *f, long count) {
  static block_f64 b;
  record r = {0};
  for (long i = 0; i < count; i++) add_f64(f, &b, &r, random_bits());
  for (long i = 0; i < count; i++) { /* 2^-32 to 2^16: where a function does something */
    uint64_t bits = random_bits();
    add_f64(f, &b, &r, (bits & 0x800fffffffffffffu) | ((1023 - 32 + random_bits() % 48) << 52));
  }
  for (uint64_t exponent = 0; exponent < 4096; exponent++)
    for (int64_t near = -16; near <= 16; near++) add_f64(f, &b, &r, (exponent << 52) + (uint64_t)near);
  flush_f64(f, &b, &r);
  print(f->name, "f64", &r, 0);
}

static const double special[] = {
  0.0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -1.5, INFINITY, -INFINITY, NAN, 127, 128, -149, -150, 709, -745, 4097, -4097,
  1e-40, -1e-40, 1e-45, 5e-324, 0x1p-126, 1e10, -1e10, 1e-10, 0x1.fffffep127, -0x1.fffffep127, 0x1p1023,
  0x1.fffffep-1, 0x1.000002p0, -0x1.fffffep-1, -0x1.fffffep22, 0x1p23, 0x1.fffffep23, -0x1.fffffep23, 0x1p24, -0x1p24, 0x1.000002p24,
};
enum { SPECIALS = sizeof special / sizeof *special };

static void pairs_f32(const binary *f, long count) {
  static block_f32 b;
  record r = {0};
  long total = SPECIALS * SPECIALS + 2 * count;
  for (long i = 0; i < total; i++) {
    float x, y;
    if (i < SPECIALS * SPECIALS) x = (float)special[i / SPECIALS], y = (float)special[i % SPECIALS];
    else if (i < SPECIALS * SPECIALS + count) x = float_of((uint32_t)random_bits()), y = float_of((uint32_t)random_bits());
    else { /* any size to a power that stays finite */
      x = float_of((uint32_t)random_bits() & 0x7fffffffu);
      y = (float)(150.0 * ((double)(random_bits() >> 11) * 0x1p-52 - 1) / log2(x));
      if (i & 1) y = (float)(int)y, x = -x;
    }
    b.x[b.count] = x, b.y[b.count++] = y;
    if (b.count < BLOCK && i + 1 < total) continue;
    f->run_f32(b.out, b.x, b.y);
    for (int k = 0; k < b.count; k++) check_f32(&r, b.x[k], b.y[k], b.out[k], f->of_f32(b.x[k], b.y[k]));
    b.count = 0;
  }
  print(f->name, "f32", &r, 1);
}
static void pairs_f64(const binary *f, long count) {
  static block_f64 b;
  record r = {0};
  long total = SPECIALS * SPECIALS + 2 * count;
  for (long i = 0; i < total; i++) {
    double x, y;
    if (i < SPECIALS * SPECIALS) x = special[i / SPECIALS], y = special[i % SPECIALS];
    else if (i < SPECIALS * SPECIALS + count) x = double_of(random_bits()), y = double_of(random_bits());
    else x = double_of(random_bits() & 0x7fffffffffffffffu), y = 1080.0 * ((double)(random_bits() >> 11) * 0x1p-52 - 1) / log2(x);
    b.x[b.count] = x, b.y[b.count++] = y;
    if (b.count < BLOCK && i + 1 < total) continue;
    f->run_f64(b.out, b.x, b.y);
    for (int k = 0; k < b.count; k++) check_f64(&r, b.x[k], b.y[k], b.out[k], f->of_f64(b.x[k], b.y[k]));
    b.count = 0;
  }
  print(f->name, "f64", &r, 1);
}

#include "math-harness-exact.h"

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "", *name = argc > 2 ? argv[2] : "";
  const long amount = argc > 3 ? atol(argv[3]) : 1;
  if (strcmp(mode, "exact") == 0) return check_exact();
  for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++) {
    if (strcmp(name, "all") != 0 && strcmp(name, unaries[i].name) != 0) continue;
    if (strcmp(mode, "f32") == 0) sweep_f32(&unaries[i], (uint64_t)amount);
    if (strcmp(mode, "f64") == 0) sweep_f64(&unaries[i], amount);
  }
  for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++) {
    if (strcmp(mode, "pairs") != 0 || (strcmp(name, "all") != 0 && strcmp(name, binaries[i].name) != 0)) continue;
    pairs_f32(&binaries[i], amount);
    pairs_f64(&binaries[i], amount);
  }
  return 0;
}
