/* degrade_file.c - a clip in, the same clip degraded out: to look at, and to try other programs on. */
#include "base/error.h"
#include "base/mem.h"
#include "data/voices.h"
#include "degrade/harms.h"
#include "media/clip_out.h"

#include <attune/eval.h>
#include <string.h>
#include <sys/stat.h>

enum { AUDIO_KBPS = 64, MOST_PIXELS = 1 << 24 };

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
    at_clip_out clip;
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
    const at_media_options o = {.no_video = !j->info.has_video,
                                .no_audio = !j->info.has_audio,
                                .no_sandbox = j->options->no_sandbox};
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

/* All pictures of a file have the size of its first. */
static int take_picture(job *j, const at_media_packet *p, attune_error *err)
{
    const at_image *im = &j->whole;
    const int status = at_picture_whole(&j->whole, &j->work, &p->picture);
    if (status < 0)
        return at_fail(err, (attune_status)status, "%s: a frame could not be read", j->in);
    if (j->clip.o.w && (im->w != j->clip.o.w || im->h != j->clip.o.h)) {
        if (at_image_resize(&j->fitted, im, j->clip.o.w, j->clip.o.h) < 0)
            return at_fail_nomem(err);
        im = &j->fitted;
    }
    return at_clip_out_picture(&j->clip, p->t_us, im->data, im->w, im->h, im->stride, err);
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
    int status, more;
    while ((more = at_media_next(j->media, &p, err)) > 0) {
        status = at_clip_harms_apply(j->damage, &p, err);
        if (status == ATTUNE_OK)
            status = p.kind == AT_MEDIA_VIDEO
                         ? take_picture(j, &p, err)
                         : at_clip_out_sound(&j->clip, p.t_us, p.pcm, p.n, err);
        if (status == ATTUNE_OK)
            status = stopped(j, p.t_us, err);
        if (status < 0)
            return status;
    }
    return more;
}

/* ---- the call -------------------------------------------------------------------------------- */

static void close_job(job *j)
{
    at_clip_out_abandon(&j->clip);
    at_clip_harms_free(&j->damage);
    at_media_free(&j->media);
    at_weights_free(&j->weights);
    at_free(j->noise);
    at_image_free(&j->whole);
    at_image_free(&j->fitted);
    at_picture_work_free(&j->work);
}

int attune_degrade_file(const char *in, const char *out, const attune_degrade_options *o,
                        attune_error *err)
{
    const at_media_options read = {.max_pixels = MOST_PIXELS, .no_sandbox = o->no_sandbox};
    job j = {.in = in, .out = out, .options = o, .clip = {.path = out, .o.audio_kbps = AUDIO_KBPS}};
    int status = read_harms(&j, err);
    if (status == ATTUNE_OK)
        status = check_files(&j, err);
    if (status == ATTUNE_OK)
        status = at_media_open(&j.media, in, &read, err);
    if (status == ATTUNE_OK) {
        at_media_get_info(j.media, &j.info);
        j.clip.pictures = j.info.has_video;
        j.clip.o.fps = j.info.has_video ? at_clip_fps(in, &read) : 0;
        j.clip.o.audio = j.info.has_audio;
        status = check_streams(&j, err);
    }
    if (status == ATTUNE_OK)
        status = open_damage(&j, err);
    if (status == ATTUNE_OK)
        status = copy_all(&j, err);
    if (status == ATTUNE_OK && at_clip_harms_saw_nobody(j.damage))
        status = at_fail(err, ATTUNE_E_ARG, "%s: has no face to cover", in);
    if (status == ATTUNE_OK)
        status = at_clip_out_close(&j.clip, err);
    close_job(&j);
    return status;
}
