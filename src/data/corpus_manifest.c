/* corpus_manifest.c - anybody's own list: a CSV with a file a row, its labels, and what else is
 * known of it.
 *
 * A split is all, notest, a value of the column split, foldK or nofoldK (a fifth of the subjects, or the
 * others; of the files where the list names no subjects), COLUMN=VALUE,... for any column, or several of
 * these joined by +: corpus=nemo+fold0.
 */
#include "base/error.h"
#include "data/readers.h"
#include "data/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FOLDS = 5, CONDITIONS = 8 };

/* ---- columns -------------------------------------------------------------------------------- */

typedef enum column {
    FILE_NAME,
    SPLIT,
    SUBJECT,
    EXPRESSION,
    ENGAGEMENT3,
    QUALITY,
    SIGNAL,
    CHAT,
    STATE, /* the first of ATTUNE_STATES */
    COLUMNS = STATE + ATTUNE_STATES
} column;

/* A column goes by any of these names. */
static const char *const column_names[COLUMNS][4] = {
    [FILE_NAME] = {"file", "path", "filename"},
    [SPLIT] = {"split", "part", "usage"},
    [SUBJECT] = {"subject", "speaker", "person", "actor"},
    [EXPRESSION] = {"expression", "emotion"},
    [ENGAGEMENT3] = {"engagement3"},
    [QUALITY] = {"quality"},
    [SIGNAL] = {"signal"},
    [CHAT] = {"chat"},
    [STATE + ATTUNE_BOREDOM] = {"boredom"},
    [STATE + ATTUNE_ENGAGEMENT] = {"engagement"},
    [STATE + ATTUNE_CONFUSION] = {"confusion"},
    [STATE + ATTUNE_FRUSTRATION] = {"frustration"},
};

/* A part of a split: a column with one of some values, or a fold of the subjects. */
typedef struct condition {
    int column, fold, inverted; /* fold -1: by value. inverted: what is not so */
    const char *values;         /* (length) comma list, within the split's text */
    size_t length;
} condition;

typedef struct manifest {
    at_corpus *out;
    char base[AT_PATH]; /* folder of the list */
    int column[COLUMNS];
    condition condition[CONDITIONS];
    int conditions;
    char **subject; /* (subjects) distinct, sorted, when a fold is asked for */
    int subjects;
    at_csv csv;
} manifest;

static int find_column(const at_csv *csv, column c)
{
    int found = -1;
    for (int i = 0; i < 4 && column_names[c][i] && found < 0; i++)
        found = at_csv_column(csv, column_names[c][i]);
    return found;
}

static int is_known(const manifest *m, int i)
{
    for (int c = 0; c < COLUMNS; c++)
        if (m->column[c] == i)
            return 1;
    return 0;
}

/* Reads the header row. What no column of ours is, a split may still ask for; in a list of
 * anybody's it may be a label under a name that is not known, so it is said. */
