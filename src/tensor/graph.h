/* graph.h - what the operations see of a graph; private to src/tensor.
 *
 * Every tensor of a pass is an at_var underneath. Its gradient buffer is taken when the first
 * consumer's backward writes it (that one overwrites, later ones add), and goes back to the
 * graph's free list once its producer's backward has read it, so the gradients alive at one time
 * are few and mostly still in cache.
 *
 * An op: check shapes, make y with at_result, compute; if at_wants(y), push a node of its own
 * type (whose first member is at_node) that holds what backward needs.
 */
#ifndef AT_TENSOR_GRAPH_H
#define AT_TENSOR_GRAPH_H

#include "kernels/gemm.h"
#include "tensor/ops.h"
#include "tensor/told.h"

/* Column sums found while the columns were still in cache, so that batch norm need not walk them
 * again: of a convolution's output y (sums and sums of squares, for the statistics), and of the
 * gradient of a norm's output (sum g and sum g x, for its backward). part (blocks, 2, cols). */
typedef struct at_sums {
    int blocks;
    float *part; /* of at_buffer_take; NULL: none */
} at_sums;

/* A gradient still to be computed from what lies in its place: batch norm leaves the last pass of
 * its backward, d = ka d act'(x*scale + shift) + kb x + kc, to the convolution before it, which
 * does it block by block where it needs the result. */
typedef struct at_pending {
    at_act act;
    const at_tensor *x;
    const float *scale, *shift, *ka, *kb, *kc;
} at_pending;

/* Values still to be computed: the output of a batch norm, act(x*scale + shift), of which memory
 * need hold no copy beside x where the convolution after it makes it block by block, and once more
 * in backward. */
typedef struct at_deferred {
    at_act act;
    const at_tensor *x;
    const float *scale, *shift;
} at_deferred;

typedef struct at_var {
    at_tensor t;                 /* first: an at_tensor * of a pass is an at_var * */
    struct at_var *root;         /* owner of the gradient: itself, or what it is a reshape of */
    const at_deferred *deferred; /* what t.data is made from if it is NULL yet */
    int passing;                 /* t.data is there for one operation at a time (values.c) */
    uint16_t *half;              /* where the values of a passing one lie, unless deferred */
    struct at_var *next_open;    /* of those whose t.data goes with the operation that runs */
    int readers;                 /* operations that have read t's values, deferred or not */
    int wants;                   /* a gradient is wanted */
    int written;                 /* t.grad holds one */
    int keep;                    /* t.grad outlives the producer's backward */
    at_pending *pending;         /* what is left to do to t.grad; NULL: nothing */
    at_sums sums;                /* of columns of t.data, or of t.grad */
    const float *packed[2];      /* a weight's GEMM panels for this pass: as it is, transposed */
    at_param *param;
    struct at_var *next_use; /* chain of the graph's table of parameters in use */
} at_var;

typedef struct at_node {
    struct at_node *prev; /* recorded before this one */
    void (*backward)(at_graph *g, struct at_node *node);
    at_tensor *y;
} at_node;

enum { AT_USE_SLOTS = 512 };

/* Results of fewer values (logits, pooled features, a scalar) are not worth the rounding: 16 KiB. */
enum { AT_LEAST_HALF = 4096 };

struct at_graph {
    at_pool *pool; /* nullable */
    const at_kernels *kn;
    at_mode mode;
    at_precision precision;
    size_t least_half; /* AT_LEAST_HALF, but in tests */
    int status;
    uint64_t seed;
    uint32_t dropouts; /* so far in this pass: each has random streams of its own */
    at_listener listener;
    at_arena arena;
    at_node *tape; /* the last node */
    at_var *open;  /* passing tensors that the operation that runs makes or reads */
    struct at_buffer *free_buffers;
    at_var *uses[AT_USE_SLOTS]; /* by hash of the parameter's address */
};

static inline at_var *at_var_of(const at_tensor *t)
{
    return (at_var *)(uintptr_t)t;
}

/* Whether a gradient for t is wanted; false for NULL. */
static inline int at_wants(const at_tensor *t)
{
    return t != NULL && at_var_of(t)->root->wants;
}

