/* corpus_fer.c - FER2013's pictures with FER+'s votes (Barsoum 2016), and with the original labels.
 *
 * FER+'s majority protocol is that of its authors' training code: single votes are outliers and
 * dropped; the class is that with more than half of the votes left; pictures without such a class,
 * or whose class is 'unknown' or 'not a face', have no class (expression -1).
 */
#include "base/error.h"
#include "data/csv.h"
#include "data/readers.h"

#include <stdlib.h>
#include <string.h>

enum { UNKNOWN = AT_VOTES, NO_FACE, COLUMNS };

static const struct {
    const char *split, *usage, *folder;
} parts[] = {
    {"train", "Training", "FER2013Train"},
    {"valid", "PublicTest", "FER2013Valid"},
    {"test", "PrivateTest", "FER2013Test"},
};
enum { PARTS = sizeof parts / sizeof *parts };

static int split_known(const char *split)
{
    int known = strcmp(split, "all") == 0;
    for (int i = 0; i < PARTS; i++)
        known |= strcmp(split, parts[i].split) == 0;
    return known;
}

/* The part whose column says name (usage or folder), or -1 when the split does not want it. */
static int part_wanted(const char *name, const char *split)
{
    for (int i = 0; i < PARTS; i++)
        if (strcmp(name, parts[i].usage) == 0 || strcmp(name, parts[i].folder) == 0)
            return strcmp(split, "all") == 0 || strcmp(split, parts[i].split) == 0 ? i : -1;
    return -1;
}

/* Soft label and majority class from the ten annotators' votes. Returns 0 when nothing usable is
 * left (the strongest vote is 'unknown' or 'not a face'). */
static int judge(const float votes[COLUMNS], at_sample *s)
{
    float kept[COLUMNS], all = 0, faces = 0;
    int top = 0;
    for (int i = 0; i < COLUMNS; i++) {
        kept[i] = votes[i] > 1 ? votes[i] : 0;
        all += kept[i];
        faces += i < AT_VOTES ? kept[i] : 0;
        top = kept[i] > kept[top] ? i : top;
    }
    if (faces <= 0 || top >= UNKNOWN)
        return 0;
    for (int i = 0; i < AT_VOTES; i++)
        s->votes[i] = kept[i] / faces;
    s->expression = kept[top] > 0.5f * all ? top : -1;
    return 1;
}

static int add_ferplus_row(at_corpus *out, const char *root, const char *split, const at_csv *csv)
{
    char folder[AT_PATH], path[AT_PATH];
    int part = part_wanted(at_csv_get(csv, 0), split);
    const char *name = at_csv_get(csv, 1);
    if (part < 0 || !*name)
        return ATTUNE_OK;
    float votes[COLUMNS];
    at_sample judged = {0};
    for (int i = 0; i < COLUMNS; i++)
        votes[i] = strtof(at_csv_get(csv, 2 + i), NULL);
    if (!judge(votes, &judged))
        return ATTUNE_OK;
    if (!at_path_join(folder, root, parts[part].folder) || !at_path_join(path, folder, name) ||
        !at_path_exists(path)) {
        out->missing++;
        return ATTUNE_OK;
    }
    at_sample *s = at_corpus_add(out, path);
    if (!s)
        return ATTUNE_E_NOMEM;
    s->expression = judged.expression;
    memcpy(s->votes, judged.votes, sizeof s->votes);
    return ATTUNE_OK;
}

