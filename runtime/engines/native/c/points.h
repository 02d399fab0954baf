/* How the points of map and reduce are shared among tasks. All sizes follow from the extents alone. */
enum {
  SIG_TASK_POINTS = 1 << 14, /* about as many as are worth a task of their own */
  SIG_FEW_ELEMENTS = 32, /* with fewer elements to keep, what each of them reduces is split */
  SIG_MOST_PARTS = 64,
  SIG_STRIP_BYTES = 2048, /* of a row, where its lanes are kept */
  SIG_STRIP_STATE_BYTES = 1 << 13,
};

/*
 * The most vectors of a row that one task keeps: mostly all, since a row that is read in strips is fetched from memory piece by
 * piece. What is reduced into them stays in the first-level cache.
 */
#define SIG_STRIP_VECTORS(state) \
  (SIG_STRIP_STATE_BYTES / sizeof(state) < 8 ? 8 \
   : SIG_STRIP_STATE_BYTES / sizeof(state) < SIG_STRIP_BYTES / SIG_VECTOR_BYTES ? SIG_STRIP_STATE_BYTES / sizeof(state) \
   : SIG_STRIP_BYTES / SIG_VECTOR_BYTES)

typedef struct {
  const sig_call *call;
  int64_t rows, length; /* kept points but for the last dim, and the last dim */
  int64_t visits; /* reduced points but for the last dim */
  int64_t cost; /* products of one point, in a contraction */
  int64_t group, strip, strips; /* rows to a task, lanes to a task, tasks to a row */
  int64_t parts, visit_parts, lane_parts, slot_bytes;
  char *slots;
} sig_points;

/* Where a part begins; part + 1 ends where the next begins. One part is all, whatever its number. */
SIG_INLINE int64_t sig_part(int64_t count, int64_t part, int64_t parts, int64_t end) {
  return parts == 1 ? (end ? count : 0) : count * (part + end) / parts;
}
/* Whole vectors, but for the last part. */
SIG_INLINE int64_t sig_lane_part(int64_t count, int64_t part, int64_t parts, int64_t end) {
  return parts == 1 ? (end ? count : 0) : part + end == parts ? count : count * (part + end) / parts / SIG_LANES * SIG_LANES;
}

static void sig_map_run(sig_points *job, sig_task task) {
  const int64_t worth = sig_most(SIG_LANES, SIG_TASK_POINTS / sig_most(1, job->cost));
  job->strip = job->length <= worth ? sig_most(1, job->length) : sig_up(worth, SIG_LANES);
  job->strips = (job->length + job->strip - 1) / job->strip;
  job->group = sig_most(1, worth / job->strip);
  if (job->rows == 0 || job->length == 0) return;
  sig_share(job->call->team, (job->rows + job->group - 1) / job->group * job->strips, task, job);
}

/* `vectors`: the most that a task keeps of a row, or 0 where lanes are reduced. `state_bytes`: what one part leaves behind, of each. */
static void sig_reduce_run(sig_points *job, int64_t vectors, int64_t state_bytes, sig_task task, sig_task fold) {
  job->strips = vectors ? sig_parts(job->length, vectors * SIG_LANES) : 1;
  job->strip = vectors ? sig_up(sig_parts(job->length, sig_most(1, job->strips)), SIG_LANES) : job->length;
  job->slot_bytes = sig_most(1, vectors ? job->strip / SIG_LANES : 1) * state_bytes;
  const int64_t reduced = sig_most(1, job->visits * job->strip * sig_most(1, job->cost));
  job->slots = job->call->workspace;
  const int64_t kept = job->rows * job->strips;
  job->parts = 1;
  if (kept < SIG_FEW_ELEMENTS && kept > 0) {
    const int64_t room = SIG_WORKSPACE_BYTES / job->slot_bytes / kept;
    job->parts = sig_most(1, sig_least(sig_least(SIG_MOST_PARTS, room), reduced / SIG_TASK_POINTS));
  }
  const int by_visits = vectors || job->visits >= job->parts;
  if (by_visits) job->parts = sig_most(1, sig_least(job->parts, job->visits));
  job->visit_parts = by_visits ? job->parts : 1;
  job->lane_parts = by_visits ? 1 : job->parts;
  job->group = job->parts > 1 ? 1 : sig_most(1, SIG_TASK_POINTS / reduced);
  if (kept == 0) return;
  sig_share(job->call->team, (job->rows + job->group - 1) / job->group * job->strips * job->parts, task, job);
  if (job->parts > 1) sig_share(NULL, kept, fold, job);
}
