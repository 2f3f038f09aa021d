/* study.c - one shard of a study. */
#include "base/error.h"
#include "base/mem.h"
#include "study/folder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct attune_study {
    at_list list;
    char dir[AT_STUDY_PATH];
    int first, step; /* every step-th of the list */
    /* of the one last asked for: */
    char path[AT_STUDY_PATH], signal[AT_STUDY_PATH], chat[AT_STUDY_PATH];
    char folder[AT_STUDY_PATH], reason[512], input[AT_STUDY_INPUT];
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

/* What an option is of. */
static int check_columns(const at_list *l, const attune_study_options *o, attune_error *err)
{
    const int signal = at_list_has(l, "signal"), chat = at_list_has(l, "chat");
    const char *lacks = o->of_signals && !signal           ? "'signal'"
                        : o->of_chats && !chat             ? "'chat'"
                        : o->of_either && !signal && !chat ? "'signal' or 'chat'"
                                                           : NULL;

    return lacks ? at_fail(err, ATTUNE_E_ARG,
                           "%s: its header has no column %s, and there are options of one",
                           o->manifest, lacks)
                 : ATTUNE_OK;
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
    rc = rc < 0 ? rc : check_columns(&s->list, o, err);
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

static int name_files(attune_study *s, int row, attune_recording *out, attune_error *err)
{
    const at_list *l = &s->list;
    const char *zero = at_list_field(l, row, "zero");
    int rc = at_list_file(l, row, "path", s->path, err);

    rc = rc < 0 ? rc : at_list_file(l, row, "signal", s->signal, err);
    rc = rc < 0 ? rc : at_list_file(l, row, "chat", s->chat, err);
    if (rc < 0)
        return rc;
    *out = (attune_recording){.id = l->row[row].id,
                              .path = s->path,
                              .folder = s->folder,
                              .reason = s->reason,
                              .signal = *s->signal ? s->signal : NULL,
                              .chat = *s->chat ? s->chat : NULL,
                              .zero = *zero ? zero : NULL,
                              .signal_offset_s = at_list_seconds(l, row, "signal_offset"),
                              .chat_offset_s = at_list_seconds(l, row, "chat_offset")};
    return at_study_path(s->folder, s->dir, out->id, err);
}

/* What the manifest says of their times is part of it, where it says something. */
static void add_clocks(attune_study *s, const attune_recording *x)
{
    const size_t used = strlen(s->input);

    if (used && (x->signal_offset_s != 0 || x->chat_offset_s != 0 || x->zero))
        snprintf(s->input + used, sizeof s->input - used, "offsets %.6f %.6f zero %.60s\n",
                 x->signal_offset_s, x->chat_offset_s, x->zero ? x->zero : "");
}

/* A result of other files than there are now is none. */
static void compare_files(attune_study *s, attune_recording *x)
{
    const char *path[AT_STUDY_FILES] = {x->path};
    int n = 1, changed;

    if (x->signal)
        path[n++] = x->signal;
    if (x->chat)
        path[n++] = x->chat;
    at_study_input(s->input, path, n);
    add_clocks(s, x);
    if (x->state != ATTUNE_DONE || (changed = at_study_changed(s->folder, s->input)) < 0)
        return;
    x->state = ATTUNE_TO_DO;
    if (changed < n)
        snprintf(s->reason, sizeof s->reason, "%.400s: is not the file that was analysed",
                 path[changed]);
    else
        snprintf(s->reason, sizeof s->reason,
                 "%.400s: the manifest gives its signal or chat another time now", x->path);
}

/* What is damaged is to do, and the reason says what that is. */
static int find_state(attune_study *s, attune_recording_state *out, attune_error *err)
{
    attune_error damage;
    int rc = at_study_state(s->folder, out, s->reason, &damage);

    if (rc < 0 && rc != ATTUNE_E_FORMAT)
        return at_fail(err, rc, "%s", damage.text);
    if (rc < 0)
        snprintf(s->reason, sizeof s->reason, "%s", damage.text);
    return ATTUNE_OK;
}

int attune_study_at(attune_study *s, int i, attune_recording *out, attune_error *err)
{
    if (i < 0 || i >= attune_study_count(s))
        return at_fail(err, ATTUNE_E_ARG, "there is no recording %d", i);
    int rc = name_files(s, row_of(s, i), out, err);

    rc = rc < 0 ? rc : find_state(s, &out->state, err);
    if (rc == ATTUNE_OK)
        compare_files(s, out);
    return rc;
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

    rc = rc < 0 ? rc : at_study_note(r.folder, reason, err);
    if (rc == ATTUNE_OK && r.state != ATTUNE_DONE) /* which would take the note away */
        rc = at_study_forget(r.folder, err);
    return rc;
}
