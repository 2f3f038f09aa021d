/* Hostile data sets: what a reader lists lies within its heads' labels, or it is an error in words. The
 * input is a folder as text: "DATA SET SPLIT" and a newline, then files, each "@PATH", a newline and its
 * content, apart by "\n@". Of the data set "teacher" its list of movements is read. */
#include "folder.h"
#include "fuzz.h"

#include "data/corpus.h"
#include "data/pairs.h"
#include "data/protocol.h"
#include "train/teacher.h"

#include <math.h>
#include <string.h>

enum { FILES = 24, PATH = 120 };

/* ---- the folder ------------------------------------------------------------------------------- */

/* name (length) stays in the folder, and needs few others. */
static int is_decent(const char *name, size_t length)
{
    int depth = 0;

    for (size_t i = 0; i < length; i++) {
        depth += name[i] == '/';
        if (name[i] == 0 || ((i == 0 || name[i - 1] == '/') && (name[i] == '.' || name[i] == '/')))
            return 0;
    }
    return length > 0 && length < PATH && depth < 6 && name[length - 1] != '/';
}

static void put_file(const char *name, size_t length, const char *text, size_t size)
{
    char path[PATH];

    if (!is_decent(name, length))
        return;
    snprintf(path, sizeof path, "%.*s", (int)length, name);
    fuzz_folder_put(path, text, size);
}

/* text: "@PATH\nCONTENT" again and again. */
static void put_files(const char *text, const char *end)
{
    for (int i = 0; i < FILES && text < end && *text == '@'; i++) {
        const char *name = text + 1, *line = memchr(name, '\n', (size_t)(end - name));
        if (!line)
            return;
        const char *next = memmem(line, (size_t)(end - line), "\n@", 2);
        const char *stop = next ? next : end;
        put_file(name, (size_t)(line - name), line + 1,
                 stop > line ? (size_t)(stop - line - 1) : 0);
        text = next ? next + 1 : end;
    }
}

/* ---- what is promised ------------------------------------------------------------------------- */

static void check_sample(const at_corpus *c, const at_sample *s)
{
    float votes = 0;

    FUZZ_CHECK(s->path && *s->path && memchr(s->person, 0, sizeof s->person));
    /* of a list that is judged by something else, one of the seven */
    const at_head head = c->heads & 1u << AT_HEAD_EMOTION7 ? AT_HEAD_EMOTION7 : c->head;
    FUZZ_CHECK(s->expression >= -1 && s->expression < at_heads[head].classes);
    FUZZ_CHECK(s->engagement >= -1 && s->engagement < ATTUNE_ENGAGEMENTS);
    FUZZ_CHECK((int)s->grade >= 0 && s->grade < AT_GRADES);
    for (int i = 0; i < ATTUNE_STATES; i++)
        FUZZ_CHECK(s->state[i] >= -1 && s->state[i] < ATTUNE_LEVELS);
    for (int i = 0; i < AT_VOTES; i++) {
        FUZZ_CHECK(s->votes[i] >= 0 && s->votes[i] <= 1);
        votes += s->votes[i];
    }
    FUZZ_CHECK(votes == 0 || fabsf(votes - 1) < 1e-4f);
    FUZZ_CHECK(at_label_of(s, c->head) < at_heads[c->head].classes);
    FUZZ_CHECK(at_labelled_emotion(s, c->head) < ATTUNE_EMOTIONS);
    FUZZ_CHECK(at_sample_has_votes(s) == (votes > 0));
    FUZZ_CHECK((s->listed != 0) == (at_corpus_picture(c, s) != NULL));
}

static void check_corpus(const at_corpus *c)
{
    FUZZ_CHECK(c->count > 0 && c->people <= c->count && c->head < AT_HEADS);
    FUZZ_CHECK(memchr(c->note, 0, sizeof c->note));
    for (int i = 0; i < c->count; i++)
        check_sample(c, &c->list[i]);
}

static void read_set(const char *name, const char *split)
{
    at_corpus c;
    at_protocol p;
    attune_error err = {0};
    const int status = at_corpus_read(&c, name, fuzz_folder(), split, &err);

    FUZZ_CHECK((status == ATTUNE_OK) == !err.text[0] && status == (int)err.status);
    for (int i = 0; i < c.excluded_count; i++)
        FUZZ_CHECK(c.excluded[i].kind < AT_EXCLUSIONS && c.excluded[i].path &&
                   c.excluded[i].detail);
    if (status == ATTUNE_OK) {
        check_corpus(&c);
        if (at_protocol_of(&p, &c, fuzz_folder(), split, NULL) == ATTUNE_OK)
            FUZZ_CHECK(p.shared >= -1 && p.shared <= c.people);
        FUZZ_CHECK(at_parts_apart(&c, &c, 1, NULL) != ATTUNE_OK); /* each of its files is in both */
        FUZZ_CHECK(at_corpus_balance(&c, 3, 1) == ATTUNE_OK && c.count <= 3);
        at_corpus_thin(&c, 1);
    }
    at_corpus_free(&c);
}

/* What another network says of pictures, by their names. */
static void read_teacher(void)
{
    char path[FUZZ_PATH];
    at_teacher *t;
    attune_error err = {0};

    snprintf(path, sizeof path, "%s/teacher.csv", fuzz_folder());
    const int status = at_teacher_load(&t, path, &err);
    FUZZ_CHECK((status == ATTUNE_OK) == !err.text[0] && (status == ATTUNE_OK) == (t != NULL));
    const at_taught *seen = t ? at_teacher_find(t, "/data/set/train/a.png") : NULL;
    for (int i = 0; seen && i < AT_POSE_AXES; i++)
        FUZZ_CHECK(fabsf(seen->pose[i]) <= 180);
    for (int i = 0; seen && i < ATTUNE_UNITS; i++)
        FUZZ_CHECK(seen->unit[i] >= 0 && seen->unit[i] <= 1);
    at_teacher_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char first[200];
    const char *text = (const char *)data, *line = size ? memchr(text, '\n', size) : NULL;
    const size_t length = line ? (size_t)(line - text) : 0;
    char *split;

    if (!line || length >= sizeof first)
        return 0;
    memcpy(first, text, length);
    first[length] = 0;
    split = strchr(first, ' ');
    if (!split)
        return 0;
    *split++ = 0;
    put_files(line + 1, text + size);
    if (strcmp(first, "teacher") == 0)
        read_teacher();
    else
        read_set(first, split);
    fuzz_folder_empty();
    return 0;
}
