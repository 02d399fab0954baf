/* What a kernel is called with. */
typedef struct {
  char *data;
  int64_t stride[SIG_MAX_RANK], extent[SIG_MAX_RANK]; /* strides in elements */
  /* Not 0: a matrix in panels of NR columns, each [row][NR], this many elements apart. Only contractions that know see one. */
  int64_t panel;
} sig_operand;

typedef struct sig_call {
  sig_team *team; /* NULL: the caller's thread does it all */
  char *workspace; /* shared; SIG_WORKSPACE_BYTES */
  char *local; /* SIG_LOCAL_BYTES for each thread */
  /* Where a factor stays packed over the turns of the innermost loop, which it does not change with; NULL where it does not. */
  char *held_left, *held_right;
  int32_t packed; /* they are: an earlier of those turns came here */
  sig_operand operand[SIG_MAX_OPERANDS];
  int64_t extent[SIG_MAX_DIMS];
  int64_t parameter[SIG_MAX_PARAMETERS];
  int32_t accumulate[SIG_MAX_OUTS]; /* per result: merged into what is there */
} sig_call;
