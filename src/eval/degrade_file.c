/* degrade_file.c - a clip in, the same clip degraded out: to look at, and to try other programs on. */
#include "base/error.h"
#include "base/mem.h"
#include "data/voices.h"
#include "degrade/harms.h"

#include <attune/eval.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

enum { FASTEST_FPS = 120, AUDIO_KBPS = 64 };

typedef struct job {
    const char *in, *out;
    const attune_degrade_options *options;
    at_harms harms;
    at_weights *weights; /* NULL: no faces are looked for */
    float *noise;
    size_t noise_n;
    at_media *media;
    at_media_info info;
    at_clip_harms *damage;
    at_media_writer *writer; /* NULL until the first picture's size is known */
    int w, h;
    float *held; /* (held_n) sound from before the writer was there */
    size_t held_n, held_capacity;
    int64_t samples; /* of sound so far */
    at_image whole, fitted;
    at_picture_work work;
} job;

/* ---- what is asked --------------------------------------------------------------------------- */

static int exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static int check_files(const job *j, attune_error *err)
{
    struct stat in, out;
    if (strcmp(j->in, "-") == 0)
        return at_fail(err, ATTUNE_E_ARG, "a pipe cannot be degraded: it is read twice");
    if (!exists(j->out))
        return ATTUNE_OK;
    if (!j->options->overwrite)
        return at_fail(err, ATTUNE_E_IO, "%s: is there already", j->out);
    if (stat(j->in, &in) == 0 && stat(j->out, &out) == 0 && in.st_dev == out.st_dev &&
        in.st_ino == out.st_ino)
        return at_fail(err, ATTUNE_E_ARG, "%s: is the input itself", j->out);
    return ATTUNE_OK;
}

static int read_harms(job *j, attune_error *err)
{
    int status = ATTUNE_OK;
    j->harms.seed = j->options->seed;
    for (int i = 0; i < j->options->corrupts && status == ATTUNE_OK; i++)
        status = at_harms_add(&j->harms, j->options->corrupt[i], err);
    return status;
}

/* A degradation that has nothing to work on is a mistake. */
static int check_streams(const job *j, attune_error *err)
{
    if (at_harms_pictures(&j->harms) && !j->info.has_video)
        return at_fail(err, ATTUNE_E_ARG, "%s: has no picture to degrade", j->in);
    if (at_harms_sounds(&j->harms) && !j->info.has_audio)
        return at_fail(err, ATTUNE_E_ARG, "%s: has no sound to degrade", j->in);
    return ATTUNE_OK;
}

static int open_damage(job *j, attune_error *err)
{
    const char *model = j->options->model ? j->options->model : attune_default_model();
    const at_media_options o = {.no_video = !j->info.has_video, .no_audio = !j->info.has_audio};
    at_sound_sources from = {0};
    at_weight_source detector = {0};
    int status = ATTUNE_OK;
    if (at_harms_have(&j->harms, AT_DEGRADE_NOISES) && j->options->noise)
        status = at_noises_load(&j->noise, &j->noise_n, j->options->noise, 0, 1, err);
    if (status == ATTUNE_OK && at_harms_cover(&j->harms))
        status = at_weights_load(&j->weights, model, err);
    if (status < 0)
        return status;
    if (j->weights)
        detector = at_weights_source(j->weights);
    from.noise = j->noise;
    from.noise_n = j->noise_n;
    return at_clip_harms_open(&j->damage, &j->harms, 0, &from, &detector, j->in, &o, err);
}

/* ---- what is written ------------------------------------------------------------------------- */

/* Pictures a second, by the first two; containers that count frames want to know. 0: not known. */
static int guess_fps(const char *path)
{
    at_media *m = NULL;
    at_media_packet p;
    int64_t t_us[2] = {0, 0};
    int n = 0;
    if (at_media_open(&m, path, &(at_media_options){.no_audio = 1}, NULL) < 0)
        return 0;
    while (n < 2 && at_media_next(m, &p, NULL) > 0)
        t_us[n++] = p.t_us;
    at_media_free(&m);
    const double apart_s = (double)(t_us[1] - t_us[0]) / 1e6;
    return apart_s > 1.0 / FASTEST_FPS ? (int)lround(1 / apart_s) : apart_s > 0 ? FASTEST_FPS : 0;
}

static int open_writer(job *j, attune_error *err)
{
    const at_media_writer_options o = {.w = j->w,
                                       .h = j->h,
                                       .fps = j->w ? guess_fps(j->in) : 0,
                                       .audio = j->info.has_audio,
                                       .audio_kbps = AUDIO_KBPS};
    int status = at_media_writer_open(&j->writer, j->out, &o, err);
    if (status == ATTUNE_OK && j->held_n)
        status = at_media_writer_audio(j->writer, j->held, j->held_n, err);
    return status;
}

