#include "runtime/clock.h"

#include <limits.h>
#include <math.h>

/* Pictures last 10 s at most, and a denoiser holds back less. */
static const int64_t held_most_us = 60000000;

/* The earliest start of what has started; the caller knows that something has. */
static int64_t first_us(const at_clock *c)
{
    int64_t first = INT64_MAX;

    for (int i = 0; i < AT_INPUTS; i++)
        if (c->input[i].started && c->input[i].first_us < first)
            first = c->input[i].first_us;
    return first;
}

static int any_started(const at_clock *c)
{
    for (int i = 0; i < AT_INPUTS; i++)
        if (c->input[i].started)
            return 1;
    return 0;
}

int64_t at_clock_end(const at_clock *c)
{
    int64_t end = 0;

    for (int i = 0; i < AT_INPUTS; i++)
        if (c->input[i].end_us > end)
            end = c->input[i].end_us;
    return end;
}

void at_clock_move(at_clock *c, at_input input, int64_t t, int64_t head, int64_t end)
{
    at_input_clock *in = &c->input[input];

    if (!in->started || t - in->end_us > c->window_us)
        in->gap[in->gaps++ % AT_GAPS] = (at_gap){in->started ? in->end_us : INT64_MIN, t};
    if (!in->started) {
        in->started = 1;
        in->first_us = t;
    }
    in->head_us = head;
    in->end_us = end > in->end_us ? end : in->end_us;
}

void at_clock_cut(at_clock *c, int64_t end)
{
    for (int i = 0; i < AT_INPUTS; i++) {
        at_input_clock *in = &c->input[i];
        int64_t least = in->head_us > in->first_us ? in->head_us : in->first_us + 1;
        if (in->started && in->end_us > end)
            in->end_us = end > least ? end : least;
    }
}

static int64_t made_until(const at_clock *c)
{
    return c->next_end_us ? c->next_end_us - c->hop_us : INT64_MIN;
}

int at_clock_missed(const at_clock *c, int64_t t)
{
    return t < made_until(c);
}

int64_t at_clock_late(const at_clock *c, at_input input, int64_t from, int64_t to)
{
    int64_t made = made_until(c);
    int64_t passed = c->input[input].started ? c->input[input].head_us : INT64_MIN;

    from = from > passed ? from : passed;
    to = to < made ? to : made;
    return to > from ? to - from : 0;
}

/* Whether nothing more is expected of an input before t. */
static int passed(const at_clock *c, int input, int64_t t)
{
    const at_input_clock *in = &c->input[input];

    if (in->absent || c->finished || (in->started && in->head_us >= t))
        return 1;
    for (int i = 0; i < AT_INPUTS; i++)
        if (i != input && c->input[i].started && c->input[i].head_us >= t + c->lag_us)
            return 1;
    return 0;
}

static int64_t window_start(int64_t end, int64_t window, int64_t origin)
{
    return end - window < origin ? origin : end - window;
}

/* Until when nothing of an input came, or comes, since t; INT64_MAX: nothing has come yet. */
static int64_t silent_until(const at_input_clock *in, int64_t t)
{
    if (in->absent || !in->started || t >= in->end_us)
        return INT64_MAX;
    for (int i = 0; i < in->gaps && i < AT_GAPS; i++)
        if (t >= in->gap[i].from_us && t < in->gap[i].to_us)
            return in->gap[i].to_us;
    return t;
}

/* The end of the window that begins where the one that ends at end would: end, or that of a gap. */
static int64_t stretch(const at_clock *c, int64_t end)
{
    int64_t start = window_start(end, c->window_us, c->origin_us), silent = INT64_MAX;

    for (int i = 0; i < AT_INPUTS; i++) {
        int64_t until = silent_until(&c->input[i], start);
        silent = until < silent ? until : silent;
    }
    if (silent == INT64_MAX || silent <= end)
        return end;
    return silent / c->hop_us * c->hop_us;
}