/* Marks the pass failed and returns NULL. */
void *at_graph_nomem(at_graph *g);
/* Memory of the pass. NULL (and a failed pass) when it is out. */
void *at_graph_alloc(at_graph *g, size_t count, size_t size);

/* ---- values (values.c) ------------------------------------------------------------------ */

/* Whether an operation may begin to read x: it is not NULL, the pass has not failed, and x->data is
 * there until the operation ends (what was deferred is done, what lies in f16 widened). Every
 * operation asks this of its inputs first, and in backward of what it reads there. */
int at_ready(at_graph *g, at_tensor *x);
/* The same of one that need not be there: NULL is ready. */
static inline int at_ready_if_any(at_graph *g, at_tensor *x)
{
    return x == NULL ? g->status == ATTUNE_OK : at_ready(g, x);
}
/* The same for those that read by at_rows: x->data may be NULL. */
int at_ready_rows(at_graph *g, at_tensor *x);
/* The same for those that can do what is deferred by themselves: *deferred NULL when nothing is. */
int at_ready_deferred(at_graph *g, at_tensor *x, const at_deferred **deferred);
/* The same for those that will have x's values in another shape. */
int at_ready_reshape(at_graph *g, at_tensor *x);

/* Rows [from, from + rows) of x in f32: where they are, or made into `room`. */
const float *at_rows(const at_kernels *kn, const at_tensor *x, int from, int rows, float *room);
/* The same by what x was made of when it was read; d NULL: at_rows. */
const float *at_deferred_rows(const at_kernels *kn, const at_tensor *x, const at_deferred *d,
                              int from, int rows, float *room);
/* What a product fetches meanwhile is also that memory, if there is room to say so; what at_deferred_rows will read. */
void at_ahead_add(at_ahead *a, const void *from, size_t bytes);
void at_ahead_rows(at_ahead *a, const at_tensor *x, const at_deferred *d, int from, int rows);
/* Where to put rows of a y of at_result_rows, and that they are there: `values` is then as all will
 * read it, which is what sums are to be made of. */
float *at_rows_out(const at_tensor *y, int from, float *room);
void at_rows_done(const at_kernels *kn, const at_tensor *y, int from, int rows, float *values);
/* Room of so many floats for each thread, where rows of x have to be made; else NULL. Returns 0
 * when memory is out. */
int at_take_room(at_graph *g, const at_tensor *x, size_t floats, float **room);

/* For graph.c: room for the values of an owner that has none, in f32 or f16 (whole: and its t.data);
 * none for what is deferred; the operation that made v is done; an operation is. */
int at_values_begin(at_graph *g, at_var *v, int whole);
void at_values_defer(at_graph *g, at_var *v);
void at_values_end(at_graph *g, at_var *v);
void at_values_close(at_graph *g);

/* Floats that an operation keeps for its own backward beside tensors: taken, closed once forward is
 * done with them, opened in backward, released. data is NULL while they lie in f16. All but release
 * return 0 when memory is out. */
typedef struct at_kept {
    size_t n;
    float *data;
    uint16_t *half;
} at_kept;

int at_kept_take(at_graph *g, at_kept *k, size_t n);
int at_kept_close(at_graph *g, at_kept *k);
int at_kept_open(at_graph *g, at_kept *k);
void at_kept_release(at_graph *g, at_kept *k);

/* ---- results ---------------------------------------------------------------------------- */

/* An op's output, uninitialised; wants: some input wants a gradient (ignored in AT_INFER). */
at_tensor *at_result(at_graph *g, int rank, const int *dim, int wants);
at_tensor *at_result_like(at_graph *g, const at_tensor *x, int wants);
/* One that is filled by rows (at_rows_out): its data may be NULL. */
at_tensor *at_result_rows(at_graph *g, int rank, const int *dim, int wants);
/* An output like x whose values are deferred. */
at_tensor *at_result_deferred(at_graph *g, const at_tensor *x, int wants, const at_deferred *d);
/* Tells who listens, if somebody does: once y is computed, before anything is recorded. */
static inline void at_tell(const at_graph *g, at_tensor *y, const at_told *told)
{
    if (g->listener.hear)
        g->listener.hear(g->listener.user, y, told);
}

