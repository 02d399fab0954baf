/*
 * A contraction over blocks: tasks of SIG_TASK_PANELS panels of rows go over panels of columns, both factors are packed into panels
 * as tasks need them (but a left one that lies in panels already), and each register tile runs the kernel's epilogue while it is
 * hot. What an epilogue reduces along columns is finished by the task that owns the rows; what it reduces along rows, or to one
 * number, waits in the task's slot and is joined in slot order. Sizes of blocks and slots follow from the extents alone: bits do
 * not depend on threads.
 *
 * Row, column and k name points of one matrix product; `at` holds the positions of all other dims.
 */
enum {
  SIG_PANEL_BYTES = 5 << 19, /* of one side, packed */
  SIG_SUM_BYTES = 1 << 20, /* register tiles that wait for more of k */
  SIG_SLOT_BYTES = 1 << 20,
  SIG_LOCAL_PANEL_BYTES = 128 << 10,
  SIG_TASK_PANELS = 6, /* of rows */
  SIG_SHORT_TASK_PANELS = 2,
  SIG_TASK_COLUMNS = 3, /* panels of columns, where nothing is reduced along them: while the rows pass, they stay in the second-level cache */
  /* Panels packed together. Of rows, those of a task; of columns, what lies side by side in memory is read once. */
  SIG_PACK_LEFT = SIG_TASK_PANELS,
  SIG_PACK_RIGHT = 4,
  SIG_CROWDED_BYTES = 1024, /* a quarter of the addresses that choose a place in the first-level cache, or more */
  SIG_MOST_ROWS = 2048, /* and columns, of a block */
  /* Runs of k in a block (of f32): all, where there are no more than these; else one, so that the packed columns stay in the second-level cache. */
  SIG_MOST_RUNS = 8,
};
_Static_assert(2 * SIG_PANEL_BYTES + SIG_SUM_BYTES + SIG_SLOT_BYTES <= SIG_WORKSPACE_BYTES, "the workspace holds all parts");
_Static_assert(4 * SIG_LOCAL_PANEL_BYTES <= SIG_LOCAL_BYTES, "a thread's part holds panels and slots");

typedef struct sig_contract sig_contract;

/* What is generated for one kernel. */
typedef struct {
  int64_t element_bytes, tile_columns;
  int64_t column_state_bytes; /* per vector of columns and task; 0 where nothing is reduced along rows */
  int64_t state_bytes; /* per task: what becomes one number */
  int32_t points_free; /* every result keeps every dim of `at` */
  int32_t left_free, right_free; /* the factor is the same at every point */
  /* The operand that is the whole left factor and may lie in panels, and how it is read there; −1. */
  int32_t left_operand;
  sig_order left_order;
  /* Where the left factor is a matrix as it lies: its first element at `at`, and the steps to the next row and the next product. */
  const void *(*plain)(const sig_contract *);
  void (*plain_steps)(const sig_call *, int64_t *row, int64_t *product);
  int32_t grid; /* nothing is reduced along rows or columns alone: tasks may take parts of the columns */
  void (*left)(const sig_contract *, int64_t row, int64_t rows, int64_t k, int64_t count, void *panel);
  void (*right)(const sig_contract *, int64_t column, int64_t columns, int64_t k, int64_t count, void *panel);
  sig_task task;
  sig_task fold;
} sig_contract_kernel;

/* Groups of panels of the block in work. */
typedef enum { SIG_LEFT, SIG_RIGHT } sig_side;
enum { SIG_RAW, SIG_IN_WORK, SIG_READY, SIG_MOST_GROUPS = SIG_MOST_ROWS / (2 * SIG_LANES) };
_Static_assert(SIG_MOST_ROWS <= SIG_MOST_GROUPS * SIG_PACK_LEFT * SIG_MR, "a block of most rows has a state for each group");
typedef struct { _Atomic uint8_t state[2][SIG_MOST_GROUPS]; } sig_groups;

struct sig_contract {
  const sig_call *call;
  const sig_contract_kernel *kernel;
  int64_t rows, columns, inner, points, dims;
  const int64_t *point_extents; /* 1 for rows, columns and k */
  int64_t at[SIG_MAX_DIMS];
  sig_team *team;
  char *left, *right, *sums, *slots;
  sig_order order; /* of the left factor */
  int64_t left_step;
  int32_t left_stays, right_stays; /* packed, all of it, for an earlier point */
  /* the block in work */
  int64_t row, row_count, column, column_count, k, k_count;
  sig_groups *groups;
};

