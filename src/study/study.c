/* study.c - one shard of a study. */
#include "base/error.h"
#include "base/mem.h"
#include "study/folder.h"

#include <stdio.h>
#include <unistd.h>

struct attune_study {
    at_list list;
    char dir[AT_STUDY_PATH];
    int first, step;                                              /* every step-th of the list */
    char path[AT_STUDY_PATH], folder[AT_STUDY_PATH], reason[512]; /* of the one last asked for */
    char input[AT_STUDY_INPUT];
    int taken; /* the lock's descriptor; < 0: none */
};

static int check_options(const attune_study_options *o, attune_error *err)
{
    const int all = o->shard == 0 && o->shards == 0;

    if (!o->manifest || !o->dir || !*o->dir)
        return at_fail(err, ATTUNE_E_ARG, "a study needs a manifest and a folder");
    if (!all &&
        (o->shards < 1 || o->shards > ATTUNE_MAX_SHARDS || o->shard < 1 || o->shard > o->shards))
        return at_fail(err, ATTUNE_E_ARG, "shard %d of %d: must be from 1 of as many, at most %d",
                       o->shard, o->shards, ATTUNE_MAX_SHARDS);
    return ATTUNE_OK;
}

static int row_of(const attune_study *s, int i)
{
    return s->first + i * s->step;
}

/* What was asked to begin must not take what there is for its own. */
static int check_is_new(attune_study *s, attune_error *err)
{
    for (int i = 0; i < attune_study_count(s); i++) {
        attune_recording r;
        int rc = attune_study_at(s, i, &r, err);
        if (rc < 0)
            return rc;
        if (r.state != ATTUNE_TO_DO || *r.reason)
            return at_fail(err, ATTUNE_E_STATE,
                           "%s: has results already (%s): to go on from them, say so (--resume)",
                           s->dir, r.id);
    }
    return ATTUNE_OK;
}

int attune_study_open(attune_study **out, const attune_study_options *o, attune_error *err)
{
    attune_study *s = *out = at_calloc(1, sizeof *s);
    int rc = s ? check_options(o, err) : at_fail_nomem(err);

    if (s)
        s->taken = -1;
    if (rc == ATTUNE_OK && snprintf(s->dir, sizeof s->dir, "%s", o->dir) >= AT_STUDY_PATH)
        rc = at_fail(err, ATTUNE_E_ARG, "the folder's name is too long");
    rc = rc < 0 ? rc : at_list_read(&s->list, o->manifest, err);
    if (rc == ATTUNE_OK) {
        s->first = o->shard ? o->shard - 1 : 0;
        s->step = o->shards ? o->shards : 1;
        rc = at_study_mark(s->dir, o->manifest, o->made_with, err);
    }
    if (rc == ATTUNE_OK && !o->resume)
        rc = check_is_new(s, err);
    if (rc < 0)
        attune_study_free(out);
    return rc;
}

static void give_back(attune_study *s)
{
    if (s->taken >= 0)
        close(s->taken);
    s->taken = -1;
}

void attune_study_free(attune_study **s)
{
    if (!*s)
        return;
    give_back(*s);
    at_list_free(&(*s)->list);
    at_free(*s);
    *s = NULL;
}

int attune_study_count(const attune_study *s)
{
    return s->list.n > s->first ? (s->list.n - s->first + s->step - 1) / s->step : 0;
}

int attune_study_at(attune_study *s, int i, attune_recording *out, attune_error *err)
{
    if (i < 0 || i >= attune_study_count(s))
        return at_fail(err, ATTUNE_E_ARG, "there is no recording %d", i);
    const int row = row_of(s, i);
    *out = (attune_recording){
        .id = s->list.row[row].id, .path = s->path, .folder = s->folder, .reason = s->reason};
    int rc = at_list_path(&s->list, row, s->path, err);

    rc = rc < 0 ? rc : at_study_path(s->folder, s->dir, out->id, err);
    rc = rc < 0 ? rc : at_study_state(s->folder, &out->state, s->reason, err);
    at_study_input(s->input, s->path);
    if (rc == ATTUNE_OK && out->state == ATTUNE_DONE && !at_study_is_of(s->folder, s->input)) {
        out->state = ATTUNE_TO_DO;
        snprintf(s->reason, sizeof s->reason, "%.400s: is not the file that was analysed", s->path);
    }
    return rc == ATTUNE_E_FORMAT ? ATTUNE_OK : rc; /* damaged: to be done anew */
}

int attune_study_take(attune_study *s, int i, attune_error *err)
{
    if (i < 0 || i >= attune_study_count(s))
        return at_fail(err, ATTUNE_E_ARG, "there is no recording %d", i);
    give_back(s);
    s->taken = at_study_lock(s->dir, row_of(s, i));
    return s->taken != -1;
}

int attune_study_done(attune_study *s, int i, attune_error *err)
{
    char folder[AT_STUDY_PATH];

    if (i < 0 || i >= attune_study_count(s))
        return at_fail(err, ATTUNE_E_ARG, "there is no recording %d", i);
    int rc = at_study_path(folder, s->dir, s->list.row[row_of(s, i)].id, err);
    return rc < 0 ? rc : at_study_note_input(folder, s->input, err);
}

int attune_study_failed(attune_study *s, int i, const char *reason, attune_error *err)
{
    attune_recording r;
    int rc = attune_study_at(s, i, &r, err);

    return rc < 0 ? rc : at_study_note(r.folder, reason, err);
}
