#include "runtime/analyze_resume.h"

#include "base/address.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/progress.h"

#include <attune/resume.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char state_name[] = "attune-resume.state", told_name[] = "attune-resume.told";
static const char magic[16] = "attune resume 1\n"; /* of the head and what all depends on */

enum {
    STATE = 3, /* of what follows them */
    STAMP = 3,
    MARKS = 4,        /* latest pictures that are known by a digest */
    ROWS = 8,         /* of a picture every so-manieth is looked at */
    MADE_WITH = 1024, /* bytes */
    HEAD = 16 + 8,    /* magic and digest */
    LIMIT = 1 << 30,  /* bytes of a state */
    TOLD_MODE = 0600,
    TOLD_MOST = sizeof(attune_window) + sizeof(attune_beside) +
                64, /* bytes of a window or a sighting */
};

static const double least_s = 0.1, most_s = 8, most_share = 0.02; /* of the time, for saving */
static const double longest_s = 1e9; /* that all runs together have taken */

/* A picture that was taken, and where decoding may begin for it. */
typedef struct at_mark {
    int64_t t_us, digest;
    int64_t restart, restart_us;
} at_mark;

struct at_resume {
    char *folder, *state_path, *told_path;
    const char *path;
    char made_with[MADE_WITH];
    int64_t stamp[STAMP]; /* of the input: its size, and when it was changed */
    uint64_t beside;      /* what tells from others what was recorded beside it; 0: nothing */

    unsigned char *file; /* the state that was found; NULL: none */
    at_keep in;          /* what of it is to be read */

    FILE *told; /* NULL: nothing was told yet */
    int64_t told_bytes;
    at_digest told_digest;

    int64_t pieces, pieces_again; /* of sound, taken in; and so far once more */
    at_digest heard, heard_again;
    int64_t picture_us; /* of the latest that was taken; -1: none */
    int64_t reached_us; /* of all that was taken */
    at_mark mark[MARKS];
    int marks;
    int catches_up; /* the place that was kept is not reached yet */
    int proven;     /* the latest mark has come again */
    int whole;      /* all pictures are to be decoded */
    size_t session; /* where the session's state begins in what is read */
    int has_beside; /* that session's windows tell of something */

    int damaged; /* what was found */

