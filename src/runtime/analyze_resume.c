#include "runtime/analyze_resume.h"

#include "base/address.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/progress.h"
#include "runtime/analyze_taken.h"
#include "runtime/analyze_told.h"

#include <attune/resume.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char state_name[] = "attune-resume.state", told_name[] = "attune-resume.told";
static const char magic[16] = "attune resume 1\n"; /* of the head and what all depends on */

enum {
    STATE = 3, /* of what follows them */
    STAMP = 3,
    MADE_WITH = 1024, /* bytes */
    HEAD = 16 + 8,    /* magic and digest */
    LIMIT = 1 << 30,  /* bytes of a state */
};

static const double least_s = 0.1, most_s = 8, most_share = 0.02; /* of the time, for saving */
static const double longest_s = 1e9; /* that all runs together have taken */

struct at_resume {
    char *folder, *state_path, *told_path;
    const char *path;
    char made_with[MADE_WITH];
    int64_t stamp[STAMP]; /* of the input: its size, and when it was changed */
    uint64_t beside;      /* what tells from others what was recorded beside it; 0: nothing */

    unsigned char *file; /* the state that was found; NULL: none */
    at_keep in;          /* what of it is to be read */

    at_told told;
    at_taken taken;
    size_t session; /* where the session's state begins in what is read */
    int has_beside; /* that session's windows tell of something */

    int damaged; /* what was found */

    double spent_s, begun_s, next_s; /* by earlier runs; at_now */
};

/* ---- what it depends on --------------------------------------------------------------------- */

static void describe(char out[MADE_WITH], const attune_model *m, const attune_options *o)
{
    const char *digest = attune_model_meta(m, "xxh64"), *ranges = attune_model_meta(m, "ranges");

    snprintf(
        out, MADE_WITH,
        "attune %s (%d: %zu %zu %zu %zu %zu), %s; model %.64s %lld%s%.64s; rate %g window %g hop %g lag %g tracks "
        "%d min-face %d no-video %d no-audio %d no-baseline %d causal %d video-track %d "
        "audio-track %d pcm %d thumbnails %d no-sandbox %d sightings %d",
        attune_version(), STATE, sizeof(attune_window), sizeof(attune_beside),
        sizeof(attune_sighting), sizeof(at_sighting), sizeof(at_testimony), m->kn->name,
        digest ? digest : "", (long long)m->file_bytes, ranges ? " in int8 by " : "",
        ranges ? ranges : "", o->rate, o->window_s, o->hop_s, o->lag_s, o->max_tracks, o->min_face,
        o->no_video, o->no_audio, o->no_baseline, o->causal, o->video_track, o->audio_track,
        o->pcm_rate, o->thumbnails, o->no_sandbox, o->on_sighting != NULL);
}

