/* serve.h - live sessions over HTTP and WebSocket. May change between versions; attune.h does not.
 *
 * One process serves many learners: a page for a browser, whose camera and microphone it is, and a
 * protocol for programs (docs/live.md). Nothing that comes in is written anywhere unless it is asked
 * for (store). Names, errors and owning as in attune.h.
 *
 * Access   every request must name this server (Host), come from no other site's page (Origin), and
 *          bring the token. Over anything but loopback, TLS and a token of the caller's are needed.
 */
#ifndef ATTUNE_SERVE_H
#define ATTUNE_SERVE_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ATTUNE_SERVE_PORT = 8765, ATTUNE_SERVE_SESSIONS = 12 };

/* Zero is the default for every field. All pointers [kept] while the server runs. */
typedef struct attune_serve_options {
    const char *bind; /* address, as numbers; NULL: 127.0.0.1 */
    int port;         /* 0: ATTUNE_SERVE_PORT; -1: one that is free */
    const char *const
        *hosts; /* (n_hosts) more names that it is reached by, without port; at most 4 */
    int n_hosts;
    const char
        *token_file; /* nullable: whose first line is the token; needed for other addresses */
    const char *cert, *key; /* nullable: PEM files, for TLS */
    const char *store;      /* nullable: file that sessions are kept in, of those who ask for it */
    int keep_days; /* from now on none is kept longer after its end, as attune_store_keep_days; 0: as
                      the store has it */
    const char *lti;   /* nullable: file of the learning platforms (LTI 1.3) that learners may be
                               launched from, each into a session of their own (docs/lti.md) */
    const char *model; /* nullable: the default model */
    attune_precision precision; /* attune_model_set_precision */
    attune_options session;     /* of each; threads is 1. beside: what its clients may send beside
                                 * pictures and sound (docs/live.md) */
    int max_sessions;           /* at once, at most 1000; 0: ATTUNE_SERVE_SESSIONS */
    int threads;                /* that analyse; 0: one a core */
    /* It can be opened now, at this address, which has the token in it. Nullable. */
    void (*listening)(void *user, const char *address);
    /* A platform's keys cannot be had, so that its learners cannot come in: address and reason, in one line; not again
     * while the reason stays. From a thread of its own. Nullable. */
    void (*worried)(void *user, const char *text);
    int (*stopped)(void *user); /* asked ten times a second; non-zero ends it. Nullable */
    void *user;
} attune_serve_options;

/* Whether this build has a server; 0: attune_serve_run fails with ATTUNE_E_UNSUPPORTED. */
int attune_serve_is_built(void);

/* Serves until it is told to stop, which is ATTUNE_OK. Fails for wrong options (ATTUNE_E_ARG), an
 * address that is taken or not ours, or files that cannot be used. One at a time in a process. */
int attune_serve_run(const attune_serve_options *o /* nullable */, attune_error *err);

/* ---- how many learners it serves ------------------------------------------------------------- */

/* What so many learners at once got, each over a WebSocket of its own with the pictures and the sound
 * of a clip, as fast as time passes. */
typedef struct attune_serve_load {
    int learners;
    int refused;     /* of them, or cut off */
    double seconds;  /* that were measured */
    double since_s;  /* from the first measured moment to the end of these seconds */
    int64_t windows; /* that came in them */
    /* from the moment that a window speaks up to, until it was read. It waits for the next picture
     * and the next piece of sound first: 125 and 100 ms */
    double lag_p50_ms, lag_p99_ms, lag_max_ms;
    int64_t dropped_frames, dropped_sound_ms, lost_windows;
    double cores; /* processor time of the server and its decoders by time, for all of them */
    double
        mb_each; /* memory that each more learner takes, 10^6 bytes; decoders' where it may be read */
    int descriptors; /* open in this process at the end, the learners' own among them */
} attune_serve_load;

/* Zero is the default for every field but row. */
typedef struct attune_serve_bench_options {
    const char *model, *clip; /* NULL: the default model, the demo clip in the source tree */
    const int *learners; /* (n) how many at once, one after the other; NULL: 1, 2, 4, 8, 12, 16 */
    int n;
    double seconds; /* for each number; 0: 20. Two more before them are not measured */
    double every;   /* seconds: a row each so often, of the same learners; 0: one at the end */
    int threads;    /* of the server; 0: one a core */
    int (*row)(void *user, const attune_serve_load *load); /* non-zero ends it */
    int (*stopped)(void *user); /* nullable; non-zero: ATTUNE_E_INTERRUPTED */
    void *user;
} attune_serve_bench_options;

int attune_serve_bench(const attune_serve_bench_options *o, attune_error *err);

#ifdef __cplusplus
}
#endif
#endif
