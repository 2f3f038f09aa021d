/* corpora.c - the table of corpora, and how any of them is read: its reader lists the samples, then
 * what is not there, or there twice, is left out.
 */
#include "base/error.h"
#include "data/readers.h"
#include "data/split.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line a corpus. */
static const struct corpus_kind {
    const char *name;
    at_head head;
    int crops;
    at_corpus_reader *read;
    at_corpus_identity *identity; /* NULL: the whole path */
    const char *splits, *help;
} corpora[] = {
    {"ferplus", AT_HEAD_FACE8, 1, at_corpus_ferplus, NULL, "train valid test",
     "FER2013{Train,Valid,Test}/*.png with fer2013new.csv (ten annotators' votes)"},
    {"fer2013", AT_HEAD_FACE7, 1, at_corpus_fer2013, NULL, "train valid test",
     "fer2013.csv (emotion,pixels,Usage); or class folders (angry or anger, ...), within train, "
     "valid, test or not; or FER+'s folders with fer2013_labels.csv"},
    {"ravdess", AT_HEAD_VOICE8, 0, at_corpus_ravdess, at_ravdess_take,
     "fold0..4 nofold0..4 actors=1,2,... clips clips+fold0",
     "MM-VC-EE-II-SS-RR-AA.{wav,flac,mp4} in any folders; speech only, each take once, by its "
     "voice; clips: by face and voice, seven emotions"},
    {"daisee-frames", AT_HEAD_STATE4, 1, at_corpus_manifest, NULL, "train val, as manifest",
     "a manifest with boredom,engagement,confusion,frustration, one face crop a clip"},
    {"daisee", AT_HEAD_STATE4, 0, at_corpus_daisee, NULL, "train val test",
     "DataSet/{Train,Validation,Test}/subject/clip/clip.avi with Labels/*Labels.csv"},
    {"wacv-engagement", AT_HEAD_ENGAGEMENT3, 1, at_corpus_wacv, NULL,
     "fold0..3 nofold0..3 people=1,2,...",
     "{0_disengaged,1_partial,2_engaged}/imgN_*.jpg, N the person"},
    {"crema-d", AT_HEAD_EMOTION7, 0, at_corpus_crema, NULL, "clips voices",
     "VideoFlash/ and AudioWAV/ with 1001_DFA_ANG_XX names; clips where there are any"},
    {"voices_more", AT_HEAD_EMOTION7, 0, at_corpus_voices_more, NULL, "as manifest: corpus=tess",
     "a manifest with corpus,language,speaker,sex,emotion; of speakers korean-* angry and sad are "
     "exchanged"},
    {"javanese_av", AT_HEAD_EMOTION7, 0, at_corpus_manifest, NULL, "as manifest: certain=1",
     "a manifest with speaker,sentence,emotion,certain"},
    {"faces_diverse", AT_HEAD_EMOTION7, 1, at_corpus_manifest, NULL, "as manifest: group=asian",
     "a manifest with age,sex,group and no labels: for --answers"},
    {"folder", AT_HEAD_EMOTION7, 0, at_corpus_folder, NULL,
     "train valid test: a folder above those of emotions",
     "one folder of pictures, sounds or clips an emotion, by its name (happy, happiness, joy, ...)"},
    {"manifest", AT_HEADS, 0, at_corpus_manifest, NULL,
     "a value of the column split, fold0..4 nofold0..4 (by subject), COLUMN=VALUE,...; joined by +",
     "a CSV file, or a folder with manifest.csv: file, and as there are split, subject, "
     "expression, boredom, engagement, confusion, frustration (0-3), engagement3"},
};

enum { CORPORA = sizeof corpora / sizeof *corpora };

const char *at_corpus_name(int i)
{
    return i >= 0 && i < CORPORA ? corpora[i].name : NULL;
}

const char *at_corpus_help(int i)
{
    return i >= 0 && i < CORPORA ? corpora[i].help : NULL;
}

const char *at_corpus_splits(int i)
{
    return i >= 0 && i < CORPORA ? corpora[i].splits : NULL;
}

/* ---- sorting out what cannot be used ------------------------------------------------------- */