static int read_header(manifest *m, const char *list, attune_error *err)
{
    char *note = m->out->note;
    int status = at_csv_header(&m->csv, err);
    if (status < 0)
        return status;
    for (int c = 0; c < COLUMNS; c++)
        m->column[c] = find_column(&m->csv, (column)c);
    if (m->column[FILE_NAME] < 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: no column 'file' in its first row", list);
    for (int i = 0; i < m->csv.fields && m->out->head == AT_HEADS; i++) {
        size_t used = strlen(note);
        if (!is_known(m, i))
            snprintf(note + used, sizeof m->out->note - used, "%s%s",
                     used ? ", " : "columns that are no labels: ", m->csv.field[i]);
    }
    return at_csv_check_rows(&m->csv, err);
}

/* Which heads there are labels for; a list of anybody's is judged by the first of them. */
static int choose_head(manifest *m, const char *list, attune_error *err)
{
    int states = 0;
    for (int s = 0; s < ATTUNE_STATES; s++)
        states |= m->column[STATE + s] >= 0;
    unsigned heads = (m->column[EXPRESSION] >= 0 ? 1u << AT_HEAD_EMOTION7 : 0) |
                     (states ? 1u << AT_HEAD_STATE4 | 1u << AT_HEAD_DOMINANT4 : 0) |
                     (m->column[ENGAGEMENT3] >= 0 ? 1u << AT_HEAD_ENGAGEMENT3 : 0);
    static const at_head first[] = {AT_HEAD_EMOTION7, AT_HEAD_STATE4, AT_HEAD_ENGAGEMENT3};
    m->out->heads |= heads;
    for (size_t i = 0; i < sizeof first / sizeof *first && m->out->head == AT_HEADS; i++)
        if (heads & 1u << first[i])
            m->out->head = first[i];
    if (m->out->head == AT_HEADS)
        return at_fail(err, ATTUNE_E_FORMAT,
                       "%s: none of the columns expression, boredom, engagement, confusion, "
                       "frustration, engagement3",
                       list);
    if (m->out->head == AT_HEAD_STATE4 && !states)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: no column of a learning state", list);
    return ATTUNE_OK;
}

/* ---- the split ------------------------------------------------------------------------------ */

static int fold_column(const manifest *m)
{
    return m->column[m->column[SUBJECT] >= 0 ? SUBJECT : FILE_NAME];
}

static int is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(text, word, length) == 0;
}

/* text (length): one part of a split. 0: it asks for a column that is not there. */
static int parse_condition(const manifest *m, const char *text, size_t length, condition *out)
{
    const char *equals = memchr(text, '=', length);
    int fold, inverted;
    *out = (condition){.column = m->column[SPLIT], .fold = -1, .values = text, .length = length};
    if (is_word(text, length, "notest")) {
        out->values = at_test_parts;
        out->length = strlen(at_test_parts);
        out->inverted = 1;
    } else if (equals) {
        char name[64] = "";
        snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
        out->column = at_csv_column(&m->csv, name);
        out->values = equals + 1;
        out->length = length - (size_t)(equals + 1 - text);
    } else if (at_split_fold(text, length, FOLDS, &fold, &inverted)) {
        out->column = fold_column(m);
        out->fold = fold;
        out->inverted = inverted;
    }
    return out->column >= 0;
}

/* Says nothing of any row: all, and notest where the list has no parts. */
static int is_no_condition(const manifest *m, const char *text, size_t length)
{
    return is_word(text, length, "all") ||
           (is_word(text, length, "notest") && m->column[SPLIT] < 0);
}