/* The end of the next window, 0 if it cannot be made yet (or there is none). */
static int64_t next_end(const at_clock *c)
{
    int64_t end, last;

    if (!any_started(c))
        return 0;
    end = c->next_end_us ? stretch(c, c->next_end_us) : (first_us(c) / c->hop_us + 1) * c->hop_us;
    for (int i = 0; i < AT_INPUTS; i++)
        if (!passed(c, i, end))
            return 0;
    last = at_clock_end(c);
    if (!c->finished || end <= last)
        return end;
    /* What is left after the last full hop. */
    if (c->last_made || (c->next_end_us && last - (end - c->hop_us) < c->hop_us / 2))
        return 0;
    return last;
}

int at_clock_due(const at_clock *c, int64_t *start, int64_t *end)
{
    int64_t origin = c->origin_us;

    *end = next_end(c);
    if (!*end)
        return 0;
    if (!c->next_end_us)
        origin = first_us(c) / c->hop_us * c->hop_us;
    *start = c->next_end_us && *end > c->next_end_us
                 ? window_start(c->next_end_us, c->window_us, origin) /* a gap */
                 : window_start(*end, c->window_us, origin);
    return 1;
}

void at_clock_made(at_clock *c, int64_t end)
{
    if (!c->next_end_us)
        c->origin_us = first_us(c) / c->hop_us * c->hop_us;
    c->last_made = c->finished && end == at_clock_end(c);
    c->next_end_us = (end / c->hop_us + 1) * c->hop_us;
}

int64_t at_clock_needed(const at_clock *c)
{
    return c->next_end_us ? window_start(c->next_end_us, c->window_us, c->origin_us) : INT64_MIN;
}

static void keep_input(at_keep *k, at_input_clock *in)
{
    at_keep_int(k, &in->started, 0, 1);
    at_keep_time(k, &in->first_us);
    at_keep_time(k, &in->head_us);
    at_keep_time(k, &in->end_us);
    for (int i = 0; i < AT_GAPS; i++) {
        at_keep_start(k, &in->gap[i].from_us);
        at_keep_time(k, &in->gap[i].to_us);
    }
    at_keep_int(k, &in->gaps, 0, INT_MAX / 2);
}

/* Whether an input can have come so: what lasts beyond what is there is a picture, or the sound that is held back. */
static int is_way(const at_input_clock *in)
{
    const int64_t begun = in->gap[in->gaps ? (in->gaps - 1) % AT_GAPS : 0].to_us;
    const int64_t there = in->head_us > begun ? in->head_us : begun;

    if (!in->started)
        return !in->gaps && !in->first_us && !in->head_us && !in->end_us;
    return !in->absent && in->gaps > 0 && in->first_us >= 0 && in->head_us >= 0 &&
           begun >= in->first_us && in->end_us >= begun && there - in->end_us < held_most_us &&
           in->end_us - there < held_most_us;
}

/* Then no more windows than that time has are to come of what was pushed. */
static int is_possible(const at_clock *c)
{
    int64_t start, end;

    for (int i = 0; i < AT_INPUTS; i++)
        if (!is_way(&c->input[i]))
            return 0;
    if (c->origin_us < 0 || c->next_end_us < c->origin_us || c->next_end_us % c->hop_us)
        return 0;
    return !at_clock_due(c, &start, &end);
}

void at_clock_keep(at_keep *k, at_clock *c)
{
    for (int i = 0; i < AT_INPUTS; i++)
        keep_input(k, &c->input[i]);
    at_keep_time(k, &c->origin_us);
    at_keep_time(k, &c->next_end_us);
    if (k->reads && k->status == ATTUNE_OK && !is_possible(c))
        k->status = ATTUNE_E_FORMAT;
}

/* Windows end at multiples of the hop, but for the last one, which ends with the input. */
int64_t at_hop_start(const attune_options *o, const attune_window *w)
{
    int64_t hop_us = llround(o->hop_s * 1e6), window_us = llround(o->window_s * 1e6);
    int64_t end = w->end_us - w->start_us > window_us ? w->start_us + window_us : w->end_us;
    int64_t start = (end - 1) / hop_us * hop_us;

    return start > w->start_us ? start : w->start_us;
}