/* Whether the file is there and itself; else why not. */
static int usable(const at_sample *s, at_exclusion *why, const char **detail)
{
    if (s->listed)
        return 1;
    if (!at_path_exists(s->path)) {
        *why = AT_MISSING;
        *detail = "no such file";
        return 0;
    }
    if (at_path_is_pointer(s->path)) {
        *why = AT_POINTER;
        *detail = "not fetched: git lfs pull";
        return 0;
    }
    return 1;
}

const char *at_corpus_identify(const at_corpus *c, const at_sample *s, size_t *length)
{
    for (int i = 0; i < CORPORA; i++)
        if (corpora[i].identity && strcmp(corpora[i].name, c->dataset) == 0)
            return corpora[i].identity(s->path, length);
    *length = strlen(s->path);
    return s->path;
}

typedef struct identified {
    const char *key;
    size_t length;
    int clip, number;
} identified;

static int by_identity(const void *a, const void *b)
{
    const identified *x = a, *y = b;
    size_t shorter = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->key, y->key, shorter);
    if (order == 0)
        order = (x->length > y->length) - (x->length < y->length);
    if (order == 0)
        order = x->clip - y->clip; /* a sound of its own is better than a clip's */
    return order ? order : x->number - y->number;
}

static int same(const identified *a, const identified *b)
{
    return a->length == b->length && memcmp(a->key, b->key, a->length) == 0;
}

/* twin[i]: the sample that i is a copy of, or i itself. */
static int find_twins(const at_corpus *c, int *twin)
{
    identified *order = malloc(((size_t)c->count + 1) * sizeof *order);
    if (!order)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < c->count; i++) {
        identified *k = &order[i];
        k->key = at_corpus_identify(c, &c->list[i], &k->length);
        k->clip = at_sample_kind_of(&c->list[i]) == AT_CLIP;
        k->number = i;
    }
    qsort(order, (size_t)c->count, sizeof *order, by_identity);
    for (int i = 0, first = 0; i < c->count; i++) {
        if (!same(&order[i], &order[first]))
            first = i;
        twin[order[i].number] = order[first].number;
    }
    free(order);
    return ATTUNE_OK;
}

/* Keeps the samples for which keep says so, in their order; the others become excluded. */
static int keep_usable(at_corpus *c)
{
    int kept = 0, status = ATTUNE_OK;
    for (int i = 0; i < c->count; i++) {
        at_exclusion why;
        const char *detail;
        if (usable(&c->list[i], &why, &detail)) {
            c->list[kept++] = c->list[i];
            continue;
        }
        if (at_corpus_exclude(c, why, c->list[i].path, detail) < 0)
            status = ATTUNE_E_NOMEM;
        at_sample_free(&c->list[i]);
    }
    c->count = kept;
    return status;
}

/* Takes over the label in *to if there was none; 0: there was another. */
static int agree(int *to, int from)
{
    if (*to < 0)
        *to = from;
    return from < 0 || *to == from;
}

/* The same of a file's name, which changes hands. */
static int agree_on_file(char **to, char **from)
{
    if (!*to) {
        *to = *from;
        *from = NULL;
    }
    return !*from || strcmp(*to, *from) == 0;
}

static int agree_on_grade(at_grade *to, at_grade from)
{
    if (*to == AT_UNGRADED)
        *to = from;
    return from == AT_UNGRADED || *to == from;
}

/* Gives a sample what another row of the list says of the same file; NULL, or what they say
 * differently. */
static const char *merge(at_sample *to, at_sample *from)
{
    static const float no_votes[AT_VOTES];
    if (!*to->person)
        memcpy(to->person, from->person, sizeof to->person);
    else if (*from->person && strcmp(to->person, from->person) != 0)
        return "subject";
    if (memcmp(to->votes, no_votes, sizeof no_votes) == 0)
        memcpy(to->votes, from->votes, sizeof to->votes);
    else if (memcmp(to->votes, from->votes, sizeof to->votes) != 0)
        return "votes";
    if (!agree(&to->expression, from->expression))
        return "expression";
    if (!agree(&to->engagement, from->engagement))
        return "engagement";
    for (int i = 0; i < ATTUNE_STATES; i++)
        if (!agree(&to->state[i], from->state[i]))
            return attune_state_names[i];
    if (!agree_on_file(&to->signal, &from->signal))
        return "signal";
    if (!agree_on_file(&to->chat, &from->chat))
        return "chat";
    return agree_on_grade(&to->grade, from->grade) ? NULL : "quality";
}

