/* activation.c - Figure 4: in which parts of the face the network finds what speaks for its answers, in
 * figures. No picture of anybody is written. */
#include "experiments/experiment.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/progress.h"
#include "eval/face_regions.h"
#include "eval/grad_cam.h"
#include "data/faces.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WHAT, FACES, EYES, MOUTH, REST, OUTSIDE, REMARK, PROTOCOL, COMMAND };
_Static_assert(COMMAND + 1 == AT_ACTIVATION_COLUMNS, "a column each");
enum { MOST_FACES = 600 };

const at_column at_activation_columns[AT_ACTIVATION_COLUMNS] = {
    [WHAT] = {"answer", "answer", AT_TEXT_COLUMN, AT_TABLE, 0},
    [FACES] = {"faces", "faces", AT_COUNT, AT_TABLE, 0},
    [EYES] = {"eyes", "eyes %", AT_PERCENT, AT_TABLE, 0},
    [MOUTH] = {"mouth", "mouth %", AT_PERCENT, AT_TABLE, 0},
    [REST] = {"rest_of_face", "rest of the face %", AT_PERCENT, AT_TABLE, 0},
    [OUTSIDE] = {"outside", "outside the face %", AT_PERCENT, AT_TABLE, 0},
    [REMARK] = {"difference", NULL, AT_TEXT_COLUMN, AT_REMARK, 0},
    [PROTOCOL] = {"protocol", NULL, AT_TEXT_COLUMN, AT_PROTOCOL, 0},
    [COMMAND] = {"command", NULL, AT_TEXT_COLUMN, AT_COMMAND, 0},
};
_Static_assert(OUTSIDE - EYES + 1 == ATTUNE_REGIONS, "regions in their order");

/* Sums over faces. */
typedef struct shares {
    int faces;
    double share[ATTUNE_REGIONS], area[ATTUNE_REGIONS];
} shares;

typedef struct study {
    at_faces faces;
    at_grad_cam *cam;
    at_image image;
    shares of[AT_FACE_CLASSES], all;
    int silent; /* faces in which nothing speaks for the answer */
} study;

/* ---- one face --------------------------------------------------------------------------------- */

static void add(shares *s, const float share[ATTUNE_REGIONS], const float area[ATTUNE_REGIONS])
{
    s->faces++;
    for (int k = 0; k < ATTUNE_REGIONS; k++) {
        s->share[k] += (double)share[k];
        s->area[k] += (double)area[k];
    }
}

/* Landmarks of the source where they lie in the aligned face. */
static void align_landmarks(const at_face_sample *s, float out[AT_LANDMARKS][2])
{
    for (int i = 0; i < AT_LANDMARKS; i++) {
        const float x = s->face.landmark[i][0], y = s->face.landmark[i][1];
        out[i][0] = s->m[0] * x + s->m[1] * y + s->m[2];
        out[i][1] = s->m[3] * x + s->m[4] * y + s->m[5];
    }
}

static int look(study *x, const at_face_sample *s)
{
    float logit[AT_FACE_CLASSES], landmark[AT_LANDMARKS][2], share[ATTUNE_REGIONS],
        area[ATTUNE_REGIONS];
    at_cam_map map;
    at_regions regions;
    int status = at_face_render(s, AT_FACE_SIZE, NULL, 0, 0, &x->image, NULL);
    if (!status) /* for its answer; the map comes of a second pass */
        status = at_grad_cam_run(x->cam, x->image.data, AT_FACE_SIZE, 0, &map, logit);
    const int answer = status ? 0 : at_likeliest(logit, AT_FACE_CLASSES);
    if (!status && answer != 0)
        status = at_grad_cam_run(x->cam, x->image.data, AT_FACE_SIZE, answer, &map, NULL);
    if (status)
        return status;
    align_landmarks(s, landmark);
    at_regions_of(&regions, (const float(*)[2])landmark);
    at_region_shares(&regions, &map, AT_FACE_SIZE, share, area);
    if (isfinite(share[0])) {
        add(&x->of[answer], share, area);
        add(&x->all, share, area);
    } else {
        x->silent++;
    }
    return ATTUNE_OK;
}

