#include "eval/telling.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Each window that is chosen, here or elsewhere, rules out at most those of its face that overlap it:
 * 2 window / hop - 1, itself included. So the k-th choice is among the best (k - 1 + others) times
 * that, and one more. */
int at_telling_open(at_telling *t, int wanted, int others, const attune_options *o)
{
    /* what is out of range is refused when the session is opened */
    const double window_s = o->window_s > 0 ? fmin(o->window_s, 30) : ATTUNE_DEFAULT_WINDOW_S;
    const double hop_s = o->hop_s > 0 ? fmax(o->hop_s, 0.05) : fmin(ATTUNE_DEFAULT_HOP_S, window_s);
    memset(t, 0, sizeof *t);
    t->wanted = wanted;
    t->window_us = llround(window_s * 1e6);
    t->hop_us = llround(hop_s * 1e6);
    t->capacity = (wanted + others) * 2 * (int)ceil(window_s / hop_s);
    t->list = at_calloc((size_t)t->capacity, sizeof *t->list);
    return t->list ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

void at_telling_free(at_telling *t)
{
    at_free(t->list);
    memset(t, 0, sizeof *t);
}

static int worst(const at_telling *t)
{
    int at = 0;
    for (int i = 1; i < t->n; i++)
        if (t->list[i].score < t->list[at].score ||
            (t->list[i].score == t->list[at].score &&
             t->list[i].window.end_us > t->list[at].window.end_us))
            at = i;
    return at;
}

void at_telling_offer(at_telling *t, float score, const attune_window *w, const at_moment *m)
{
    const int at = t->n < t->capacity ? t->n : worst(t);
    if (at < t->n && score <= t->list[at].score)
        return;
    t->n += at == t->n;
    t->list[at] = (at_told){.score = score, .window = *w, .moment = *m};
    if (w->beside)
        t->list[at].beside = *w->beside;
}

static int show_one(const at_told *a, const at_told *b)
{
    return a->window.track == b->window.track &&
           (a->window.end_us == b->window.end_us || a->moment.t_us == b->moment.t_us);
}

void at_telling_leave(at_telling *t, const at_told *shown)
{
    for (int i = 0; i < t->n; i++)
        t->list[i].taken |= show_one(&t->list[i], shown);
}

static int by_score(const void *a, const void *b)
{
    const at_told *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    if (x->window.end_us != y->window.end_us)
        return x->window.end_us < y->window.end_us ? -1 : 1;
    return (x->window.track > y->window.track) - (x->window.track < y->window.track);
}

static int is_apart(const at_told *one, const at_told *const *chosen, int n, int64_t apart_us)
{
    for (int i = 0; i < n; i++)
        if (show_one(chosen[i], one) ||
            (chosen[i]->window.track == one->window.track &&
             llabs(chosen[i]->window.end_us - one->window.end_us) < apart_us))
            return 0;
    return 1;
}

int at_telling_choose(at_telling *t, const at_told **chosen)
{
    int n = 0;
    if (t->n)
        qsort(t->list, (size_t)t->n, sizeof *t->list, by_score);
    for (int64_t apart_us = t->window_us; apart_us > 0 && n < t->wanted; apart_us /= 2) {
        for (int i = 0; i < t->n && n < t->wanted; i++) {
            at_told *one = &t->list[i];
            if (one->taken || !is_apart(one, chosen, n, apart_us))
                continue;
            one->taken = 1;
            chosen[n++] = one;
        }
        if (apart_us <= t->hop_us)
            break;
    }
    return n;
}
