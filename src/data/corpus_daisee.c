/* corpus_daisee.c - DAiSEE (Gupta 2016) in its official layout. Some clips that the lists name are
 * missing from it, and a part may be missing or empty. */
#include "base/error.h"
#include "data/csv.h"
#include "data/readers.h"
#include "data/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int level(const char *text)
{
    return strlen(text) == 1 && *text >= '0' && *text < '0' + ATTUNE_LEVELS ? *text - '0' : -1;
}

static int split_known(const char *split)
{
    return at_split_is_whole(split) || strcmp(split, "train") == 0 || strcmp(split, "val") == 0 ||
           strcmp(split, "test") == 0;
}

/* Clip files of a part by stem, since a ClipID's extension may disagree with the disk. */
typedef struct clip_list {
    at_corpus files;  /* paths, person = subject folder */
    char subject[24]; /* fits person */
} clip_list;

static int add_clip_file(void *user, const char *path, const char *name)
{
    clip_list *l = user;
    if (!at_has_extension(name, at_clip_extensions))
        return 0;
    at_sample *s = at_corpus_add(&l->files, path);
    if (!s)
        return ATTUNE_E_NOMEM;
    snprintf(s->person, sizeof s->person, "%s", l->subject);
    return 0;
}

static int add_clip_folder(void *user, const char *path, const char *name)
{
    (void)name;
    return at_each_entry(path, add_clip_file, user);
}

static int add_subject(void *user, const char *path, const char *name)
{
    clip_list *l = user;
    snprintf(l->subject, sizeof l->subject, "%.20s", name);
    return at_each_entry(path, add_clip_folder, user);
}

static int compare_stems(const char *a, const char *b)
{
    size_t na, nb;
    a = at_path_stem(a, &na);
    b = at_path_stem(b, &nb);
    int order = strncmp(a, b, na < nb ? na : nb);
    return order ? order : (na > nb) - (na < nb);
}

static int by_stem(const void *a, const void *b)
{
    return compare_stems(((const at_sample *)a)->path, ((const at_sample *)b)->path);
}

static const at_sample *find_clip(const at_corpus *files, const char *clip_id)
{
    int lo = 0, hi = files->count;
    while (lo < hi) {
        int mid = (lo + hi) / 2, order = compare_stems(files->list[mid].path, clip_id);
        if (order == 0)
            return &files->list[mid];
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static int add_row(at_corpus *out, const at_corpus *files, const at_csv *csv)
{
    const char *name = at_csv_get(csv, 0);
    const at_sample *clip = find_clip(files, name);
    char why[64];
    if (!*name)
        return at_corpus_exclude_row(out, csv);
    if (!clip)
        return at_corpus_exclude(out, AT_MISSING, name, "no such clip");
    for (int i = 0; i < ATTUNE_STATES; i++) {
        const char *text = at_csv_get(csv, 1 + i);
        if (!*text || level(text) >= 0)
            continue;
        snprintf(why, sizeof why, "no level from 0 to %d: %.30s", ATTUNE_LEVELS - 1, text);
        return at_corpus_exclude(out, AT_UNKNOWN_CLASS, clip->path, why);
    }
    at_sample *s = at_corpus_add(out, clip->path);
    if (!s)
        return ATTUNE_E_NOMEM;
    snprintf(s->person, sizeof s->person, "%s", clip->person);
    s->line = csv->line;
    for (int i = 0; i < ATTUNE_STATES; i++)
        s->state[i] = level(at_csv_get(csv, 1 + i));
    return ATTUNE_OK;
}

static int add_labelled(at_corpus *out, const at_corpus *files, const char *labels,
                        attune_error *err)
{
    at_csv csv;
    int status = at_csv_open(&csv, labels, err);
    if (status < 0)
        return status;
    status = at_csv_header(&csv, err); /* ClipID,Boredom,Engagement,Confusion,Frustration */
    while (status >= 0 && (status = at_csv_row(&csv, err)) > 0)
        if (add_row(out, files, &csv) < 0)
            status = at_fail_nomem(err);
    at_csv_close(&csv);
    return status;
}

static int exclude_unlabelled(at_corpus *out, const at_corpus *files)
{
    int status = ATTUNE_OK;
    for (int i = 0; i < files->count && status == ATTUNE_OK; i++)
        status = at_corpus_exclude(out, AT_UNLABELLED, files->list[i].path, "no list of labels");
    return status;
}

static int read_part(at_corpus *out, const char *base, const char *part, attune_error *err)
{
    char name[64], folder[AT_PATH], labels[AT_PATH];
    clip_list clips = {0};
    snprintf(name, sizeof name, "DataSet/%s", part);
    int fits = at_path_join(folder, base, name);
    snprintf(name, sizeof name, "Labels/%sLabels.csv", part);
    fits &= at_path_join(labels, base, name);
    if (!fits || !at_path_is_dir(folder))
        return ATTUNE_OK; /* that part is not here */
    int status = at_each_entry(folder, add_subject, &clips);
    if (status == 0 && !at_path_exists(labels))
        status = exclude_unlabelled(out, &clips.files);
    if (status < 0) {
        at_fail_walk(status, folder, err);
    } else if (at_path_exists(labels)) {
        if (clips.files.count)
            qsort(clips.files.list, (size_t)clips.files.count, sizeof *clips.files.list, by_stem);
        status = add_labelled(out, &clips.files, labels, err);
    }
    at_corpus_free(&clips.files);
    return status;
}

int at_corpus_daisee(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    static const char *const parts[][2] = {
        {"train", "Train"}, {"val", "Validation"}, {"test", "Test"}};
    char base[AT_PATH];
    if (!split_known(split))
        return at_fail(err, ATTUNE_E_ARG, "daisee has no split '%s' (train val test all)", split);
    int status = at_corpus_locate(base, root, "DataSet");
    if (status < 0)
        return at_fail_walk(status, root, err);
    if (!status)
        return at_fail(err, ATTUNE_E_IO, "%s: no DataSet folder there", root);
    status = ATTUNE_OK;
    for (int i = 0; i < 3 && status == ATTUNE_OK; i++)
        if (at_split_takes(split, parts[i][0]))
            status = read_part(out, base, parts[i][1], err);
    return status;
}
