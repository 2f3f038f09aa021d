/* analyze_align.c - sound that was recorded apart from the pictures: when it begins, and the analysis of both.
 *
 * dsp/lag.h correlates two courses. Of the sound it is its level; of the camera the level of its own
 * microphone, else how wide the mouth is open: vowels are louder and wider, and the mouth opens some 0.1 to
 * 0.2 s before they sound (Chandrasekaran et al. 2009, The natural statistics of audiovisual speech).
 */
#include "base/error.h"
#include "base/mem.h"
#include "dsp/lag.h"
#include "runtime/analyze.h"

#include <attune/align.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ROW_US = 1000000 / AT_LAG_RATE, MOST_ROWS = 12 * 3600 * AT_LAG_RATE };

/* Something at AT_LAG_RATE from time 0 on. */
typedef struct course {
    float *x; /* (n) */
    size_t n, capacity;
} course;

static int reach(course *c, size_t n)
{
    if (n > c->capacity) {
        const size_t capacity = 2 * n;
        float *grown = at_calloc(capacity, sizeof *grown);
        if (!grown)
            return ATTUNE_E_NOMEM;
        if (c->n)
            memcpy(grown, c->x, c->n * sizeof *grown);
        at_free(c->x);
        c->x = grown;
        c->capacity = capacity;
    }
    c->n = n > c->n ? n : c->n;
    return ATTUNE_OK;
}

/* ---- of a sound ----------------------------------------------------------------------------- */

/* Squares of samples into their rows. What is later than anything can be is left out. */
static int add_sound(course *c, const at_media_packet *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const int64_t t = p->t_us + (int64_t)i * 1000000 / AT_MEDIA_AUDIO_RATE;
        const size_t row = (size_t)(t / ROW_US);
        if (row >= MOST_ROWS)
            return ATTUNE_OK;
        if (row >= c->n && reach(c, row + 1) < 0)
            return ATTUNE_E_NOMEM;
        c->x[row] += p->pcm[i] * p->pcm[i];
    }
    return ATTUNE_OK;
}

static int tell_progress(const attune_sink *sink, int64_t t_us)
{
    return sink && sink->progress && sink->progress(sink->user, (double)t_us / 1e6, 0);
}

static int read_level(course *c, const char *path, const at_media_options *o,
                      const attune_sink *sink, attune_error *err)
{
    at_media_packet p;
    at_media *media;
    int status = at_media_open(&media, path, o, err);
    if (status < 0)
        return status;
    while ((status = at_media_next(media, &p, err)) == 1) {
        if (add_sound(c, &p) < 0)
            status = at_fail_nomem(err);
        else if (tell_progress(sink, p.t_us))
            status = at_fail(err, ATTUNE_E_INTERRUPTED, "%s: stopped", path);
        if (status < 0)
            break;
    }
    at_media_free(&media);
    if (status == ATTUNE_OK && at_lag_level(c->x, c->n) < 0)
        status = at_fail_nomem(err);
    return status;
}

/* ---- of a mouth ----------------------------------------------------------------------------- */

enum { MOUTH_RATE = 25 };

typedef struct mouth {
    course opened;
    uint32_t person; /* of the sighting before */
    int64_t t_us;
    float value;
    int status;
    const attune_sink *sink;
} mouth;

/* Between two sightings of a person straight from one to the other; where nobody is seen 0, the mean. */
static void see_mouth(void *user, const at_sighting *s, const at_face *f, const at_image *aligned)
{
    mouth *m = user;
    const float value = s->visual.units[AT_UNIT_JAW_OPEN];
    const size_t from = (size_t)(m->t_us / ROW_US), to = (size_t)(s->t_us / ROW_US);
    (void)f;
    (void)aligned;
    if (!isfinite(value) || to >= MOST_ROWS || m->status < 0)
        return;
    if (s->person == m->person && to > from && to - from < AT_LAG_RATE / 2) {
        m->status = reach(&m->opened, to + 1);
        for (size_t i = from; i <= to && m->status == ATTUNE_OK; i++)
            m->opened.x[i] = m->value + (value - m->value) * (float)(i - from) / (float)(to - from);
    }
    m->person = s->person;
    m->t_us = s->t_us;
    m->value = value;
}

static int no_window(void *user, const attune_window *w)
{
    (void)user;
    (void)w;
    return 0;
}

static int mouth_progress(void *user, double done_s, double total_s)
{
    const mouth *m = user;
    return m->sink && m->sink->progress && m->sink->progress(m->sink->user, done_s, total_s);
}