/* A slot: a state for each vector of columns, then, aligned, what becomes one number. */
static inline int64_t sig_columns_bytes(const sig_contract *c, int64_t columns) {
  return sig_up(sig_up(columns, c->kernel->tile_columns) / SIG_LANES * c->kernel->column_state_bytes, 64);
}
static inline int64_t sig_slot_bytes(const sig_contract *c, int64_t columns) {
  return sig_columns_bytes(c, columns) + sig_up(c->kernel->state_bytes, 64);
}
static inline void *sig_columns_slot(const sig_contract *c, int64_t task) { return c->slots + task * sig_slot_bytes(c, c->column_count); }
static inline void *sig_numbers_slot(const sig_contract *c, int64_t task) {
  return (char *)sig_columns_slot(c, task) + sig_columns_bytes(c, c->column_count);
}
static inline int64_t sig_group_size(const sig_contract *c, sig_side side) {
  return side == SIG_LEFT ? SIG_PACK_LEFT * SIG_MR : SIG_PACK_RIGHT * c->kernel->tile_columns;
}
static inline int64_t sig_groups_of(const sig_contract *c, sig_side side) {
  return sig_parts(side == SIG_LEFT ? c->row_count : c->column_count, sig_group_size(c, side));
}
/*
 * Tasks of rows. Where a task is all columns there are few of them, and the last ones are short, so that no thread waits long for
 * another's last.
 */
static inline int64_t sig_long_tasks(const sig_contract_kernel *kernel, int64_t rows) {
  const int64_t panels = sig_parts(rows, SIG_MR);
  return kernel->grid ? sig_parts(panels, SIG_TASK_PANELS) : sig_most(0, panels - SIG_TASK_PANELS) / SIG_TASK_PANELS;
}
static inline int64_t sig_row_tasks(const sig_contract_kernel *kernel, int64_t rows) {
  const int64_t many = sig_long_tasks(kernel, rows), left = rows - many * SIG_TASK_PANELS * SIG_MR;
  return many + sig_most(0, sig_parts(left, SIG_SHORT_TASK_PANELS * SIG_MR));
}
typedef struct { int64_t first, count; } sig_rows;
static inline sig_rows sig_task_rows(const sig_contract *c, int64_t task) {
  const int64_t many = sig_long_tasks(c->kernel, c->row_count), rest = task - many;
  const int64_t first = SIG_MR * (rest < 0 ? task * SIG_TASK_PANELS : many * SIG_TASK_PANELS + rest * SIG_SHORT_TASK_PANELS);
  return (sig_rows){first, sig_least(SIG_MR * (rest < 0 ? SIG_TASK_PANELS : SIG_SHORT_TASK_PANELS), c->row_count - first)};
}
static inline int64_t sig_column_tasks(const sig_contract_kernel *kernel, int64_t columns) {
  return kernel->grid ? sig_parts(columns, SIG_TASK_COLUMNS * kernel->tile_columns) : 1;
}
static inline int64_t sig_tasks_of(const sig_contract_kernel *kernel, int64_t rows, int64_t columns) {
  return sig_row_tasks(kernel, rows) * sig_column_tasks(kernel, columns);
}
static inline int64_t sig_tasks(const sig_contract *c) { return sig_tasks_of(c->kernel, c->row_count, c->column_count); }

static inline sig_left sig_left_from(const sig_contract *c, int64_t row) {
  if (c->order == SIG_PACKED) return (sig_left){.data = c->left, .order = SIG_PACKED, .row = row};
  return (sig_left){c->left, c->order, c->left_step, c->row + row, c->k};
}

/*
 * Panels are packed by the first task that needs them: one thread's copying, which waits for memory, goes on beside another's
 * arithmetic. A group of panels is packed by one thread, which nothing can stop: others may wait for it.
 */
static inline int sig_pack_if_raw(const sig_contract *c, sig_side side, int64_t group) {
  uint8_t state = SIG_RAW;
  if (!atomic_compare_exchange_strong_explicit(&c->groups->state[side][group], &state, SIG_IN_WORK, memory_order_relaxed, memory_order_relaxed))
    return 0;
  const sig_contract_kernel *kernel = c->kernel;
  const int64_t size = sig_group_size(c, side), first = group * size, bytes = c->k_count * kernel->element_bytes;
  if (side == SIG_LEFT) kernel->left(c, c->row + first, sig_least(size, c->row_count - first), c->k, c->k_count, c->left + first * bytes);
  else kernel->right(c, c->column + first, sig_least(size, c->column_count - first), c->k, c->k_count, c->right + first * bytes);
  atomic_store_explicit(&c->groups->state[side][group], SIG_READY, memory_order_release);
  return 1;
}

