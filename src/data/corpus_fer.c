/* corpus_fer.c - FER2013's pictures with FER+'s votes (Barsoum 2016), and with the original labels
 * (Goodfellow 2013) in the forms that are about: one CSV with the pixels, class-named folders, and
 * FER+'s folders with a list.
 *
 * FER+'s majority protocol is that of its authors' training code: single votes are outliers and
 * dropped; the class is that with more than half of the votes left; pictures without such a class,
 * or whose class is 'unknown' or 'not a face', have no class (expression -1).
 */
#include "base/error.h"
#include "data/csv.h"
#include "data/readers.h"
#include "data/split.h"

#include <stdio.h>
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
    int known = at_split_is_whole(split);
    for (int i = 0; i < PARTS; i++)
        known |= strcmp(split, parts[i].split) == 0;
    return known;
}

/* The part whose column says name (usage or folder), or -1 when the split does not want it. */
static int part_wanted(const char *name, const char *split)
{
    for (int i = 0; i < PARTS; i++)
        if (strcmp(name, parts[i].usage) == 0 || strcmp(name, parts[i].folder) == 0)
            return at_split_takes(split, parts[i].split) ? i : -1;
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

static int parse_vote(const char *text, float *vote)
{
    char *end;
    *vote = strtof(text, &end);
    return end != text && !*end && *vote >= 0 && *vote <= 1000;
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
    int numbers = 1;
    for (int i = 0; i < COLUMNS; i++)
        numbers &= parse_vote(at_csv_get(csv, 2 + i), &votes[i]);
    if (!at_path_join(folder, root, parts[part].folder) || !at_path_join(path, folder, name))
        return at_corpus_exclude(out, AT_MISSING, name, "path too long");
    if (!numbers)
        return at_corpus_exclude(out, AT_UNLABELLED, path,
                                 "votes that are no numbers from 0 to 1000");
    if (!judge(votes, &judged))
        return at_corpus_exclude(out, AT_UNLABELLED, path, "most say 'unknown' or 'not a face'");
    at_sample *s = at_corpus_add(out, path);
    if (!s)
        return ATTUNE_E_NOMEM;
    s->line = csv->line;
    s->expression = judged.expression;
    memcpy(s->votes, judged.votes, sizeof s->votes);
    return ATTUNE_OK;
}

/* Every row of a list of files, through add. */
static int read_rows(at_corpus *out, const char *base, const char *split, at_csv *csv,
                     int (*add)(at_corpus *out, const char *base, const char *split,
                                const at_csv *csv),
                     attune_error *err)
{
    int more = at_csv_check_rows(csv, err);
    while (more >= 0 && (more = at_csv_row(csv, err)) > 0)
        if (add(out, base, split, csv) < 0)
            more = at_fail_nomem(err);
    return more;
}

int at_corpus_ferplus(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    char base[AT_PATH], list[AT_PATH];
    at_csv csv;
    if (!split_known(split))
        return at_fail(err, ATTUNE_E_ARG, "ferplus has no split '%s' (train valid test all)",
                       split);
    int status = at_corpus_locate(base, root, "fer2013new.csv");
    if (status < 0)
        return at_fail_walk(status, root, err);
    if (!status || !at_path_join(list, base, "fer2013new.csv"))
        return at_fail(err, ATTUNE_E_IO, "%s: no fer2013new.csv there", root);
    status = at_csv_open(&csv, list, err);
    if (status < 0)
        return status;
    status = at_csv_header(&csv, err);
    if (status == ATTUNE_OK &&
        (at_csv_column(&csv, "neutral") != 2 || at_csv_column(&csv, "NF") != 11))
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: not FER+'s columns", list);
    if (status == ATTUNE_OK)
        status = read_rows(out, base, split, &csv, add_ferplus_row, err);
    at_csv_close(&csv);
    return status;
}

/* ---- FER2013 ------------------------------------------------------------------------------ */

/* The numbers that stand for the classes in the official list. */
static int class_of_number(const char *text)
{
    static const char *const official[] = {"angry", "disgust",  "fear",   "happy",
                                           "sad",   "surprise", "neutral"};
    int number = *text - '0';
    if (strlen(text) != 1 || number < 0 || number >= AT_BASIC_CLASSES)
        return -1;
    return at_class_by_name(AT_HEAD_FACE7, official[number]);
}

static int class_of(const char *text)
{
    int label = class_of_number(text);
    return label >= 0 ? label : at_class_by_name(AT_HEAD_FACE7, text);
}

static int unknown_class(at_corpus *out, const char *path, const char *word)
{
    char why[64];
    snprintf(why, sizeof why, "no class: %.40s", word);
    return at_corpus_exclude(out, *word ? AT_UNKNOWN_CLASS : AT_UNLABELLED, path, why);
}

static int add_listed_file(at_corpus *out, const char *base, const char *split, const at_csv *csv)
{
    char folder[AT_PATH], path[AT_PATH];
    int part = part_wanted(at_csv_get(csv, 0), split), label = class_of(at_csv_get(csv, 2));
    const char *name = at_csv_get(csv, 1);
    if (part < 0)
        return ATTUNE_OK;
    if (!*name)
        return at_corpus_exclude_row(out, csv);
    if (!at_path_join(folder, base, parts[part].folder) || !at_path_join(path, folder, name))
        return at_corpus_exclude(out, AT_MISSING, name, "path too long");
    if (label < 0)
        return unknown_class(out, path, at_csv_get(csv, 2));
    at_sample *s = at_corpus_add(out, path);
    if (!s)
        return ATTUNE_E_NOMEM;
    s->line = csv->line;
    s->expression = label;
    return ATTUNE_OK;
}

static int from_list(at_corpus *out, const char *base, const char *split, attune_error *err)
{
    char list[AT_PATH];
    at_csv csv;
    if (!at_path_join(list, base, "fer2013_labels.csv"))
        return at_fail(err, ATTUNE_E_ARG, "%s: path too long", base);
    int status = at_csv_open(&csv, list, err);
    if (status < 0)
        return status;
    status = at_csv_header(&csv, err); /* split,png,fer2013_label */
    if (status == ATTUNE_OK)
        status = read_rows(out, base, split, &csv, add_listed_file, err);
    at_csv_close(&csv);
    return status;
}

/* ---- one CSV with the pixels: emotion,pixels,Usage in any order ---------------------------- */

static const char *const pixel_lists[] = {"fer2013.csv", "icml_face_data.csv", "train.csv", NULL};

/* text: numbers 0..255 apart by blanks, as many as a picture has pixels. */
static int parse_pixels(const char *text, unsigned char grey[AT_LISTED_SIDE * AT_LISTED_SIDE])
{
    for (int i = 0; i < AT_LISTED_SIDE * AT_LISTED_SIDE; i++) {
        char *end;
        long v = strtol(text, &end, 10);
        if (end == text || v < 0 || v > 255)
            return 0;
        grey[i] = (unsigned char)v;
        text = end;
    }
    return text[strspn(text, " ")] == '\0';
}

typedef struct pixel_columns {
    int emotion, pixels, usage; /* usage -1: all is of the training part */
} pixel_columns;

static int add_pixels(at_corpus *out, const char *list, const char *split, const pixel_columns *c,
                      const at_csv *csv)
{
    unsigned char grey[AT_LISTED_SIDE * AT_LISTED_SIDE];
    char path[AT_PATH + 16];
    const char *usage = c->usage < 0 ? parts[0].usage : at_csv_get(csv, c->usage);
    const char *word = at_csv_get(csv, c->emotion);
    int label = class_of(word);
    if (part_wanted(usage, split) < 0)
        return ATTUNE_OK;
    snprintf(path, sizeof path, "%s:%d", list, csv->line);
    if (label < 0)
        return unknown_class(out, path, word);
    if (!parse_pixels(at_csv_get(csv, c->pixels), grey))
        return at_corpus_exclude(out, AT_UNREADABLE, path, "not 2304 numbers from 0 to 255");
    at_sample *s = at_corpus_add_listed(out, path, grey);
    if (!s)
        return ATTUNE_E_NOMEM;
    s->expression = label;
    return ATTUNE_OK;
}

static int from_pixels(at_corpus *out, const char *list, const char *split, attune_error *err)
{
    at_csv csv;
    int status = at_csv_open(&csv, list, err);
    if (status < 0)
        return status;
    status = at_csv_header(&csv, err);
    const pixel_columns c = {at_csv_column(&csv, "emotion"), at_csv_column(&csv, "pixels"),
                             at_csv_column(&csv, "usage")};
    if (status == ATTUNE_OK && (c.emotion < 0 || c.pixels < 0))
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: no columns emotion and pixels", list);
    int more = status == ATTUNE_OK ? at_csv_check_rows(&csv, err) : status;
    while (more >= 0 && (more = at_csv_row(&csv, err)) > 0)
        if (add_pixels(out, list, split, &c, &csv) < 0)
            more = at_fail_nomem(err);
    status = more;
    at_csv_close(&csv);
    return status;
}

/* 1: the list with pixels at root or one level down, or root itself; 0: there is none; < 0 as at_each_entry. */
static int find_pixels(char *list, const char *root)
{
    char base[AT_PATH];
    int found = 0;
    if (!at_path_is_dir(root))
        return snprintf(list, AT_PATH, "%s", root) < AT_PATH;
    for (const char *const *name = pixel_lists; *name && !found; name++) {
        found = at_corpus_locate(base, root, *name);
        found = found == 1 ? at_path_join(list, base, *name) : found;
    }
    return found;
}

/* ---- class-named folders ------------------------------------------------------------------- */

static int from_folders(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    const int in_parts = at_corpus_walk(out, root, split, class_of_number);
    if (in_parts < 0)
        return at_fail_walk(in_parts, root, err);
    if (in_parts == 0 && !at_split_is_whole(split))
        return at_fail(err, ATTUNE_E_ARG, "%s: not divided into train, valid and test; use 'all'",
                       root);
    return ATTUNE_OK;
}

int at_corpus_fer2013(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    char base[AT_PATH], list[AT_PATH];
    if (!split_known(split))
        return at_fail(err, ATTUNE_E_ARG, "fer2013 has no split '%s' (train valid test all)",
                       split);
    int found = at_corpus_locate(base, root, "fer2013_labels.csv");
    if (found == 1)
        return from_list(out, base, split, err);
    found = found < 0 ? found : find_pixels(list, root);
    if (found < 0)
        return at_fail_walk(found, root, err);
    return found ? from_pixels(out, list, split, err) : from_folders(out, root, split, err);
}