static int hold_sound(job *j, const float *pcm, size_t n)
{
    if (j->held_n + n > j->held_capacity) {
        const size_t capacity = 2 * (j->held_n + n);
        float *more = at_alloc(capacity, sizeof *more);
        if (!more)
            return ATTUNE_E_NOMEM;
        if (j->held_n)
            memcpy(more, j->held, j->held_n * sizeof *more);
        at_free(j->held);
        j->held = more;
        j->held_capacity = capacity;
    }
    memcpy(j->held + j->held_n, pcm, n * sizeof *pcm);
    j->held_n += n;
    return ATTUNE_OK;
}

static int put_sound(job *j, const float *pcm, size_t n, attune_error *err)
{
    j->samples += (int64_t)n;
    if (j->writer)
        return at_media_writer_audio(j->writer, pcm, n, err);
    return hold_sound(j, pcm, n) < 0 ? at_fail_nomem(err) : ATTUNE_OK;
}

/* Where its time says: silence in gaps, overlaps dropped, but for a sample of rounding. */
static int take_sound(job *j, const at_media_packet *p, attune_error *err)
{
    static const float silence[AT_MEDIA_AUDIO_RATE / 10];
    const int64_t at = (p->t_us * AT_MEDIA_AUDIO_RATE + 500000) / 1000000;
    int status = ATTUNE_OK;
    while (status == ATTUNE_OK && at > j->samples + 1) {
        const int64_t gap = at - j->samples, most = AT_MEDIA_AUDIO_RATE / 10;
        status = put_sound(j, silence, (size_t)(gap < most ? gap : most), err);
    }
    const int64_t early = j->samples > at + 1 ? j->samples - at : 0;
    if (status < 0 || early >= (int64_t)p->n)
        return status;
    return put_sound(j, p->pcm + early, p->n - (size_t)early, err);
}

/* All pictures of a file have the size of its first. */
static int take_picture(job *j, const at_media_packet *p, attune_error *err)
{
    const at_image *im = &j->whole;
    int status = at_picture_whole(&j->whole, &j->work, &p->picture);
    if (status < 0)
        return at_fail(err, (attune_status)status, "%s: a frame could not be read", j->in);
    if (!j->writer) {
        j->w = im->w;
        j->h = im->h;
        if ((status = open_writer(j, err)) < 0)
            return status;
    }
    if (im->w != j->w || im->h != j->h) {
        if (at_image_resize(&j->fitted, im, j->w, j->h) < 0)
            return at_fail_nomem(err);
        im = &j->fitted;
    }
    return at_media_writer_video(j->writer, p->t_us, im->data, im->stride, err);
}

static int stopped(const job *j, int64_t t_us, attune_error *err)
{
    const attune_degrade_options *o = j->options;
    if (!o->progress ||
        !o->progress(o->user, (double)t_us / 1e6, (double)j->info.container_us / 1e6))
        return ATTUNE_OK;
    return at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted");
}

static int copy_all(job *j, attune_error *err)
{
    at_media_packet p;
    int status = ATTUNE_OK, more;
    while ((more = at_media_next(j->media, &p, err)) > 0) {
        status = at_clip_harms_apply(j->damage, &p, err);
        if (status == ATTUNE_OK)
            status = p.kind == AT_MEDIA_VIDEO ? take_picture(j, &p, err) : take_sound(j, &p, err);
        if (status == ATTUNE_OK)
            status = stopped(j, p.t_us, err);
        if (status < 0)
            return status;
    }
    if (more == 0 && !j->writer)
        status = open_writer(j, err);
    return more < 0 ? more : status;
}

/* ---- the call -------------------------------------------------------------------------------- */

static void close_job(job *j)
{
    at_media_writer_abandon(&j->writer);
    at_clip_harms_free(&j->damage);
    at_media_free(&j->media);
    at_weights_free(&j->weights);
    at_free(j->noise);
    at_free(j->held);
    at_image_free(&j->whole);
    at_image_free(&j->fitted);
    at_picture_work_free(&j->work);
}

int attune_degrade_file(const char *in, const char *out, const attune_degrade_options *o,
                        attune_error *err)
{
    job j = {.in = in, .out = out, .options = o};
    int status = read_harms(&j, err);
    if (status == ATTUNE_OK)
        status = check_files(&j, err);
    if (status == ATTUNE_OK)
        status = at_media_open(&j.media, in, NULL, err);
    if (status == ATTUNE_OK) {
        at_media_get_info(j.media, &j.info);
        status = check_streams(&j, err);
    }
    if (status == ATTUNE_OK)
        status = open_damage(&j, err);
    if (status == ATTUNE_OK)
        status = copy_all(&j, err);
    if (status == ATTUNE_OK)
        status = at_media_writer_close(&j.writer, err);
    close_job(&j);
    return status;
}