/* Rows of a list about the same file: one that has a label wins over one that has none; two that
 * differ are a fault of the list. */
static int merge_twins(at_corpus *c, const int *twin, attune_error *err)
{
    for (int i = 0; i < c->count; i++) {
        at_sample *first = &c->list[twin[i]], *again = &c->list[i];
        if (again == first || !first->line || !again->line)
            continue;
        const int a = first->line < again->line ? first->line : again->line;
        const int b = first->line < again->line ? again->line : first->line;
        const char *differ = merge(first, again);
        if (differ)
            return at_fail(err, ATTUNE_E_FORMAT, "%s: lines %d and %d of its list differ in its %s",
                           first->path, a, b, differ);
    }
    return ATTUNE_OK;
}

static int keep_single(at_corpus *c, attune_error *err)
{
    int kept = 0, *twin = malloc(((size_t)c->count + 1) * sizeof *twin);
    char detail[AT_PATH + 32];
    int status = twin ? find_twins(c, twin) : ATTUNE_E_NOMEM;
    status = status < 0 ? at_fail_nomem(err) : merge_twins(c, twin, err);
    for (int i = 0; i < c->count && status == ATTUNE_OK; i++)
        if (twin[i] != i) {
            snprintf(detail, sizeof detail, "the same as %s", c->list[twin[i]].path);
            if (at_corpus_exclude(c, AT_DUPLICATE, c->list[i].path, detail) < 0)
                status = at_fail_nomem(err);
        }
    for (int i = 0; i < c->count && status == ATTUNE_OK; i++)
        if (twin[i] == i)
            c->list[kept++] = c->list[i];
        else
            at_sample_free(&c->list[i]);
    c->count = status == ATTUNE_OK ? kept : c->count;
    free(twin);
    return status;
}

/* ---- people, names -------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int count_people(const at_corpus *c)
{
    const char **names = malloc((size_t)c->count * sizeof *names + 1);
    if (!names)
        return 0;
    int people = 0;
    for (int i = 0; i < c->count; i++)
        names[i] = c->list[i].person;
    qsort(names, (size_t)c->count, sizeof *names, by_text);
    for (int i = 0; i < c->count; i++)
        people += *names[i] && (i == 0 || strcmp(names[i], names[i - 1]) != 0);
    free(names);
    return people;
}

void at_corpus_thin(at_corpus *c, int limit)
{
    if (limit <= 0 || c->count <= limit)
        return;
    for (int i = 0; i < limit; i++) {
        int j = (int)((int64_t)i * c->count / limit);
        at_sample t = c->list[i];
        c->list[i] = c->list[j];
        c->list[j] = t;
    }
    for (int i = limit; i < c->count; i++)
        at_sample_free(&c->list[i]);
    c->count = limit;
    c->people = count_people(c);
}

/* Are two names the same, a hyphen being as good as an underscore? */
static int same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
            return 0;
    return *a == *b;
}

static const struct corpus_kind *find_kind(const char *dataset, attune_error *err)
{
    char names[256] = "";
    for (int i = 0; i < CORPORA; i++)
        if (same_name(corpora[i].name, dataset))
            return &corpora[i];
    for (int i = 0; i < CORPORA; i++) {
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", i ? " " : "", corpora[i].name);
    }
    at_fail(err, ATTUNE_E_ARG, "%s: not a data set attune reads (%s)", dataset, names);
    return NULL;
}

/* "3 missing, 6 lfs_pointer" */
static void describe_excluded(const at_corpus *c, char *out, size_t size)
{
    *out = '\0';
    for (int k = 0; k < AT_EXCLUSIONS; k++) {
        int n = at_corpus_excluded(c, (at_exclusion)k);
        size_t used = strlen(out);
        if (n)
            snprintf(out + used, size - used, "%s%d %s", used ? ", " : "; excluded: ", n,
                     at_exclusion_names[k]);
    }
}

/* ---- which part ----------------------------------------------------------------------------- */

/* What the samples are drawn of: an official test part only where it is named. */
static void drawn_of(char out[AT_SPLIT_TEXT + 8], const struct corpus_kind *kind, const at_split *s)
{
    const int joins = kind->read == at_corpus_manifest || kind->read == at_corpus_voices_more;
    if (!*s->of)
        strcpy(out, "notest");
    else
        snprintf(out, AT_SPLIT_TEXT + 8, "%s%s",
                 joins && !at_split_names_test(s->of) ? "notest+" : "", s->of);
}