static int look_at_input(at_resume *r, const attune_options *o, attune_error *err)
{
    struct stat st;

    if (o->live || o->mic || strcmp(r->path, "-") == 0)
        return at_fail(err, ATTUNE_E_ARG, "%s: what comes once cannot be gone on with", r->path);
    if (stat(r->path, &st) != 0)
        return at_fail(err, ATTUNE_E_IO, "%s: %s", r->path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return at_fail(err, ATTUNE_E_ARG, "%s: is no file: it cannot be gone on with", r->path);
    r->stamp[0] = st.st_size;
    r->stamp[1] = st.st_mtim.tv_sec;
    r->stamp[2] = st.st_mtim.tv_nsec;
    r->beside = at_beside_digest(o->beside);
    return ATTUNE_OK;
}

static int fail_changed(const at_resume *r, attune_error *err)
{
    return at_fail(err, ATTUNE_E_STATE,
                   "%s: is another than when it was begun with; without %s it is begun anew",
                   r->path, r->state_path);
}

static int fail_damaged(at_resume *r, const char *file, attune_error *err)
{
    r->damaged = 1;
    return at_fail(err, ATTUNE_E_FORMAT, "%s: is damaged; without it the recording is begun anew",
                   file);
}

/* ---- the state ------------------------------------------------------------------------------ */

static void keep_text(at_keep *k, char out[MADE_WITH])
{
    int n = (int)strlen(out);

    at_keep_int(k, &n, 0, MADE_WITH - 1);
    at_keep_bytes(k, out, (size_t)n);
    out[n] = 0;
}

/* What all depends on: read, it must be what it is now. */
static int keep_ground(at_keep *k, const at_resume *r, attune_error *err)
{
    int64_t stamp[STAMP];
    uint64_t beside = r->beside;
    char made_with[MADE_WITH];

    memcpy(stamp, r->stamp, sizeof stamp);
    memcpy(made_with, r->made_with, sizeof made_with);
    keep_text(k, made_with);
    at_keep_bytes(k, stamp, sizeof stamp);
    at_keep_bytes(k, &beside, sizeof beside);
    if (k->status < 0)
        return k->status;
    if (strcmp(r->made_with, made_with) != 0)
        return at_fail(
            err, ATTUNE_E_STATE,
            "%s: was made by another version, model or processor, or with other options; "
            "without it the recording is begun anew",
            r->state_path);
    if (memcmp(r->stamp, stamp, sizeof stamp) != 0)
        return fail_changed(r, err);
    return beside == r->beside
               ? ATTUNE_OK
               : at_fail(err, ATTUNE_E_STATE,
                         "%s: its signal or its chat is another than when it was begun with; "
                         "without %s it is begun anew",
                         r->path, r->state_path);
}

static void keep_spent(at_keep *k, double *spent_s)
{
    at_keep_bytes(k, spent_s, sizeof *spent_s);
    if (!(*spent_s >= 0 && *spent_s <= longest_s))
        k->status = ATTUNE_E_FORMAT;
}

/* How far it has come. */
static void keep_place(at_keep *k, at_resume *r)
{
    keep_spent(k, &r->spent_s);
    at_told_keep(k, &r->told);
    at_taken_keep(k, &r->taken);
}

static uint64_t digest_of(const void *bytes, size_t n)
{
    at_digest d;

    at_digest_begin(&d);
    at_digest_add(&d, bytes, n);
    return at_digest_of(&d);
}

static int read_state(at_resume *r, attune_error *err)
{
    size_t size;
    uint64_t digest;

    int rc = at_file_read(r->state_path, LIMIT, &r->file, &size, err);
    if (rc < 0)
        return rc;
    if (size < HEAD || memcmp(r->file, magic, sizeof magic) != 0)
        return fail_damaged(r, r->state_path, err);
    memcpy(&digest, r->file + sizeof magic, sizeof digest);
    if (digest != digest_of(r->file + HEAD, size - HEAD))
        return fail_damaged(r, r->state_path, err);
    r->in = (at_keep){.data = r->file + HEAD, .size = size - HEAD, .reads = 1};
    rc = keep_ground(&r->in, r, err);
    if (rc < 0 && r->in.status == ATTUNE_OK) /* what follows may be written otherwise */
        return rc;
    keep_place(&r->in, r);
    r->session = r->in.at;
    return r->in.status < 0 ? fail_damaged(r, r->state_path, err) : rc;
}

static int write_state(at_resume *r, const at_keep *k, attune_error *err)
{
    const uint64_t digest = digest_of(k->data, k->size);
    at_outfile o;
    int rc = at_outfile_open(&o, r->state_path, err);

    if (rc < 0)
        return rc;
    fchmod(fileno(o.f), AT_RESUME_MODE);
    fwrite(magic, 1, sizeof magic, o.f);
    fwrite(&digest, 1, sizeof digest, o.f);
    fwrite(k->data, 1, k->size, o.f);
    return at_outfile_commit(&o, err);
}

/* ---- what was told, and what was taken --------------------------------------------------------- */

void at_resume_add_window(at_resume *r, const attune_window *w)
{
    at_told_add_window(&r->told, w);
}

void at_resume_add_sighting(at_resume *r, const attune_sighting *x)
{
    at_told_add_sighting(&r->told, x);
}

int at_resume_tell(at_resume *r, const attune_sink *sink, const attune_options *o,
                   attune_error *err)
{
    if (!r->file)
        return ATTUNE_OK;
    const int rc = at_told_again(&r->told, sink, o, r->has_beside, err);
    return rc == ATTUNE_E_FORMAT        ? fail_damaged(r, r->told_path, err)
           : rc == ATTUNE_E_INTERRUPTED ? at_fail(err, ATTUNE_E_INTERRUPTED, "%s: stopped", r->path)
                                        : rc;
}

static int hear_again(at_resume *r, attune_session *s, const at_media_packet *p, attune_error *err)
{
    size_t n;

    for (size_t i = 0; i < p->n; i += n) {
        n = p->n - i < ATTUNE_MAX_PUSH ? p->n - i : ATTUNE_MAX_PUSH;
        int rc = at_session_hear_again(s, p->t_us + (int64_t)i * 1000000 / AT_MEDIA_AUDIO_RATE,
                                       p->pcm + i, n);
        if (rc < 0)
            return at_fail(err, (attune_status)rc, "%s: %s", r->path, attune_session_error(s));
    }
    return 0;
}

int at_resume_take(at_resume *r, attune_session *s, const at_media_packet *p,
                   const at_media_info *info, attune_error *err)
{
    switch (at_taken_take(&r->taken, p, info)) {
    case AT_TAKEN_BEFORE: return p->kind == AT_MEDIA_AUDIO ? hear_again(r, s, p, err) : 0;
    case AT_TAKEN_NEW: return 1;
    case AT_TAKEN_ANEW: r->in.at = r->session; return AT_RESUME_ANEW;
    default: return fail_changed(r, err);
    }
}

int at_resume_catches_up(const at_resume *r)
{
    return r->taken.catches_up;
}

void at_resume_restart(const at_resume *r, at_media_options *o)
{
    at_taken_restart(&r->taken, o);
}

/* ---- saving and restoring --------------------------------------------------------------------- */

static void keep_all(at_keep *k, at_resume *r, attune_session *s, at_hindsight *h, at_beside *b)
{
    r->spent_s += at_now() - r->begun_s;
    r->begun_s = at_now();
    keep_ground(k, r, NULL);
    keep_place(k, r);
    at_session_keep(k, s);
    at_hindsight_keep(k, h, s);
    at_beside_keep(k, b);
}

static int save(at_resume *r, attune_session *s, at_hindsight *h, at_beside *b, attune_error *err)
{
    at_keep k = {0};
    int rc = at_told_flush(&r->told, err);

    if (rc < 0)
        return rc;
    keep_all(&k, r, s, h, b);
    rc = k.status < 0 ? at_fail_nomem(err) : write_state(r, &k, err);
    at_keep_free(&k);
    return rc;
}

int at_resume_save(at_resume *r, attune_session *s, at_hindsight *h, at_beside *b, int at_once,
                   attune_error *err)
{
    const double begun = at_now();

    if (r->told.failure.status < 0) {
        if (err)
            *err = r->told.failure;
        return (int)r->told.failure.status;
    }
    if (r->taken.catches_up || (begun < r->next_s && !at_once))
        return ATTUNE_OK;
    const int rc = save(r, s, h, b, err);
    r->next_s = at_now() + fmin(fmax(least_s, (at_now() - begun) / most_share), most_s);
    return rc;
}

int at_resume_restore(at_resume *r, attune_session *s, at_hindsight *h, at_beside *b,
                      attune_error *err)
{
    if (!r->file)
        return ATTUNE_OK;
    r->has_beside = at_session_has_beside(s);
    at_session_keep(&r->in, s);
    at_hindsight_keep(&r->in, h, s);
    at_beside_keep(&r->in, b);
    if (r->in.status == ATTUNE_E_NOMEM)
        return at_fail_nomem(err);
    return at_keep_is_read(&r->in) ? at_beside_catch_up(b, err)
                                   : fail_damaged(r, r->state_path, err);
}

int at_resume_is_damaged(const at_resume *r)
{
    return r->damaged;
}

double at_resume_spent_s(const at_resume *r)
{
    return r->spent_s;
}

/* ---- open and free ---------------------------------------------------------------------------- */

static char *path_of(const char *folder, const char *name)
{
    const size_t n = strlen(folder) + strlen(name) + 2;
    char *path = at_alloc(n, 1);

    if (path)
        snprintf(path, n, "%s/%s", folder, name);
    return path;
}

static int is_begun(const at_resume *r)
{
    return access(r->state_path, F_OK) == 0;
}

static int open_ground(at_resume **out, const char *folder, const attune_model *m, const char *path,
                       const attune_options *o, attune_error *err)
{
    at_resume *r = *out = at_calloc(1, sizeof *r);
    int rc;

    if (!r)
        return at_fail_nomem(err);
    r->path = path;
    r->begun_s = at_now();
    describe(r->made_with, m, o);
    r->folder = path_of(folder, "");
    r->state_path = path_of(folder, state_name);
    r->told_path = path_of(folder, told_name);
    at_told_begin(&r->told, r->folder, r->told_path);
    at_taken_begin(&r->taken);
    rc = r->folder && r->state_path && r->told_path ? look_at_input(r, o, err) : at_fail_nomem(err);
    if (rc < 0)
        at_resume_free(out);
    return rc;
}

int at_resume_open(at_resume **out, const char *folder, const attune_model *m, const char *path,
                   const attune_options *o, attune_error *err)
{
    int rc = open_ground(out, folder, m, path, o, err);

    if (rc < 0 || !is_begun(*out))
        return rc;
    rc = at_told_open(&(*out)->told, err);
    rc = rc < 0 ? rc : read_state(*out, err);
    if (rc < 0)
        at_resume_free(out);
    return rc;
}

void at_resume_free(at_resume **out)
{
    at_resume *r = *out;

    if (!r)
        return;
    at_told_close(&r->told);
    at_free(r->folder);
    at_free(r->state_path);
    at_free(r->told_path);
    at_free(r->file);
    at_free(r);
    *out = NULL;
}

static int is_ours(const char *name, size_t n)
{
    return n == sizeof state_name - 1 && strncmp(name, state_name, n) == 0;
}

void attune_resume_forget(const char *folder)
{
    char *const paths[] = {path_of(folder, state_name), path_of(folder, told_name)};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (paths[i])
            unlink(paths[i]);
        at_free(paths[i]);
    }
    at_outfile_sweep(folder, is_ours);
}

int attune_resume_find(const char *folder, const attune_model *m, const char *path,
                       const attune_options *o, double *done_s, attune_error *err)
{
    const attune_options usual = {0};
    at_resume *r;
    int rc = open_ground(&r, folder, m, path, o ? o : &usual, err);

    if (rc < 0)
        return rc;
    if (is_begun(r) && (rc = read_state(r, err)) == ATTUNE_OK)
        rc = 1;
    if (done_s)
        *done_s = (double)r->taken.reached_us / 1e6;
    at_resume_free(&r);
    return rc;
}