/* Called on the header row. */
static int parse_split(manifest *m, const char *split, attune_error *err)
{
    for (const char *at = split; *at;) {
        size_t length = strcspn(at, "+");
        if (m->conditions == CONDITIONS)
            return at_fail(err, ATTUNE_E_ARG, "split '%s': too many parts", split);
        if (!is_no_condition(m, at, length)) {
            if (!parse_condition(m, at, length, &m->condition[m->conditions]))
                return at_fail(err, ATTUNE_E_ARG, "split '%s': the list has no column for '%.*s'",
                               split, (int)length, at);
            m->conditions++;
        }
        at += length + (at[length] == '+');
    }
    return ATTUNE_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lists the subjects of the whole file, so that a fold holds the same ones whatever else a split
 * asks for. */
static int collect_subjects(manifest *m, const char *list, attune_error *err)
{
    at_csv csv;
    int capacity = 0, kept = 0, status = at_csv_open(&csv, list, err);
    if (status < 0)
        return status;
    status = at_csv_header(&csv, err);
    while (status >= 0 && (status = at_csv_row(&csv, err)) > 0) {
        const char *subject = at_csv_get(&csv, fold_column(m));
        if (m->subjects == capacity) {
            capacity = capacity ? 2 * capacity : 256;
            char **grown = realloc(m->subject, (size_t)capacity * sizeof *grown);
            if (!grown)
                goto fail;
            m->subject = grown;
        }
        if (!(m->subject[m->subjects] = strdup(subject)))
            goto fail;
        m->subjects++;
    }
    at_csv_close(&csv);
    if (status < 0)
        return status;
    if (m->subjects)
        qsort(m->subject, (size_t)m->subjects, sizeof *m->subject, by_text);
    for (int i = 0; i < m->subjects; i++)
        if (kept && strcmp(m->subject[i], m->subject[kept - 1]) == 0)
            free(m->subject[i]);
        else
            m->subject[kept++] = m->subject[i];
    m->subjects = kept;
    return ATTUNE_OK;
fail:
    at_csv_close(&csv);
    return at_fail_nomem(err);
}

static int fold_of(const manifest *m, const char *subject)
{
    char *const *found =
        bsearch(&subject, m->subject, (size_t)m->subjects, sizeof *m->subject, by_text);
    return found ? (int)((found - m->subject) % FOLDS) : -1;
}

static int wanted(const manifest *m)
{
    for (int i = 0; i < m->conditions; i++) {
        const condition *c = &m->condition[i];
        const char *value = at_csv_get(&m->csv, c->column);
        int is_so = c->fold >= 0 ? fold_of(m, value) == c->fold
                                 : at_word_in_list(c->values, c->length, value);
        if (is_so == c->inverted)
            return 0;
    }
    return 1;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* "0".."3" or nothing */
static int level(const char *text, int levels)
{
    return strlen(text) == 1 && *text >= '0' && *text < '0' + levels ? *text - '0' : -1;
}

/* -1: nothing, or nothing that is a class */
static int engagement_of(const char *text)
{
    int class = level(text, ATTUNE_ENGAGEMENTS);
    return class < 0 ? at_class_by_name(AT_HEAD_ENGAGEMENT3, text) : class;
}

/* Whether the row says something in a label that is judged which is no label; why (size) says what.
 * An empty field is no label at all, and no fault. */
static int has_wrong_label(const manifest *m, char *why, size_t size)
{
    const char *word = at_csv_get(&m->csv, m->column[EXPRESSION]);
    const char *engagement = at_csv_get(&m->csv, m->column[ENGAGEMENT3]);
    int wrong = 0;
    if (m->out->head == AT_HEAD_EMOTION7 && *word && at_class_by_name(AT_HEAD_EMOTION7, word) < 0)
        wrong = snprintf(why, size, "no class: %.40s", word);
    if (m->out->head == AT_HEAD_ENGAGEMENT3 && *engagement && engagement_of(engagement) < 0)
        wrong = snprintf(why, size, "no class: %.40s", engagement);
    for (int i = 0; i < ATTUNE_STATES && m->out->head == AT_HEAD_STATE4; i++) {
        const char *text = at_csv_get(&m->csv, m->column[STATE + i]);
        if (*text && level(text, ATTUNE_LEVELS) < 0)
            wrong = snprintf(why, size, "%s is no level from 0 to %d: %.30s", attune_state_names[i],
                             ATTUNE_LEVELS - 1, text);
    }
    return wrong > 0;
}

/* Spreadsheets leave rows of nothing but commas. */
static int is_blank(const at_csv *csv)
{
    for (int i = 0; i < csv->fields; i++)
        if (*csv->field[i])
            return 0;
    return 1;
}

/* A file that a row names, NULL where it names none. 0: memory is out, or its name is too long. */
static int take_file(const manifest *m, column c, char **out)
{
    const char *file = at_csv_get(&m->csv, m->column[c]);
    char path[AT_PATH];
    if (!*file)
        return 1;
    if (*file == '/')
        snprintf(path, sizeof path, "%s", file);
    else if (!at_path_join(path, m->base, file))
        return 0;
    return (*out = strdup(path)) != NULL;
}

static int add_row(manifest *m)
{
    const at_csv *csv = &m->csv;
    const char *file = at_csv_get(csv, m->column[FILE_NAME]);
    char path[AT_PATH], why[96];
    if (!*file)
        return is_blank(csv) ? ATTUNE_OK : at_corpus_exclude_row(m->out, csv);
    if (*file == '/')
        snprintf(path, sizeof path, "%s", file);
    else if (!at_path_join(path, m->base, file))
        return at_corpus_exclude(m->out, AT_MISSING, file, "path too long");
    if (has_wrong_label(m, why, sizeof why))
        return at_corpus_exclude(m->out, AT_UNKNOWN_CLASS, path, why);
    const char *subject = at_csv_get(csv, m->column[SUBJECT]);
    if (strlen(subject) >= sizeof((at_sample *)0)->person)
        return at_corpus_exclude(m->out, AT_UNKNOWN_CLASS, path, "a subject of over 63 bytes");
    at_sample *s = at_corpus_add(m->out, path);
    if (!s)
        return ATTUNE_E_NOMEM;
    if (!take_file(m, SIGNAL, &s->signal) || !take_file(m, CHAT, &s->chat))
        return ATTUNE_E_NOMEM;
    s->line = csv->line;
    snprintf(s->person, sizeof s->person, "%s", subject);
    s->expression = at_class_by_name(AT_HEAD_EMOTION7, at_csv_get(csv, m->column[EXPRESSION]));
    s->engagement = engagement_of(at_csv_get(csv, m->column[ENGAGEMENT3]));
    s->grade = at_grade_by_name(at_csv_get(csv, m->column[QUALITY]));
    for (int i = 0; i < ATTUNE_STATES; i++)
        s->state[i] = level(at_csv_get(csv, m->column[STATE + i]), ATTUNE_LEVELS);
    return ATTUNE_OK;
}

static int read_rows(manifest *m, const char *list, const char *split, attune_error *err)
{
    int status = read_header(m, list, err), folds = 0, rows = 0;
    status = status ? status : choose_head(m, list, err);
    status = status ? status : parse_split(m, split, err);
    for (int i = 0; i < m->conditions; i++)
        folds |= m->condition[i].fold >= 0;
    if (status == ATTUNE_OK && folds)
        status = collect_subjects(m, list, err);
    while (status >= 0 && (status = at_csv_row(&m->csv, err)) > 0) {
        if (!wanted(m))
            continue;
        rows++;
        if (add_row(m) < 0)
            status = at_fail_nomem(err);
    }
    if (status == ATTUNE_OK && rows == 0)
        status = at_fail(err, ATTUNE_E_ARG, "%s: no row has split '%s'", list, split);
    return status;
}

/* 1: the list, and the folder that its files' names start from; 0: there is none; < 0 as at_each_entry. */
static int locate(manifest *m, const char *root, char *list)
{
    if (at_path_is_dir(root)) {
        const int found = at_corpus_locate(m->base, root, "manifest.csv");
        return found == 1 ? at_path_join(list, m->base, "manifest.csv") : found;
    }
    const char *slash = strrchr(root, '/');
    if (strlen(root) >= AT_PATH)
        return 0;
    snprintf(list, AT_PATH, "%s", root);
    snprintf(m->base, AT_PATH, "%.*s", slash ? (int)(slash - root) : 1, slash ? root : ".");
    return 1;
}

int at_corpus_manifest(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    manifest m = {.out = out};
    char list[AT_PATH];
    int status = locate(&m, root, list);
    if (status < 0)
        return at_fail_walk(status, root, err);
    if (!status)
        return at_fail(err, ATTUNE_E_IO, "%s: no manifest.csv there", root);
    status = at_csv_open(&m.csv, list, err);
    if (status == ATTUNE_OK)
        status = read_rows(&m, list, split, err);
    for (int i = 0; i < m.subjects; i++)
        free(m.subject[i]);
    free(m.subject);
    at_csv_close(&m.csv);
    return status;
}
