/* Names that the merges are written in, for each element type. */
typedef f64v vector_f64;
typedef u32v vector_u32;
typedef double number_f64;
typedef uint32_t number_u32;
#define LOWEST_f32 (-SIG_INFINITY)
#define LOWEST_f64 (-SIG_INFINITY)
#define LOWEST_i32 INT32_MIN
#define LOWEST_u32 0u
#define HIGHEST_f32 SIG_INFINITY
#define HIGHEST_f64 SIG_INFINITY
#define HIGHEST_i32 INT32_MAX
#define HIGHEST_u32 UINT32_MAX