int at_corpus_ferplus(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    char base[AT_PATH], list[AT_PATH];
    at_csv csv;
    if (!split_known(split))
        return at_fail(err, ATTUNE_E_ARG, "ferplus has no split '%s' (train valid test all)",
                       split);
    if (!at_corpus_locate(base, root, "fer2013new.csv") ||
        !at_path_join(list, base, "fer2013new.csv"))
        return at_fail(err, ATTUNE_E_IO, "%s: no fer2013new.csv there", root);
    int status = at_csv_open(&csv, list, err);
    if (status < 0)
        return status;
    if (at_csv_row(&csv) &&
        (at_csv_column(&csv, "neutral") != 2 || at_csv_column(&csv, "NF") != 11))
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: not FER+'s columns", list);
    while (status == ATTUNE_OK && at_csv_row(&csv))
        if (add_ferplus_row(out, base, split, &csv) < 0)
            status = at_fail_nomem(err);
    at_csv_close(&csv);
    return status;
}

/* ---- FER2013 ------------------------------------------------------------------------------ */

static int class_of(const char *name)
{
    int n;
    const char *const *names = at_task_classes(AT_TASK_FACE7, &n);
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static int from_list(at_corpus *out, const char *base, const char *split, attune_error *err)
{
    char list[AT_PATH], folder[AT_PATH], path[AT_PATH];
    at_csv csv;
    if (!at_path_join(list, base, "fer2013_labels.csv"))
        return at_fail(err, ATTUNE_E_ARG, "%s: path too long", base);
    int status = at_csv_open(&csv, list, err);
    if (status < 0)
        return status;
    at_csv_row(&csv); /* header: split,png,fer2013_label */
    while (status == ATTUNE_OK && at_csv_row(&csv)) {
        int part = part_wanted(at_csv_get(&csv, 0), split);
        int label = class_of(at_csv_get(&csv, 2));
        if (part < 0 || label < 0)
            continue;
        if (!at_path_join(folder, base, parts[part].folder) ||
            !at_path_join(path, folder, at_csv_get(&csv, 1)) || !at_path_exists(path)) {
            out->missing++;
            continue;
        }
        at_sample *s = at_corpus_add(out, path);
        if (!s)
            status = at_fail_nomem(err);
        else
            s->expression = label;
    }
    at_csv_close(&csv);
    return status;
}

typedef struct walk {
    at_corpus *out;
    int label;
} walk;

static int add_picture(void *user, const char *path, const char *name)
{
    walk *w = user;
    if (!at_has_extension(name, at_picture_extensions))
        return 0;
    at_sample *s = at_corpus_add(w->out, path);
    if (!s)
        return ATTUNE_E_NOMEM;
    s->expression = w->label;
    return 0;
}

static int add_class_folder(void *user, const char *path, const char *name)
{
    walk w = {user, class_of(name)};
    return w.label < 0 ? 0 : at_each_entry(path, add_picture, &w);
}

int at_corpus_fer2013(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    static const char *const validation[] = {"valid", "validation", "val", NULL};
    static const char *const train[] = {"train", "training", NULL}, *const test[] = {"test", NULL};
    char base[AT_PATH], part[AT_PATH];
    if (!split_known(split))
        return at_fail(err, ATTUNE_E_ARG, "fer2013 has no split '%s' (train valid test all)",
                       split);
    if (at_corpus_locate(base, root, "fer2013_labels.csv"))
        return from_list(out, base, split, err);

    const char *const *groups[PARTS] = {train, validation, test};
    int divided = 0, status = ATTUNE_OK;
    for (int p = 0; p < PARTS; p++)
        for (const char *const *name = groups[p]; *name && status >= 0; name++)
            if (at_path_join(part, root, *name) && at_path_is_dir(part)) {
                divided = 1;
                if (strcmp(split, "all") == 0 || strcmp(split, parts[p].split) == 0)
                    status = at_each_entry(part, add_class_folder, out);
            }
    if (!divided && strcmp(split, "all") == 0)
        status = at_each_entry(at_corpus_locate(base, root, "happy") ? base : root,
                               add_class_folder, out);
    else if (!divided)
        return at_fail(err, ATTUNE_E_ARG, "%s: not divided into train, valid and test; use 'all'",
                       root);
    return status < 0 ? at_fail_nomem(err) : ATTUNE_OK;
}
