#include "runtime/model.h"

#include "at_config.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/tree.h"
#include "model/ranges.h"
#include "tensor/weights_digest.h"
#include "vision/detect.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODEL_NAME "default.safetensors"

static const char installed[] = AT_DATADIR "/" MODEL_NAME;
static char built[4096]; /* "": there is none */

static void find_built(void)
{
    if (!at_tree_find(built, sizeof built, "models/" MODEL_NAME))
        built[0] = 0;
}

const char *attune_default_model(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const char *named = getenv("ATTUNE_MODEL");

    if (named && *named)
        return named;
    pthread_once(&once, find_built);
    return access(installed, R_OK) != 0 && *built ? built : installed;
}

static int has_part(const at_weights *w, const char *prefix)
{
    for (int i = 0; i < at_weights_count(w); i++)
        if (!strncmp(at_weights_at(w, i)->name, prefix, strlen(prefix)))
            return 1;
    return 0;
}

/* Sessions make their own detectors; whether they can is asked here, so that a model that loads is one
 * that runs. */
static int check_detector(const attune_model *m, attune_error *err)
{
    at_weight_source source = at_weights_source(m->weights);
    at_detector *d;
    int rc = at_detector_create(&d, &source, NULL, m->kn, NULL, err);

    at_detector_free(&d);
    return rc;
}

static int load_parts(attune_model *m, attune_error *err)
{
    int visual = has_part(m->weights, "visual."), audio = has_part(m->weights, "audio.");
    int rc = ATTUNE_OK;

    if (at_weights_find(m->weights, "visual.range.map"))
        return at_fail(err, ATTUNE_E_FORMAT,
                       "is no model: it lies beside one, and is read with it (--precision int8)");
    m->has_detector = has_part(m->weights, "detector.");
    if (m->has_detector)
        rc = check_detector(m, err);
    if (rc < 0)
        return rc;
    if (!visual && !audio)
        return at_fail(err, ATTUNE_E_FORMAT, "holds neither a face nor a voice model");
    if (visual)
        rc = at_visual_freeze(&m->visual, m->weights, m->kn, err);
    if (rc == ATTUNE_OK && audio)
        rc = at_audio_freeze(&m->audio, m->weights, m->kn, err);
    if (rc == ATTUNE_OK)
        rc = at_fusion_load(&m->fusion, m->weights, err);
    if (rc == ATTUNE_OK)
        rc = at_signal_scale_load(&m->signal, m->weights, err);
    if (rc == ATTUNE_OK && at_usual_read(attune_model_meta(m, "state_usual"), &m->usual) < 0)
        rc = at_fail_nomem(err);
    return rc;
}

int attune_model_load(attune_model **out, const char *path, attune_error *err)
{
    attune_model *m = at_calloc(1, sizeof *m);
    attune_error why = {0};
    int rc;

    *out = NULL;
    if (!path)
        path = attune_default_model();
    if (!m || !(m->path = strdup(path))) {
        rc = at_fail_nomem(err);
        goto fail;
    }
    m->kn = at_kernels_best();
    rc = at_weights_load(&m->weights, path, err); /* names the file itself */
    if (rc < 0)
        goto fail;
    m->file_bytes = (int64_t)at_weights_bytes(m->weights);
    rc = load_parts(m, &why);
    if (rc < 0) {
        at_fail(err, (attune_status)rc, "%s: %s", path, why.text);
        goto fail;
    }
    *out = m;
    return ATTUNE_OK;

fail:
    attune_model_free(&m);
    return rc;
}

static int use_int8(attune_model *m, attune_error *err)
{
    at_mb_ranges ranges;
    int rc = at_ranges_load(&m->ranges, m->weights, m->path, err);

    if (rc < 0 || !m->visual)
        return rc;
    rc = at_mb_ranges_read(&ranges, m->ranges, err);
    return rc < 0 ? rc : at_visual_quantise(m->visual, m->weights, &ranges, err);
}

int attune_model_set_precision(attune_model *m, attune_precision p, attune_error *err)
{
    int rc = ATTUNE_OK;

    at_visual_use_f32(m->visual);
    at_weights_free(&m->ranges);
    if (p == ATTUNE_PRECISION_INT8)
        rc = use_int8(m, err);
    else if (p != ATTUNE_PRECISION_F32)
        rc = at_fail(err, ATTUNE_E_ARG, "there is no precision %d", (int)p);
    if (rc < 0)
        at_weights_free(&m->ranges);
    return rc;
}

void attune_model_free(attune_model **m)
{
    attune_model *p = *m;

    if (!p)
        return;
    if (p->ahead)
        p->free_ahead(&p->ahead);
    at_fusion_free(&p->fusion);
    at_audio_free(&p->audio);
    at_visual_free(&p->visual);
    at_weights_free(&p->weights);
    at_weights_free(&p->ranges);
    free(p->path);
    at_free(p);
    *m = NULL;
}

const char *attune_model_meta(const attune_model *m, const char *key)
{
    if (!strcmp(key, "precision"))
        return m->ranges ? "int8" : NULL;
    if (!strcmp(key, "ranges"))
        return at_weights_meta(m->ranges, AT_WEIGHTS_DIGEST);
    return at_weights_meta(m->weights, key);
}

const char *attune_model_meta_at(const attune_model *m, int i, const char **key)
{
    return i < 0 ? NULL : at_weights_meta_at(m->weights, i, key);
}

void attune_model_describe(const attune_model *m, attune_model_facts *out)
{
    *out = (attune_model_facts){
        .path = m->path,
        .file_bytes = m->file_bytes,
        .arrays = at_weights_count(m->weights),
        .has_detector = m->has_detector,
        .has_visual = m->visual != NULL,
        .has_audio = m->audio != NULL,
    };
    for (int i = 0; i < out->arrays; i++)
        out->values += (int64_t)at_weights_at(m->weights, i)->count;
}
