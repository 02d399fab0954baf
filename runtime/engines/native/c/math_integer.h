/* Arithmetic of i32 and u32 lanes. All of it wraps as two's complement does; nothing traps. */
#ifndef SIG_MATH_INTEGER_H
#define SIG_MATH_INTEGER_H

SIG_INLINE i32v add_i32(i32v x, i32v y) { return (i32v)((u32v)x + (u32v)y); }
SIG_INLINE i32v sub_i32(i32v x, i32v y) { return (i32v)((u32v)x - (u32v)y); }
SIG_INLINE i32v mul_i32(i32v x, i32v y) { return (i32v)((u32v)x * (u32v)y); }
SIG_INLINE i32v neg_i32(i32v x) { return (i32v)(0u - (u32v)x); }
SIG_INLINE u32v add_u32(u32v x, u32v y) { return x + y; }
SIG_INLINE u32v sub_u32(u32v x, u32v y) { return x - y; }
SIG_INLINE u32v mul_u32(u32v x, u32v y) { return x * y; }
SIG_INLINE u32v neg_u32(u32v x) { return 0u - x; }

SIG_INLINE i32v maximum_i32(i32v x, i32v y) { return select_i32((i32v)(x > y), x, y); }
SIG_INLINE i32v minimum_i32(i32v x, i32v y) { return select_i32((i32v)(x < y), x, y); }
SIG_INLINE u32v maximum_u32(u32v x, u32v y) { return select_u32((i32v)(x > y), x, y); }
SIG_INLINE u32v minimum_u32(u32v x, u32v y) { return select_u32((i32v)(x < y), x, y); }

SIG_INLINE i32v abs_i32(i32v x) { return select_i32((i32v)(x < 0), neg_i32(x), x); }
SIG_INLINE u32v abs_u32(u32v x) { return x; }
SIG_INLINE i32v sign_i32(i32v x) { return (i32v)(x < 0) - (i32v)(x > 0); }
SIG_INLINE u32v sign_u32(u32v x) { return (u32v)-(i32v)(x > 0u); }

/*
 * Quotient towards 0 and remainder with the sign of the divisor. Division by 0 gives 0: the machine would trap. So it
 * would for INT32_MIN / -1, which is INT32_MIN here. No vector unit divides integers: a scalar each.
 */
SIG_INLINE i32v div_i32(i32v x, i32v y) {
  i32v out;
  for (int l = 0; l < SIG_LANES; l++) out[l] = y[l] == 0 ? 0 : (int32_t)((int64_t)x[l] / y[l]);
  return out;
}
SIG_INLINE u32v div_u32(u32v x, u32v y) {
  u32v out;
  for (int l = 0; l < SIG_LANES; l++) out[l] = y[l] == 0 ? 0 : x[l] / y[l];
  return out;
}
SIG_INLINE i32v mod_i32(i32v x, i32v y) {
  i32v rest;
  for (int l = 0; l < SIG_LANES; l++) rest[l] = y[l] == 0 ? 0 : (int32_t)((int64_t)x[l] % y[l]);
  return rest + (y & (i32v)(rest != 0) & ((rest ^ y) >> 31));
}
SIG_INLINE u32v mod_u32(u32v x, u32v y) {
  u32v rest;
  for (int l = 0; l < SIG_LANES; l++) rest[l] = y[l] == 0 ? 0 : x[l] % y[l];
  return rest;
}

/*
 * Philox4x32-10 (Salmon et al. 2011): the first word of the counter (place, row, 0, 0) under the key (k, l), its upper 23 bits, in
 * (0, 1).
 */
SIG_INLINE i32v random_word(i32v place, i32v row, i32v k, i32v l) {
  u32v c0 = (u32v)place, c1 = (u32v)row, c2 = {0}, c3 = {0}, first = (u32v)k, second = (u32v)l;
  for (int round = 0; round < 10; round++) {
    const u64v p = __builtin_convertvector(c0, u64v) * 0xd2511f53u, q = __builtin_convertvector(c2, u64v) * 0xcd9e8d57u;
    c0 = __builtin_convertvector(q >> 32, u32v) ^ c1 ^ first;
    c2 = __builtin_convertvector(p >> 32, u32v) ^ c3 ^ second;
    c1 = __builtin_convertvector(q, u32v);
    c3 = __builtin_convertvector(p, u32v);
    first += 0x9e3779b9u;
    second += 0xbb67ae85u;
  }
  return (i32v)(c0 >> 9);
}
SIG_INLINE f32v random_f32(i32v place, i32v row, i32v k, i32v l) { return (i32_to_f32(random_word(place, row, k, l)) + 0.5f) * 0x1p-23f; }
SIG_INLINE f64v random_f64(i32v place, i32v row, i32v k, i32v l) { return (i32_to_f64(random_word(place, row, k, l)) + 0.5) * 0x1p-23; }

#endif