/* Records a node of `size` bytes, zeroed. NULL when memory is out. Last of all: y is computed, and
 * neither its data nor its inputs' need be there afterwards. */
void *at_record(at_graph *g, size_t size, at_tensor *y, void (*backward)(at_graph *, at_node *));

/* Temporary floats, reused within the pass once released (NULL is fine there). */
float *at_buffer_take(at_graph *g, size_t floats);
void at_buffer_release(at_graph *g, float *p);

/* ---- gradients, in backward ------------------------------------------------------------ */

/* The gradient of a node's output (written, or the node would not run). */
const float *at_grad_in(at_graph *g, at_tensor *y);
/* The same for those who can do what is pending by themselves: *pending NULL when nothing is. */
const float *at_grad_in_pending(const at_tensor *y, const at_pending **pending);
/* Rows [from, from + rows) of a pending gradient. out may be d where p's x has its data; else give
 * room. */
void at_pending_rows(const at_kernels *kn, const at_pending *p, int from, int rows, int cols,
                     const float *d, float *out, float *room);

/* Whether the caller, about to write the gradient of x whose values it has read deferred, is the
 * only one to do so, and may leave x's norm the column sums that its backward begins with. */
int at_only_reader(const at_tensor *x, const at_deferred *d);
/* Sums of g = d act' and g x over some rows of a gradient d of a deferred x; added to sums (2,cols).
 * room: for as many rows. */
void at_deferred_sums(const at_kernels *kn, const at_deferred *def, int from, int rows, int cols,
                      const float *d, float *sums, float *room);

/* Where to put the gradient of x: *accumulate says add (1) or overwrite (0). NULL: memory out. */
float *at_grad_out(at_graph *g, at_tensor *x, int *accumulate);
/* The same for those that only add: zeroed when it is the first. */
float *at_grad_add(at_graph *g, at_tensor *x);
/* Hands y's gradient on as x's, as it is: no copy when x has none yet and y's is not kept. */
void at_grad_pass(at_graph *g, at_tensor *x, at_tensor *y);
/* Like at_grad_out, for an elementwise backward that may work in place: when x has no gradient
 * yet and y's may be overwritten, x gets y's buffer. *dy is y's gradient all the same. */
float *at_grad_inplace(at_graph *g, at_tensor *x, at_tensor *y, const float **dy, int *accumulate);

/* Whether to find column sums along with a result that wants a gradient: a convolution without bias
 * in training is all but always followed by batch norm. */
static inline int at_norm_may_follow(const at_graph *g, const at_tensor *bias)
{
    return g->mode == AT_TRAIN && bias == NULL;
}

/* ---- helpers --------------------------------------------------------------------------- */

/* GEMM panels of a matrix (k,n), or of its transpose, packed once a pass. NULL: memory out. */
const float *at_packed(at_graph *g, at_tensor *weight, int transposed);

/* Elementwise loops are cut into chunks of this many floats, whatever the thread count. */
enum { AT_CHUNK = 1 << 14 };

static inline int at_chunks(size_t n)
{
    return (int)((n + AT_CHUNK - 1) / AT_CHUNK);
}

static inline size_t at_chunk_size(size_t n, int task)
{
    size_t from = (size_t)task * AT_CHUNK;
    return n - from < AT_CHUNK ? n - from : AT_CHUNK;
}

/* Rows of `cols` floats in one task of a loop over rows: about 128 KiB, at most 4096 rows. */
int at_block_rows(int cols);

/* dst (n) (+)= sum over parts of part (parts x n), in order, in double. */
void at_combine(at_graph *g, int parts, size_t n, const float *part, float *dst, int accumulate);
/* grad of a row vector: dst (cols) += column sums of d (rows x cols). */
void at_sum_rows_into(at_graph *g, int rows, int cols, const float *d, at_tensor *vector);
/* y = x or y += x, threaded */
void at_copy_or_add(at_graph *g, size_t n, const float *x, float *y, int accumulate);

#endif