/* Who comes while another thread packs the group takes the next one, if nobody has, and waits. */
static inline void sig_pack_group(const sig_contract *c, sig_side side, int64_t group) {
  const int64_t last = sig_groups_of(c, side) - 1;
  for (int64_t round = 0; atomic_load_explicit(&c->groups->state[side][group], memory_order_acquire) != SIG_READY; round++)
    if (!sig_pack_if_raw(c, side, group) && (group == last || !sig_pack_if_raw(c, side, group + 1))) sig_wait(round);
}

/* What a task's rows and a panel of columns need is packed on return. */
static inline void sig_pack(const sig_contract *c, int64_t row, int64_t rows, int64_t column) {
  const int64_t left = sig_group_size(c, SIG_LEFT);
  for (int64_t group = row / left; group * left < row + rows; group++) sig_pack_group(c, SIG_LEFT, group);
  sig_pack_group(c, SIG_RIGHT, column / sig_group_size(c, SIG_RIGHT));
}

static inline void sig_groups_begin(const sig_contract *c, sig_side side, uint8_t state) {
  for (int64_t group = sig_groups_of(c, side); group-- > 0;) atomic_store_explicit(&c->groups->state[side][group], state, memory_order_relaxed);
}

/* All of one matrix product, in blocks of at most these rows, columns and products. */
static void sig_contract_blocks(sig_contract *c, int64_t rows, int64_t columns, int64_t depth) {
  const int whole = depth >= c->inner, one = whole && columns >= c->columns;
  const int keeps_left = c->order != SIG_PACKED || (c->left == c->call->held_left && c->call->packed);
  const int keeps_right = c->right == c->call->held_right && c->call->packed;
  for (c->row = 0; c->row < c->rows; c->row += rows) {
    c->row_count = sig_least(rows, c->rows - c->row);
    for (c->column = 0; c->column < c->columns; c->column += columns) {
      c->column_count = sig_least(columns, c->columns - c->column);
      for (c->k = 0; c->k == 0 || c->k < c->inner; c->k += depth) {
        c->k_count = sig_least(depth, c->inner - c->k);
        if (!c->left_stays && (!whole || c->column == 0)) sig_groups_begin(c, SIG_LEFT, keeps_left ? SIG_READY : SIG_RAW);
        if (!c->right_stays && (!one || c->row == 0)) sig_groups_begin(c, SIG_RIGHT, keeps_right ? SIG_READY : SIG_RAW);
        sig_share(c->team, sig_tasks(c), c->kernel->task, c);
      }
      /* One task for each panel of columns, one for what becomes one number. */
      const int64_t panels = c->kernel->column_state_bytes ? sig_parts(c->column_count, c->kernel->tile_columns) : 0;
      if (panels || c->kernel->state_bytes) sig_share(panels > 8 ? c->team : NULL, panels + 1, c->kernel->fold, c);
    }
  }
}

static void sig_contract_point(sig_contract *c, int64_t point) {
  for (int64_t dim = c->dims - 1; dim >= 0; dim--) {
    c->at[dim] = point % c->point_extents[dim];
    point /= c->point_extents[dim];
  }
}

/* Panels have room for rows beyond an edge. In a plain matrix something else lies there: rows that are no whole panels are packed. */
static void sig_choose_order(sig_contract *c) {
  const sig_contract_kernel *kernel = c->kernel;
  int64_t row, product;
  if (kernel->left_operand >= 0 && c->call->operand[kernel->left_operand].panel) {
    c->order = kernel->left_order;
    c->left_step = c->call->operand[kernel->left_operand].panel;
    return;
  }
  if (kernel->plain == NULL || c->rows % SIG_MR != 0 || c->call->held_left) return;
  kernel->plain_steps(c->call, &row, &product);
  /* Where lines that a panel of rows reads lie so many bytes apart, they drive one another out of the first-level cache. */
  const int crowded = product * kernel->element_bytes % SIG_CROWDED_BYTES == 0;
  c->order = product == 1 ? SIG_LINES : row == 1 && !crowded ? SIG_UPRIGHT : SIG_PACKED;
  c->left_step = product == 1 ? row : product;
}
static inline void sig_take_plain(sig_contract *c) {
  if (c->order != SIG_PACKED) c->left = (char *)c->kernel->plain(c);
}

static void sig_pack_right(void *job, int64_t group, int64_t thread) {
  (void)thread;
  sig_pack_if_raw(job, SIG_RIGHT, group);
}

