/* annotate.c - a clip again, with what a report tells of it drawn in.
 *
 * To hide faces the clip is gone through twice: a face has to be hidden before it is found for the first
 * time, too.
 */
#include "annotate/draw.h"
#include "annotate/hide.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/outset.h"
#include "media/clip_out.h"
#include "report/result.h"
#include "vision/detect.h"

#include <attune/annotate.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, MOST_FACES = 32, NEAR_SIDE = 640, TURNED_SIDE = 320, AUDIO_KBPS = 64 };

#define NEAR_S 0.5

/* Rather hide what is no face than show one. Few faces lie, and much that is none looks like one then. */
static const float detect_least = 0.35f, turned_least = 0.5f;

typedef struct job {
    const char *report, *in;
    attune_annotate_options o;
    char path[PATH_SIZE]; /* of the timeline */
    at_marks marks;
    at_sighted_faces faces;
    at_weights *weights;
    at_detector *detector;
    at_media *media;
    at_media_info info;
    at_drawer *drawer;
    at_clip_out clip;
    at_image whole, fitted;
    at_picture_work work;
    int passes, pass; /* over the clip: how many, and which from 0 */
} job;

/* ---- what is asked -------------------------------------------------------------------------- */

/* That out lies in, and where it can be written: known before the clip is gone through. */
static int make_folder(const char *out, attune_error *err)
{
    char folder[PATH_SIZE];
    const char *slash = strrchr(out, '/');
    const size_t n = slash ? (size_t)(slash - out) : 0;
    int rc;

    if (!n)
        return ATTUNE_OK;
    if (n >= sizeof folder)
        return at_fail(err, ATTUNE_E_ARG, "the file's name is too long");
    memcpy(folder, out, n);
    folder[n] = 0;
    rc = at_mkdirs(folder, err);
    if (rc == ATTUNE_OK && access(folder, W_OK) != 0)
        return at_fail(err, ATTUNE_E_IO, "%s: %s", folder, strerror(errno));
    return rc;
}

