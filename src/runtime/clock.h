/* clock.h - how far a session's inputs have come, and which window comes next. Private to runtime.
 *
 * Windows end at every multiple of the hop, counted from the hop before the first input, and are
 * due once each input has passed their end, or is lag behind the other, or the input has ended. Where no
 * input came for longer than a window, one window has the whole of the gap, up to the hop in which the next
 * input comes: so the number of windows depends on how much input there is, not on what its times say.
 * Time is int64 microseconds; nothing here allocates or knows what is pushed.
 */
#ifndef AT_RUNTIME_CLOCK_H
#define AT_RUNTIME_CLOCK_H

#include "base/keep.h"

#include <attune/attune.h>
#include <stdint.h>

/* What can be pushed into a session. The clock goes by pictures and sound; what comes beside them nobody waits for. */
typedef enum at_input { AT_PICTURES, AT_SOUND, AT_INPUTS, AT_BESIDE = AT_INPUTS } at_input;

/* A stretch longer than a window in which none of an input came; the first: before it came at all. */
typedef struct at_gap {
    int64_t from_us, to_us;
} at_gap;

/* As many as may lie in the time that windows wait for: the longest lag, in the shortest windows, and two at its
 * ends. */
enum { AT_GAPS = 64 };

/* How far one input has come. */
typedef struct at_input_clock {
    int absent; /* by the caller's word: nobody waits for it */
    int started;
    int64_t first_us;
    int64_t head_us;     /* everything before this is there */
    int64_t end_us;      /* of the latest input */
    at_gap gap[AT_GAPS]; /* ring of the latest */
    int gaps;            /* ever */
} at_input_clock;

typedef struct at_clock {
    int64_t window_us, hop_us, lag_us; /* set before use; the rest starts as zeros */
    at_input_clock input[AT_INPUTS];
    int finished;        /* no more input */
    int64_t origin_us;   /* no window starts before this; set with the first one */
    int64_t next_end_us; /* of the window to come; 0: none was made yet */
    int last_made;
} at_clock;

/* Input from t on was pushed: everything before head is there, and it lasts until end. */
void at_clock_move(at_clock *c, at_input input, int64_t t, int64_t head, int64_t end);
/* Nothing lasts longer than until end, which the input is known to have by now. */
void at_clock_cut(at_clock *c, int64_t end);
/* How much of [from, to), about to be pushed, is too late for a window that is made. What the input
 * has passed already is not counted again. */
int64_t at_clock_late(const at_clock *c, at_input input, int64_t from, int64_t to);
/* Whether a window that t lies in is made. */
int at_clock_missed(const at_clock *c, int64_t t);
/* End of the latest input of all. */
int64_t at_clock_end(const at_clock *c);
/* 1: the window over [*start, *end) is due; 0: not yet, or there is none. */
int at_clock_due(const at_clock *c, int64_t *start, int64_t *end);
/* That window was made. */
void at_clock_made(at_clock *c, int64_t end);
/* Start of what windows to come can reach back to; INT64_MIN before the first window. */
int64_t at_clock_needed(const at_clock *c);

/* How far it has come (base/keep.h), while no window is due. c is set. */
void at_clock_keep(at_keep *k, at_clock *c);

/* Start of the time that a window alone speaks of, which no window before it has seen: that of its
 * last hop. */
int64_t at_hop_start(const attune_options *o, const attune_window *w);

#endif