/* Points that fit into a thread's own part are whole tasks. A right factor that they share is packed before. */
static void sig_contract_own(void *job, int64_t point, int64_t thread) {
  sig_contract c = *(const sig_contract *)job;
  sig_groups groups;
  c.groups = &groups;
  char *local = c.call->local + thread * SIG_LOCAL_BYTES;
  c.team = NULL;
  c.left = local;
  if (c.right_stays) sig_groups_begin(&c, SIG_RIGHT, SIG_READY);
  else c.right = local + SIG_LOCAL_PANEL_BYTES;
  c.slots = local + 2 * SIG_LOCAL_PANEL_BYTES;
  sig_contract_point(&c, point);
  sig_take_plain(&c);
  sig_contract_blocks(&c, c.rows, c.columns, c.inner);
}

/* As many blocks as are needed, of nearly equal lengths. */
static inline int64_t sig_even_block(int64_t count, int64_t most, int64_t unit) {
  most = sig_most(most / unit * unit, unit);
  return sig_up(sig_parts(sig_most(count, 1), sig_parts(sig_most(count, 1), most)), unit);
}

static void sig_contract_run(const sig_call *call, const sig_contract_kernel *kernel, int64_t rows, int64_t columns, int64_t inner,
                             const int64_t *point_extents, int64_t dims) {
  sig_contract c = {.call = call, .kernel = kernel, .rows = rows, .columns = columns, .inner = inner, .points = 1, .dims = dims,
                    .point_extents = point_extents, .team = call->team};
  for (int64_t dim = 0; dim < dims; dim++) c.points *= point_extents[dim];
  sig_groups groups;
  c.groups = &groups;
  const int64_t bytes = kernel->element_bytes, width = kernel->tile_columns;
  sig_choose_order(&c);
  const int shares_right = kernel->right_free && kernel->right; /* none is packed where sums were kept */
  const int64_t fits = SIG_LOCAL_PANEL_BYTES / bytes, right_fits = shares_right ? SIG_PANEL_BYTES / bytes : fits;
  c.left = call->workspace;
  c.right = c.left + SIG_PANEL_BYTES;
  c.sums = c.right + SIG_PANEL_BYTES;
  c.slots = c.sums + SIG_SUM_BYTES;
  if (kernel->points_free && c.points > 1 && rows <= SIG_MOST_ROWS && columns <= SIG_MOST_ROWS &&
      sig_up(rows, SIG_MR) * inner <= fits && sig_up(columns, width) * inner <= right_fits &&
      sig_tasks_of(kernel, rows, columns) * sig_slot_bytes(&c, columns) <= 2 * SIG_LOCAL_PANEL_BYTES) {
    if (shares_right) {
      c.column_count = columns, c.k_count = inner, c.right_stays = 1;
      sig_groups_begin(&c, SIG_RIGHT, SIG_RAW);
      sig_share(call->team, sig_groups_of(&c, SIG_RIGHT), sig_pack_right, &c);
    }
    sig_share(call->team, c.points, sig_contract_own, &c);
    return;
  }
  const int64_t depth = inner <= SIG_MOST_RUNS * SIG_RUN * 4 / bytes ? inner : SIG_RUN;
  const int64_t most = sig_least(SIG_MOST_ROWS, SIG_PANEL_BYTES / bytes / sig_most(depth, 1));
  const int64_t block_rows = sig_even_block(rows, depth < inner ? sig_least(most, SIG_SUM_BYTES / bytes / 512) : most, SIG_TASK_PANELS * SIG_MR);
  int64_t block_columns = sig_even_block(columns, depth < inner ? sig_least(most, SIG_SUM_BYTES / bytes / block_rows) : most, width);
  for (; block_columns > width; block_columns = sig_up(block_columns / 2, width)) {
    const int64_t r = sig_least(block_rows, rows), w = sig_least(block_columns, columns);
    if (sig_tasks_of(kernel, r, w) * sig_slot_bytes(&c, w) <= SIG_SLOT_BYTES) break;
  }
  const int all_left = depth >= inner && block_rows >= rows, all_right = depth >= inner && block_columns >= columns; /* packed at once */
  if (call->held_left && c.points == 1 && all_left) c.left = call->held_left;
  if (call->held_right && c.points == 1 && all_right) c.right = call->held_right;
  for (int64_t point = 0; point < c.points; point++) {
    sig_contract_point(&c, point);
    sig_take_plain(&c);
    sig_contract_blocks(&c, block_rows, block_columns, depth);
    c.left_stays = kernel->left_free && all_left;
    c.right_stays = kernel->right_free && all_right;
  }
}