static int read_mouth(course *c, const attune_model *model, const char *video,
                      const attune_options *o, const attune_sink *sink, attune_error *err)
{
    mouth m = {.sink = sink};
    const attune_options options = {.rate = MOUTH_RATE,
                                    .no_audio = 1,
                                    .threads = o ? o->threads : 0,
                                    .video_track = o ? o->video_track : 0,
                                    .min_face = o ? o->min_face : 0,
                                    .no_sandbox = o ? o->no_sandbox : 0};
    const attune_sink own = {&m, no_window, mouth_progress, NULL};
    const at_analyze_change change = {.watch = {.sighted = see_mouth, .user = &m}};
    int status = at_analyze_changed(model, video, &options, &own, &change, NULL, err);
    if (status == ATTUNE_OK && m.status < 0)
        status = at_fail_nomem(err);
    *c = m.opened;
    return status;
}

/* ---- both ----------------------------------------------------------------------------------- */

static int compare(attune_alignment *out, const course *camera, const course *sound, int by_mouth,
                   attune_error *err)
{
    at_lag lag;
    float *own = at_alloc(sound->n + 1, sizeof *own); /* the search uses it up */
    int status = own ? ATTUNE_OK : at_fail_nomem(err);
    if (status < 0)
        return status;
    if (sound->n)
        memcpy(own, sound->x, sound->n * sizeof *own);
    if (at_lag_find(&lag, camera->x, camera->n, own, sound->n) < 0)
        status = at_fail_nomem(err);
    else
        *out = (attune_alignment){.known = lag.known,
                                  .offset_s = lag.rows / AT_LAG_RATE,
                                  .by_mouth = by_mouth,
                                  .agreement = (double)lag.agreement,
                                  .distinct = (double)lag.distinct,
                                  .overlap_s = (double)lag.overlap / AT_LAG_RATE};
    at_free(own);
    return status;
}

/* Whether a failure is the file's, so that something else can be tried. */
static int is_of_the_file(int status)
{
    return status < 0 && status != ATTUNE_E_NOMEM && status != ATTUNE_E_INTERRUPTED;
}

/* Both are read to their ends, and then again to be analysed. What is not there the reader says better. */
static int check_again(const char *path, attune_error *err)
{
    struct stat s;
    if (strcmp(path, "-") != 0 && (stat(path, &s) != 0 || S_ISREG(s.st_mode) || S_ISDIR(s.st_mode)))
        return ATTUNE_OK;
    return at_fail(err, ATTUNE_E_ARG,
                   "%s: can be read only once, so that no offset can be found: say it (--offset)",
                   path);
}

int attune_align(attune_alignment *out, const attune_model *model, const char *video,
                 const char *sound, const attune_options *o, const attune_sink *sink,
                 attune_error *err)
{
    course apart = {0}, camera = {0}, opened = {0};
    const int no_sandbox = o && o->no_sandbox;
    const at_media_options whole = {.no_video = 1, .no_sandbox = no_sandbox};
    const at_media_options track = {
        .no_video = 1, .no_sandbox = no_sandbox, .audio_track = o ? o->audio_track : 0};
    memset(out, 0, sizeof *out);
    int status = check_again(sound, err);
    status = status ? status : check_again(video, err);
    if (status == ATTUNE_OK)
        status = read_level(&apart, sound, &track, sink, err);
    if (status < 0)
        goto done;
    status = read_level(&camera, video, &whole, sink, err);
    if (status == ATTUNE_OK)
        status = compare(out, &camera, &apart, 0, err);
    if (is_of_the_file(
            status)) /* no sound of its own; without pictures either the next call says so */
        status = ATTUNE_OK;
    if (status == ATTUNE_OK && !out->known && model) {
        status = read_mouth(&opened, model, video, o, sink, err);
        if (status == ATTUNE_OK)
            status = compare(out, &opened, &apart, 1, err);
    }
done:
    at_free(apart.x);
    at_free(camera.x);
    at_free(opened.x);
    return status;
}

static void note_sound(attune_input_info *info, const char *sound, double offset_s)
{
    const char *slash = strrchr(sound, '/');
    if (info->n_notes < ATTUNE_MAX_NOTES)
        snprintf(info->note[info->n_notes++], sizeof *info->note,
                 "the sound is of %.80s, which begins %.2f s %s the pictures",
                 slash ? slash + 1 : sound, fabs(offset_s), offset_s < 0 ? "before" : "after");
}

int attune_analyze_apart(const attune_model *m, const char *video, const char *sound,
                         double offset_s, const attune_options *o, const attune_sink *sink,
                         attune_input_info *info, attune_error *err)
{
    if (!(fabs(offset_s) <= MOST_ROWS / AT_LAG_RATE))
        return at_fail(err, ATTUNE_E_ARG, "an offset of %g s is too far", offset_s);
    const at_feed_sound apart = {.path = sound, .offset_us = (int64_t)(offset_s * 1e6)};
    const at_analyze_change change = {.sound = &apart};
    const int status = at_analyze_changed(m, video, o, sink, &change, info, err);
    if (info)
        note_sound(info, sound, offset_s);
    return status;
}