const char *at_corpus_path_within(const char *path, const char *root)
{
    const size_t n = strlen(root);
    if (strncmp(path, root, n) != 0)
        return path;
    path += n;
    return path + strspn(path, "/");
}

typedef struct graded {
    const char *key;
    at_sample *sample;
} graded;

static int by_key(const void *a, const void *b)
{
    return strcmp(((const graded *)a)->key, ((const graded *)b)->key);
}

/* Gives the samples the quality that the table has of them. */
static int read_grades(graded *list, int n, const char *table, attune_error *err)
{
    at_csv csv;
    int status = at_csv_open(&csv, table, err);
    if (status < 0)
        return status;
    status = at_csv_header(&csv, err);
    const int file = at_csv_column(&csv, "file"), quality = at_csv_column(&csv, "quality");
    if (status == ATTUNE_OK && (file < 0 || quality < 0))
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: no columns file and quality", table);
    while (status >= 0 && (status = at_csv_row(&csv, err)) > 0) {
        const graded wanted = {at_csv_get(&csv, file), NULL};
        const graded *found = bsearch(&wanted, list, (size_t)n, sizeof *list, by_key);
        if (found)
            found->sample->grade = at_grade_by_name(at_csv_get(&csv, quality));
    }
    at_csv_close(&csv);
    return status;
}

/* The table in root, where there is one. */
static int grade_all(at_corpus *c, const char *root, attune_error *err)
{
    char table[AT_PATH];
    if (!at_path_is_dir(root) || !at_path_join(table, root, AT_QUALITIES) || !at_path_exists(table))
        return ATTUNE_OK;
    graded *list = malloc(((size_t)c->count + 1) * sizeof *list);
    if (!list)
        return at_fail_nomem(err);
    for (int i = 0; i < c->count; i++)
        list[i] = (graded){at_corpus_path_within(c->list[i].path, root), &c->list[i]};
    qsort(list, (size_t)c->count, sizeof *list, by_key);
    const int status = read_grades(list, c->count, table, err);
    free(list);
    return status;
}

/* ---- the call ------------------------------------------------------------------------------- */

static void begin(at_corpus *out, const struct corpus_kind *kind)
{
    out->dataset = kind->name;
    out->head = kind->head;
    out->heads = kind->head < AT_HEADS ? 1u << kind->head : 0;
    if (kind->head == AT_HEAD_STATE4)
        out->heads |= 1u << AT_HEAD_DOMINANT4;
    out->crops = kind->crops;
}

static int read_part(at_corpus *out, const struct corpus_kind *kind, const char *root,
                     const char *split, attune_error *err)
{
    char of[AT_SPLIT_TEXT + 8];
    at_split s;
    int status = at_split_parse(&s, split, err);
    if (status < 0)
        return status;
    if (s.drawn)
        drawn_of(of, kind, &s);
    status = kind->read(out, root, s.drawn ? of : split, err);
    if (status < 0)
        return status;
    if (keep_usable(out) < 0)
        return at_fail_nomem(err);
    status = keep_single(out, err);
    if (status == ATTUNE_OK && s.quality)
        status = grade_all(out, root, err);
    if (status == ATTUNE_OK && s.drawn && out->count)
        status = at_split_keep(out, &s, err);
    return status;
}

int at_corpus_read(at_corpus *out, const char *dataset, const char *root, const char *split,
                   attune_error *err)
{
    char excluded[160];
    memset(out, 0, sizeof *out);
    const struct corpus_kind *kind = find_kind(dataset, err);
    if (!kind)
        return ATTUNE_E_ARG;
    if (!at_path_exists(root))
        return at_fail(err, ATTUNE_E_IO, "%s: %s", root,
                       errno == ENOENT ? "no such folder" : strerror(errno));
    begin(out, kind);
    const int status = read_part(out, kind, root, split, err);
    if (status < 0)
        return status;
    describe_excluded(out, excluded, sizeof excluded);
    if (out->count == 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: no sample of %s, split '%s' (%s)%s", root,
                       kind->name, split, kind->help, excluded);
    out->people = count_people(out);
    return ATTUNE_OK;
}
