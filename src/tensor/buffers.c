/* buffers.c - memory of a pass: what lives until its end, and what is given back and taken again. */
#include "tensor/graph.h"

#include <assert.h>
#include <stdint.h>

/* Header of a temporary buffer, one cache line before its floats. */
struct at_buffer {
    size_t floats;
    struct at_buffer *next;
};

void *at_graph_nomem(at_graph *g)
{
    g->status = ATTUNE_E_NOMEM;
    return NULL;
}

void *at_graph_alloc(at_graph *g, size_t count, size_t size)
{
    void *p = at_arena_alloc(&g->arena, count, size);
    return p != NULL ? p : at_graph_nomem(g);
}

/* Best fit among the released buffers, the latest first among equals (it may still be in cache).
 * One that is more than twice too large is left for somebody else. */
float *at_buffer_take(at_graph *g, size_t floats)
{
    struct at_buffer **best = NULL;
    for (struct at_buffer **b = &g->free_buffers; *b != NULL; b = &(*b)->next) {
        size_t size = (*b)->floats;
        if (size >= floats && size / 2 <= floats && (best == NULL || size < (*best)->floats))
            best = b;
    }
    struct at_buffer *taken;
    if (best != NULL) {
        taken = *best;
        *best = taken->next;
    } else {
        static_assert(sizeof *taken <= AT_ALIGN, "the header has one line");
        if (floats > (PTRDIFF_MAX - AT_ALIGN) / sizeof(float))
            return at_graph_nomem(g);
        taken = at_graph_alloc(g, AT_ALIGN + floats * sizeof(float), 1);
        if (taken == NULL)
            return NULL;
        taken->floats = floats;
    }
    return (float *)((unsigned char *)taken + AT_ALIGN);
}

void at_buffer_release(at_graph *g, float *p)
{
    if (p == NULL)
        return;
    struct at_buffer *b = (struct at_buffer *)((unsigned char *)p - AT_ALIGN);
    b->next = g->free_buffers;
    g->free_buffers = b;
}