    double spent_s, begun_s, next_s; /* by earlier runs; at_now */
    attune_error failure;
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

static void keep_digest(at_keep *k, at_digest *d)
{
    at_keep_bytes(k, d, sizeof *d);
}

/* How far it has come. */
static void keep_place(at_keep *k, at_resume *r)
{
    keep_spent(k, &r->spent_s);
    at_keep_count(k, &r->told_bytes);
    keep_digest(k, &r->told_digest);
    at_keep_count(k, &r->pieces);
    keep_digest(k, &r->heard);
    at_keep_time(k, &r->picture_us);
    at_keep_time(k, &r->reached_us);
    at_keep_int(k, &r->marks, 0, MARKS);
    for (int i = 0; i < r->marks; i++) {
        at_keep_time(k, &r->mark[i].t_us);
        at_keep_bytes(k, &r->mark[i].digest, sizeof r->mark[i].digest);
        at_keep_count(k, &r->mark[i].restart);
        at_keep_time(k, &r->mark[i].restart_us);
    }
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
    keep_place(&r->in, r);
    r->session = r->in.at;
    r->catches_up = 1;
    return r->in.status < 0 ? fail_damaged(r, r->state_path, err) : rc;
}

static int write_state(at_resume *r, const at_keep *k, attune_error *err)
{
    const uint64_t digest = digest_of(k->data, k->size);
    at_outfile o;
    int rc = at_outfile_open(&o, r->state_path, err);

    if (rc < 0)
        return rc;
    fchmod(fileno(o.f), TOLD_MODE);
    fwrite(magic, 1, sizeof magic, o.f);
    fwrite(&digest, 1, sizeof digest, o.f);
    fwrite(k->data, 1, k->size, o.f);
    return at_outfile_commit(&o, err);
}

/* ---- what was told -------------------------------------------------------------------------- */

static int fail_told(const at_resume *r, attune_error *err)
{
    return at_fail(err, ATTUNE_E_IO, "%s: %s", r->told_path, strerror(errno ? errno : EIO));
}

/* Whoever has it open has it alone. */
static int open_told(at_resume *r, attune_error *err)
{
    int rc = at_mkdirs(r->folder, err);
    if (rc < 0)
        return rc;
    const int fd =
        open(r->told_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, TOLD_MODE);

    r->told = fd < 0 ? NULL : fdopen(fd, "r+b");
    if (!r->told) {
        rc = fail_told(r, err);
        if (fd >= 0)
            close(fd);
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        rc = at_fail(err, ATTUNE_E_IO, "%s: another run is at it", r->told_path);
    }
    return rc;
}

/* What a killed run wrote after its last state is cut off. */
static int go_to_end(const at_resume *r, attune_error *err)
{
    errno = 0;
    return ftruncate(fileno(r->told), r->told_bytes) == 0 && fseeko(r->told, 0, SEEK_END) == 0
               ? ATTUNE_OK
               : fail_told(r, err);
}

static int begin_told(at_resume *r, attune_error *err)
{
    const int rc = open_told(r, err);

    return rc < 0 ? rc : go_to_end(r, err);
}

static int put(at_resume *r, const void *bytes, size_t n)
{
    errno = 0;
    if (fwrite(bytes, 1, n, r->told) != n)
        return fail_told(r, &r->failure);
    at_digest_add(&r->told_digest, bytes, n);
    r->told_bytes += (int64_t)n;
    return ATTUNE_OK;
}

/* What is kept in k, as one that was told. */
static void add(at_resume *r, char kind, at_keep *k)
{
    const uint32_t n = (uint32_t)k->size;
    int rc = k->status < 0 ? at_fail_nomem(&r->failure) : ATTUNE_OK;

    if (rc == ATTUNE_OK && !r->told)
        rc = begin_told(r, &r->failure);
    rc = rc < 0 ? rc : put(r, &kind, sizeof kind);
    rc = rc < 0 ? rc : put(r, &n, sizeof n);
    if (rc == ATTUNE_OK)
        put(r, k->data, n);
    at_keep_free(k);
}

void at_resume_add_window(at_resume *r, const attune_window *w)
{
    attune_beside beside = w->beside ? *w->beside : (attune_beside){0};
    attune_window told = *w;
    at_keep k = {0};

    if (r->failure.status < 0)
        return;
    at_window_keep(&k, &told, w->beside ? &beside : NULL);
    add(r, 'w', &k);
}

void at_resume_add_sighting(at_resume *r, const attune_sighting *x)
{
    attune_sighting told = *x;
    at_keep k = {0};

    if (r->failure.status < 0)
        return;
    at_keep_bytes(&k, &told, sizeof told);
    add(r, 's', &k);
}

/* Before any of it is believed. */
static int check_told(at_resume *r, attune_error *err)
{
    unsigned char part[1 << 14];
    int64_t left = r->told_bytes;
    at_digest d;
    size_t n = 1;

    for (at_digest_begin(&d); left > 0 && n > 0; left -= (int64_t)n) {
        n = fread(part, 1, left < (int64_t)sizeof part ? (size_t)left : sizeof part, r->told);
        at_digest_add(&d, part, n);
    }
    rewind(r->told);
    return left == 0 && at_digest_of(&d) == at_digest_of(&r->told_digest)
               ? ATTUNE_OK
               : fail_damaged(r, r->told_path, err);
}

static int read_window(at_keep k, const attune_sink *sink, int has_beside)
{
    attune_beside beside;
    attune_window w = {0};

    at_window_keep(&k, &w, has_beside ? &beside : NULL);
    if (!at_keep_is_read(&k))
        return ATTUNE_E_FORMAT;
    return sink->window && sink->window(sink->user, &w) ? ATTUNE_E_INTERRUPTED : ATTUNE_OK;
}

static int read_sighting(at_keep k, const attune_options *o)
{
    attune_sighting x;

    at_keep_bytes(&k, &x, sizeof x);
    if (!o->on_sighting || !at_keep_is_read(&k))
        return ATTUNE_E_FORMAT;
    o->on_sighting(o->on_sighting_user, &x);
    return ATTUNE_OK;
}

/* One of them. ATTUNE_E_INTERRUPTED: by the sink. */
static int tell_one(const at_resume *r, const attune_sink *sink, const attune_options *o)
{
    unsigned char data[TOLD_MOST];
    const int kind = fgetc(r->told);
    uint32_t n;

    if (fread(&n, sizeof n, 1, r->told) != 1 || n > sizeof data || fread(data, 1, n, r->told) != n)
        return ATTUNE_E_FORMAT;
    const at_keep k = {.data = data, .size = n, .reads = 1};
    return kind == 'w'   ? read_window(k, sink, r->has_beside)
           : kind == 's' ? read_sighting(k, o)
                         : ATTUNE_E_FORMAT;
}

int at_resume_tell(at_resume *r, const attune_sink *sink, const attune_options *o,
                   attune_error *err)
{
    if (!r->file)
        return ATTUNE_OK;
    int rc = check_told(r, err);
    while (rc == ATTUNE_OK && ftello(r->told) < r->told_bytes)
        rc = tell_one(r, sink, o);
    if (rc == ATTUNE_E_FORMAT)
        fail_damaged(r, r->told_path, err);
    else if (rc == ATTUNE_E_INTERRUPTED)
        at_fail(err, ATTUNE_E_INTERRUPTED, "%s: stopped", r->path);
    return rc < 0 ? rc : go_to_end(r, err);
}

/* ---- the input, once more --------------------------------------------------------------------- */

static void add_plane(at_digest *d, const attune_picture *p, int plane, size_t bytes, int rows)
{
    for (int y = 0; y < rows; y += ROWS)
        at_digest_add(d, p->plane[plane] + y * p->stride[plane], bytes);
}

static int64_t digest_of_picture(const attune_picture *p)
{
    static const int bytes[ATTUNE_FORMATS] = {3, 3, 4, 4, 1, 1, 1, 1, 1};
    const int halved = p->format == ATTUNE_I420 || p->format == ATTUNE_NV12;
    const size_t w = (size_t)p->w, half = (w + 1) / 2;
    const size_t chroma = p->format == ATTUNE_NV12 ? 2 * half : p->format == ATTUNE_I444 ? w : half;
    at_digest d;

    at_digest_begin(&d);
    for (int i = 0; i < 3 && p->plane[i]; i++)
        add_plane(&d, p, i, i ? chroma : w * (size_t)bytes[p->format],
                  i && halved ? (p->h + 1) / 2 : p->h);
    return (int64_t)at_digest_of(&d);
}

static void mark_picture(at_resume *r, const at_media_packet *p, const at_media_info *info)
{
    if (r->marks == MARKS)
        memmove(r->mark, r->mark + 1, (MARKS - 1) * sizeof *r->mark);
    else
        r->marks++;
    r->mark[r->marks - 1] = (at_mark){.t_us = p->t_us,
                                      .digest = digest_of_picture(&p->picture),
                                      .restart = info->restart,
                                      .restart_us = info->restart_us};
    r->picture_us = p->t_us;
}

/* Those of which nothing is known may be anything. */
static int is_as_it_was(at_resume *r, const at_media_packet *p)
{
    int i = 0;

    while (i < r->marks && r->mark[i].t_us != p->t_us)
        i++;
    if (i == r->marks)
        return 1;
    const int same = r->mark[i].digest == digest_of_picture(&p->picture);
    r->proven |= same && i == r->marks - 1;
    return same;
}

/* It is not what it was. */
static int mistake(at_resume *r, attune_error *err)
{
    if (r->whole || r->marks == 0 || r->mark[0].restart == 0)
        return fail_changed(r, err);
    r->whole = 1;
    r->proven = 0;
    r->pieces_again = 0;
    at_digest_begin(&r->heard_again);
    r->in.at = r->session;
    return AT_RESUME_ANEW;
}

static int hear_again(at_resume *r, attune_session *s, const at_media_packet *p, attune_error *err)
{
    size_t n;

    at_digest_add(&r->heard_again, p->pcm, p->n * sizeof *p->pcm);
    if (++r->pieces_again == r->pieces && at_digest_of(&r->heard_again) != at_digest_of(&r->heard))
        return mistake(r, err);
    for (size_t i = 0; i < p->n; i += n) {
        n = p->n - i < ATTUNE_MAX_PUSH ? p->n - i : ATTUNE_MAX_PUSH;
        int rc = at_session_hear_again(s, p->t_us + (int64_t)i * 1000000 / AT_MEDIA_AUDIO_RATE,
                                       p->pcm + i, n);
        if (rc < 0)
            return at_fail(err, (attune_status)rc, "%s: %s", r->path, attune_session_error(s));
    }
    return 0;
}

/* At the first that is new, or the end. */
static int arrive(at_resume *r, const at_media_info *info, attune_error *err)
{
    const int whole = r->whole || r->marks == 0 || r->mark[0].restart == 0;

    if (r->pieces_again < r->pieces || (r->marks > 0 && !r->proven) || (!whole && info->errors))
        return mistake(r, err);
    r->catches_up = 0;
    return 1;
}

static void take_new(at_resume *r, const at_media_packet *p, const at_media_info *info)
{
    r->reached_us = p->t_us > r->reached_us ? p->t_us : r->reached_us;
    if (p->kind == AT_MEDIA_VIDEO) {
        mark_picture(r, p, info);
    } else {
        at_digest_add(&r->heard, p->pcm, p->n * sizeof *p->pcm);
        r->pieces++;
    }
}

int at_resume_take(at_resume *r, attune_session *s, const at_media_packet *p,
                   const at_media_info *info, attune_error *err)
{
    if (p && r->catches_up && p->kind == AT_MEDIA_VIDEO && p->t_us <= r->picture_us)
        return is_as_it_was(r, p) ? 0 : mistake(r, err);
    if (p && r->catches_up && p->kind == AT_MEDIA_AUDIO && r->pieces_again < r->pieces)
        return hear_again(r, s, p, err);
    const int rc = r->catches_up ? arrive(r, info, err) : 1;
    if (rc == 1 && p)
        take_new(r, p, info);
    return rc;
}

int at_resume_catches_up(const at_resume *r)
{
    return r->catches_up;
}

void at_resume_restart(const at_resume *r, at_media_options *o)
{
    if (!r->catches_up || r->whole || r->marks == 0)
        return;
    o->restart = r->mark[0].restart;
    o->restart_us = r->mark[0].restart_us;
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
    int rc = r->told ? ATTUNE_OK : begin_told(r, err);
    errno = 0;
    if (rc == ATTUNE_OK && fflush(r->told) != 0)
        rc = fail_told(r, err);
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

    if (r->failure.status < 0) {
        if (err)
            *err = r->failure;
        return (int)r->failure.status;
    }
    if (r->catches_up || (begun < r->next_s && !at_once))
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
    r->picture_us = -1;
    r->begun_s = at_now();
    at_digest_begin(&r->told_digest);
    at_digest_begin(&r->heard);
    at_digest_begin(&r->heard_again);
    describe(r->made_with, m, o);
    r->folder = path_of(folder, "");
    r->state_path = path_of(folder, state_name);
    r->told_path = path_of(folder, told_name);
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
    rc = open_told(*out, err);
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
    if (r->told)
        fclose(r->told);
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
        *done_s = (double)r->reached_us / 1e6;
    at_resume_free(&r);
    return rc;
}