static int check_files(job *j, const char *report, attune_error *err)
{
    struct stat in, out;

    if (snprintf(j->path, sizeof j->path, "%s/timeline.jsonl", report) >= PATH_SIZE)
        return at_fail(err, ATTUNE_E_ARG, "the report's name is too long");
    if (stat(j->in, &in) != 0)
        return at_fail(err, ATTUNE_E_IO, "%s: %s", j->in, strerror(errno));
    if (!S_ISREG(in.st_mode))
        return at_fail(err, ATTUNE_E_ARG,
                       "%s: is no file, and only of one is there a picture again", j->in);
    if (stat(j->clip.path, &out) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
        return at_fail(err, ATTUNE_E_ARG, "%s: is the clip itself", j->clip.path);
    const int rc = at_outset_settle(report, err);
    return rc < 0 ? rc : make_folder(j->clip.path, err);
}

static int stopped(const job *j, int64_t t_us, attune_error *err)
{
    const double whole_s = (double)j->info.container_us / 1e6;

    if (!j->o.progress ||
        !j->o.progress(j->o.user, (double)t_us / 1e6 + j->pass * whole_s, j->passes * whole_s))
        return ATTUNE_OK;
    return at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted");
}

static at_media_options read_so(const job *j, int no_audio)
{
    return (at_media_options){.no_audio = no_audio,
                              .max_pixels = AT_MEDIA_H264_PIXELS,
                              .video_track = j->o.video_track,
                              .audio_track = j->o.audio_track,
                              .no_sandbox = j->o.no_sandbox};
}

/* What is longer is another clip: the report's faces would be drawn, and hidden, where it has none. It may have been cut since.
 * A report without a summary broke off, and is believed. */
static int check_is_of(const job *j, attune_error *err)
{
    const double takes_s = (double)j->info.container_us / 1e6;
    char path[PATH_SIZE + 16];
    at_result told = {0};

    snprintf(path, sizeof path, "%s/summary.json", j->report);
    if (access(path, F_OK) != 0)
        return ATTUNE_OK;
    int rc = at_result_read(&told, path, err);
    if (rc == ATTUNE_OK && told.info.container_s > 0 && takes_s > told.info.container_s + NEAR_S)
        rc = at_fail(err, ATTUNE_E_ARG, "%s: takes %.1f s, and %s is of a clip of %.1f s", j->in,
                     takes_s, j->report, told.info.container_s);
    at_result_free(&told);
    return rc;
}

static int open_media(job *j, int no_audio, attune_error *err)
{
    const at_media_options o = read_so(j, no_audio);
    int rc = at_media_open(&j->media, j->in, &o, err);

    if (rc < 0)
        return rc;
    at_media_get_info(j->media, &j->info);
    if (!j->info.has_video)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: has no picture to draw on", j->in);
    return check_is_of(j, err);
}

/* ---- who is to be hidden -------------------------------------------------------------------- */

/* The faces that the report tells of, where it saw them. */
static int note_told(job *j, attune_error *err)
{
    attune_window w;
    at_timeline *t;
    int rc = at_timeline_open(&t, j->path, err);

    while (rc == ATTUNE_OK && (rc = at_timeline_next(t, &w, err)) > 0)
        rc = w.track && at_sighted_add(&j->faces, w.end_us, w.box) < 0 ? at_fail_nomem(err)
                                                                       : ATTUNE_OK;
    at_timeline_close(&t);
    return rc;
}

static int open_detector(job *j, attune_error *err)
{
    const at_detect_options o = {.side = NEAR_SIDE, .threshold = detect_least};
    at_weight_source source;
    int rc = at_weights_load(&j->weights, j->o.model ? j->o.model : attune_default_model(), err);

    if (rc < 0)
        return rc;
    source = at_weights_source(j->weights);
    return at_detector_create(&j->detector, &source, NULL, at_kernels_best(), &o, err);
}

/* Faces that stand upright, and with less resolution those that lie. */
static int note_found(job *j, const at_media_packet *p, attune_error *err)
{
    at_face face[MOST_FACES];
    int w, h, rc = ATTUNE_OK;

    at_picture_size(&p->picture, &w, &h);
    for (int q = 0; q < 4 && rc == ATTUNE_OK; q++) {
        const at_look look = {
            {0, 0, w, h}, q ? TURNED_SIDE : NEAR_SIDE, q, q ? turned_least : detect_least};
        const int n = at_detector_look(j->detector, &p->picture, &look, face, MOST_FACES);
        if (n < 0)
            return at_fail(err, (attune_status)n, "%s: a frame could not be read", j->in);
        for (int i = 0; i < n && rc == ATTUNE_OK; i++)
            if (at_sighted_add(&j->faces, p->t_us,
                               (float[4]){face[i].x, face[i].y, face[i].w, face[i].h}) < 0)
                rc = at_fail_nomem(err);
    }
    return rc;
}

static int find_faces(job *j, attune_error *err)
{
    at_media_packet p;
    int rc = note_told(j, err);

    rc = rc < 0 ? rc : open_detector(j, err);
    rc = rc < 0 ? rc : open_media(j, 1, err);
    while (rc == ATTUNE_OK && (rc = at_media_next(j->media, &p, err)) > 0) {
        rc = p.kind == AT_MEDIA_VIDEO ? note_found(j, &p, err) : ATTUNE_OK;
        rc = rc < 0 ? rc : stopped(j, p.t_us, err);
    }
    at_media_free(&j->media);
    at_sighted_sort(&j->faces);
    j->pass++;
    return rc;
}

/* ---- what is drawn -------------------------------------------------------------------------- */

/* All pictures of a file have the size of its first; boxes are of the source's. */
static int put_picture(job *j, const at_media_packet *p, attune_error *err)
{
    const at_image *im = &j->whole;
    int rc = at_picture_whole(&j->whole, &j->work, &p->picture);

    if (rc < 0)
        return at_fail(err, (attune_status)rc, "%s: a frame could not be read", j->in);
    if (j->o.anonymise)
        at_hide_faces(&j->whole, p->t_us, &j->faces);
    rc = at_marks_go_to(&j->marks, p->t_us, err);
    rc = rc < 0 ? rc : at_drawer_draw(j->drawer, &j->whole, &j->marks, p->t_us, err);
    if (rc == ATTUNE_OK && j->clip.o.w && (im->w != j->clip.o.w || im->h != j->clip.o.h)) {
        if (at_image_resize(&j->fitted, im, j->clip.o.w, j->clip.o.h) < 0)
            return at_fail_nomem(err);
        im = &j->fitted;
    }
    return rc < 0 ? rc
                  : at_clip_out_picture(&j->clip, p->t_us, im->data, im->w, im->h, im->stride, err);
}

static int draw_all(job *j, attune_error *err)
{
    at_media_packet p;
    const at_media_options o = read_so(j, 1);
    int rc = open_media(j, j->o.no_audio, err);

    rc = rc < 0 ? rc : at_timeline_open(&j->marks.timeline, j->path, err);
    j->clip.pictures = 1;
    j->clip.o = (at_media_writer_options){.fps = at_clip_fps(j->in, &o),
                                          .preset = "fast",
                                          .audio = j->info.has_audio,
                                          .audio_kbps = AUDIO_KBPS};
    while (rc == ATTUNE_OK && (rc = at_media_next(j->media, &p, err)) > 0) {
        rc = p.kind == AT_MEDIA_VIDEO ? put_picture(j, &p, err)
                                      : at_clip_out_sound(&j->clip, p.t_us, p.pcm, p.n, err);
        rc = rc < 0 ? rc : stopped(j, p.t_us, err);
    }
    return rc < 0 ? rc : at_clip_out_close(&j->clip, err);
}

/* ---- the call ------------------------------------------------------------------------------- */

static void close_job(job *j)
{
    at_clip_out_abandon(&j->clip);
    at_drawer_free(&j->drawer);
    at_timeline_close(&j->marks.timeline);
    at_detector_free(&j->detector);
    at_weights_free(&j->weights);
    at_sighted_free(&j->faces);
    at_media_free(&j->media);
    at_image_free(&j->whole);
    at_image_free(&j->fitted);
    at_picture_work_free(&j->work);
    at_free(j);
}

int attune_annotate(const char *report, const char *input, const char *out,
                    const attune_annotate_options *o, attune_error *err)
{
    job *j = at_calloc(1, sizeof *j);
    int rc;

    if (!j)
        return at_fail_nomem(err);
    j->report = report;
    j->in = input;
    j->clip.path = out;
    j->o = o ? *o : (attune_annotate_options){0};
    j->passes = j->o.anonymise ? 2 : 1;
    rc = check_files(j, report, err);
    rc = rc < 0 ? rc : at_drawer_create(&j->drawer, err);
    if (rc == ATTUNE_OK && j->o.anonymise)
        rc = find_faces(j, err);
    rc = rc < 0 ? rc : draw_all(j, err);
    close_job(j);
    return rc;
}