/* ---- all of them ------------------------------------------------------------------------------ */

static int load(study *x, const at_lab *lab, at_corpus *c, attune_error *err)
{
    at_weights *w = NULL;
    at_pool *pool = NULL;
    at_corpus_thin(c, lab->limit ? lab->limit / 4 : MOST_FACES);
    int status = at_weights_load(&w, lab->whole, err);
    status = status ? status : at_pool_create(&pool, lab->o->threads, err);
    if (!status) {
        const at_weight_source detector = at_weights_source(w);
        const at_watcher watcher = {lab->o->quiet, lab->o->stop, lab->o->user};
        status = at_faces_load(&x->faces, c, 1, &detector, pool, &watcher, err);
    }
    status = status ? status : at_grad_cam_create(&x->cam, w, NULL, err);
    at_pool_free(&pool);
    at_weights_free(&w);
    return status;
}

static int study_all(study *x, at_lab *lab, attune_error *err)
{
    int status = ATTUNE_OK;
    for (int i = 0; i < x->faces.count && !status; i++)
        if (x->faces.list[i].found && look(x, &x->faces.list[i]))
            status = at_fail_nomem(err);
        else if (at_lab_progress(lab, i + 1, x->faces.count))
            status = at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted");
    return status;
}

static void put_row(at_sheet *s, const char *what, const double *sum, int faces)
{
    at_sheet_row(s);
    at_sheet_text(s, WHAT, "%s", what);
    at_sheet_value(s, FACES, faces);
    for (int k = 0; k < ATTUNE_REGIONS; k++)
        at_sheet_value(s, EYES + k, faces ? sum[k] / faces : NAN);
}

static void put_all(at_sheet *s, const at_lab *lab, const study *x)
{
    for (int k = 0; k < AT_FACE_CLASSES; k++)
        if (x->of[k].faces)
            put_row(s, at_heads[AT_HEAD_FACE8].class_names[k], x->of[k].share, x->of[k].faces);
    put_row(s, "all", x->all.share, x->all.faces);
    if (x->all.faces)
        at_sheet_text(
            s, REMARK,
            "The paper says that activation is highest in the eyes and around the mouth, without "
            "figures. Here the eyes have %.1f times their size in it, the mouth %.1f times.",
            x->all.share[ATTUNE_REGION_EYES] / x->all.area[ATTUNE_REGION_EYES],
            x->all.share[ATTUNE_REGION_MOUTH] / x->all.area[ATTUNE_REGION_MOUTH]);
    at_sheet_text(
        s, PROTOCOL,
        "FER+, part %s: %d pictures, evenly out of all, %d with a face that speaks for the "
        "answer; Grad-CAM of the answer, mean of the shares of each map's sum.",
        at_ferplus.split, x->faces.count, x->all.faces);
    put_row(s, "an even map", x->all.area, x->all.faces);
    at_sheet_note(
        s, "attune explain shows where, on a picture of one's own; docs/explain.md says how a map "
           "is made. No picture of a data set is written here.");
    (void)lab;
}

int at_fig4(at_lab *lab, at_sheet *s, attune_error *err)
{
    char root[AT_TRAIN_PATH];
    at_corpus c = {0};
    if (!at_lab_part(lab, &at_ferplus, s))
        return ATTUNE_OK;
    int status = at_lab_step(lab, err, "Grad-CAM: %s", at_ferplus.title);
    if (status <= 0)
        return status;
    study *x = at_calloc(1, sizeof *x);
    status = x ? ATTUNE_OK : at_fail_nomem(err);
    if (!status && at_lab_root(lab, at_ferplus.folder, root))
        status = at_corpus_read(&c, at_ferplus.dataset, root, at_ferplus.split, err);
    status = status ? status : load(x, lab, &c, err);
    status = status ? status : study_all(x, lab, err);
    if (!status)
        put_all(s, lab, x);
    if (x) {
        at_faces_free(&x->faces);
        at_grad_cam_free(&x->cam);
        at_image_free(&x->image);
    }
    at_free(x);
    at_corpus_free(&c);
    return status;
}
