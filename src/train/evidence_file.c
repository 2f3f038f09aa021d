/* evidence_file.c - a set of evidence on disk. Whatever is amiss with the file, it is made anew. */
#include "base/error.h"
#include "train/cache_key.h"
#include "train/evidence_room.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the name ------------------------------------------------------------------------------- */

static uint64_t add_settings(uint64_t key, const at_fusion_settings *s, int of_sound)
{
    key = at_key_number(key, (double)s->plan.seed);
    key = at_key_number(key, s->versions);
    key = at_key_number(key, of_sound ? s->tokens : s->sights);
    key = at_key_number(key, of_sound);
    return at_key_harms(key, s->harm, s->harms);
}

int at_evidence_path(const at_job *job, const at_fusion_settings *s, const at_corpus *c,
                     int of_sound, char path[AT_TRAIN_PATH], attune_error *err)
{
    const uint64_t key = at_key_corpus(add_settings(at_key_start(), s, of_sound), c);
    return at_key_path(job, key, s->model, "evidence", path, err);
}

/* ---- the file ------------------------------------------------------------------------------- */

static int is_whole(const at_evidence_set *s)
{
    for (int i = 0; i < s->samples; i++) {
        if (s->emotion[i] < -1 || s->emotion[i] >= ATTUNE_EMOTIONS)
            return 0;
        for (int v = 0; v < s->versions; v++) {
            const at_evidence_row r = at_evidence_row_of(s, i, v);
            if (!(*r.tokens >= 0 && *r.tokens <= (float)s->shape.tokens))
                return 0;
            for (int k = 0; k < s->shape.tokens; k++)
                if (!(fabsf(r.time_us[k]) < 1e9f))
                    return 0;
        }
    }
    return 1;
}

static int take(at_evidence_set *out, const at_weights *w)
{
    const at_weight *rows = at_weights_find(w, "rows"), *emotion = at_weights_find(w, "emotion");
    if (!rows || !emotion || !emotion->count || emotion->count > INT32_MAX ||
        at_evidence_room(out, (int)emotion->count, NULL))
        return 0;
    const at_evidence_row first = at_evidence_row_of(out, 0, 0),
                          end = at_evidence_row_of(out, out->samples, 0);
    if (rows->count != (size_t)(end.present - first.present))
        return 0;
    memcpy(out->room, rows->data, rows->count * sizeof(float));
    for (int i = 0; i < out->samples; i++) {
        const float e = emotion->data[i];
        out->emotion[i] = e >= -1 && e < ATTUNE_EMOTIONS ? (int)e : -2; /* NaN is neither */
    }
    return is_whole(out) && !at_evidence_settle(out, NULL);
}

int at_evidence_load(at_evidence_set *out, const char *path)
{
    const at_evidence_set empty = {.shape = out->shape, .versions = out->versions};
    at_weights *w = NULL;
    int whole = !at_weights_load_within(&w, path, SIZE_MAX, NULL) && take(out, w);
    at_weights_free(&w);
    if (!whole) {
        at_evidence_set_free(out);
        *out = empty;
    }
    return whole;
}

int at_evidence_save(const at_evidence_set *s, const char *path, attune_error *err)
{
    const at_evidence_row first = at_evidence_row_of(s, 0, 0), next = at_evidence_row_of(s, 1, 0);
    const int rows[2] = {s->samples, (int)(next.present - first.present)};
    at_weights_writer *w = NULL;
    float *emotion = malloc(((size_t)s->samples + 1) * sizeof *emotion);
    int status = emotion ? at_weights_writer_create(&w, err) : at_fail_nomem(err);
    for (int i = 0; i < s->samples && !status; i++)
        emotion[i] = (float)s->emotion[i];
    if (!status && (at_weights_put(w, "rows", 2, rows, s->room, 0) ||
                    at_weights_put(w, "emotion", 1, &s->samples, emotion, 0)))
        status = at_fail_nomem(err);
    status = status ? status : at_weights_save(w, path, err);
    at_weights_writer_free(&w);
    free(emotion);
    return status;
}
