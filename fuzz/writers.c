/* Hostile names: of the input, and in a model's metadata. Whatever they are, what is written is what it says
 * it is: its markup is that of the same report with harmless names, its JSON parses, and nothing in it is a
 * control character or turns the direction of what stands beside it. The input is texts apart by NULs: the
 * input's name, the model's, why the input ended, a note on it, and what the model's card says. */
#include "folder.h"
#include "fuzz.h"

#include "made_windows.h"

#include <attune/explain.h>
#include <attune/sink.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME, MODEL, REASON, NOTE, FACTS, TEXTS = FACTS + 9, SINKS = 32, WINDOWS = 8 };

static const char *const names[] = {
    "csv,jsonl,vtt,html,summary,eaf,textgrid,srt,openface-windows,table",
    "csv,jsonl,vtt,html,summary,eaf,textgrid,srt,openface-windows,table,pdf,svg"};

/* What a report came to. */
typedef struct written {
    const char *file[SINKS];
    char *text[SINKS];
    size_t size[SINKS];
    FILE *f[SINKS];
    int n;
    char *json, *words;
} written;

/* ---- writing ---------------------------------------------------------------------------------- */

static int take(void *user, const attune_sink_info *sink, const char *text, size_t size)
{
    written *w = user;
    int i = 0;

    while (i < w->n && strcmp(w->file[i], sink->file) != 0)
        i++;
    FUZZ_CHECK(i < SINKS);
    if (i == w->n) {
        w->file[w->n] = sink->file;
        w->f[w->n] = open_memstream(&w->text[w->n], &w->size[w->n]);
        FUZZ_CHECK(w->f[w->n]);
        w->n++;
    }
    return fwrite(text, 1, size, w->f[i]) != size;
}

static attune_window window(int i)
{
    attune_window w = i == 3   ? made_nothing(i + 1)
                      : i == 5 ? made_voice(i + 1, ATTUNE_SAD)
                               : made_window(i + 1, i % ATTUNE_EMOTIONS, 1 + (uint32_t)i / 6);

    for (int u = 0; u < ATTUNE_UNITS; u++)
        w.unit[u] = i % 2 ? 0.9f : NAN;
    return w;
}

/* A file of the program's folder. */
static void take_file(written *out, const char *name)
{
    char path[FUZZ_PATH + 32];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    FILE *f = fopen(path, "rb");
    FUZZ_CHECK(f && fstat(fileno(f), &st) == 0 && out->n < SINKS);
    out->file[out->n] = name;
    out->size[out->n] = (size_t)st.st_size;
    out->text[out->n] = calloc((size_t)st.st_size + 1, 1);
    FUZZ_CHECK(fread(out->text[out->n], 1, (size_t)st.st_size, f) == (size_t)st.st_size);
    out->n++;
    fclose(f);
}

static void write_index(written *out, char *const text[TEXTS], const attune_report *r)
{
    const char *reason = text[REASON] ? text[REASON] : "";
    attune_index *x;

    FUZZ_CHECK(attune_index_open(&x, fuzz_folder(), NULL) == ATTUNE_OK);
    FUZZ_CHECK(attune_index_add(x, text[NAME], r) == ATTUNE_OK);
    FUZZ_CHECK(attune_index_add_failed(x, text[NAME], reason) == ATTUNE_OK);
    FUZZ_CHECK(attune_index_finish(x, NULL) == ATTUNE_OK);
    attune_index_free(&x);
    take_file(out, "index.html");
}

static void write_explanation(written *out, char *const text[TEXTS], const attune_input_info *info)
{
    static const uint8_t picture[12];
    const attune_overlay o = {.window = window(1),
                              .class_name = "happy",
                              .face_side = 2,
                              .side = 2,
                              .face = picture,
                              .overlay = picture};
    const attune_explanation_options as = {.dir = fuzz_folder(), .input = text[NAME]};
    attune_explanation *x;

    FUZZ_CHECK(attune_explanation_open(&x, &as, NULL) == ATTUNE_OK);
    FUZZ_CHECK(attune_explanation_window(x, &o.window, NULL) == ATTUNE_OK);
    FUZZ_CHECK(attune_explanation_overlay(x, &o, NULL) == ATTUNE_OK);
    FUZZ_CHECK(attune_explanation_finish(x, info, 0, NULL) == ATTUNE_OK);
    attune_explanation_free(&x);
    take_file(out, "explain.html");
    take_file(out, "explain.json");
    fuzz_folder_empty();
}

static void write_report(written *out, char *const text[TEXTS], const char *sinks)
{
    static const char *const keys[] = {"name",    "version", "summary", "trained_on", "training",
                                       "results", "limits",  "licence", "date"};
    const char *facts[2 * (TEXTS - FACTS) + 1] = {NULL};
    attune_report *r;
    attune_input_info info = {.has_video = 1, .has_audio = 1, .width = 64, .height = 48};
    attune_error err = {0};

    for (int i = 0; FACTS + i < TEXTS && text[FACTS + i]; i++)
        facts[2 * i] = keys[i], facts[2 * i + 1] = text[FACTS + i];
    info.truncated = text[REASON] && *text[REASON];
    snprintf(info.truncated_reason, sizeof info.truncated_reason, "%s",
             info.truncated ? text[REASON] : "");
    info.n_notes = text[NOTE] && *text[NOTE];
    snprintf(info.note[0], sizeof info.note[0], "%s", info.n_notes ? text[NOTE] : "");
    const attune_report_options o = {.sinks = sinks,
                                     .input = text[NAME],
                                     .model_path = text[MODEL],
                                     .facts = facts,
                                     .write = take,
                                     .user = out};
    FUZZ_CHECK(attune_report_open(&r, &o, &err) == ATTUNE_OK);
    for (int i = 0; i < WINDOWS; i++) {
        const attune_window w = window(i);
        FUZZ_CHECK(attune_report_window(r, &w, &err) == ATTUNE_OK);
    }
    FUZZ_CHECK(attune_report_finish(r, &info, 0, &err) == ATTUNE_OK);
    out->json = strdup(attune_report_json(r));
    out->words = strdup(attune_report_text(r));
    for (int i = 0; i < out->n; i++)
        fclose(out->f[i]);
    write_index(out, text, r);
    attune_report_free(&r);
    write_explanation(out, text, &info);
}

static void forget(written *w)
{
    for (int i = 0; i < w->n; i++)
        free(w->text[i]);
    free(w->json);
    free(w->words);
}

/* ---- what is promised ------------------------------------------------------------------------- */

/* The character at s; its bytes in *n, 0: it is none. */
static uint32_t character(const unsigned char *s, size_t left, size_t *n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t c = *s;

    *n = c < 0x80                ? 1
         : c >= 0xc2 && c < 0xe0 ? 2
         : c >= 0xe0 && c < 0xf0 ? 3
         : c >= 0xf0 && c < 0xf5 ? 4
                                 : 0;
    if (*n == 0 || *n > left)
        return *n = 0;
    c &= *n == 1 ? 0x7f : 0xffu >> (*n + 1);
    for (size_t i = 1; i < *n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return *n = 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least[*n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        *n = 0;
    return c;
}

/* Unicode 15: controls but tab and newline, what turns the direction, what separates lines unseen. */
static int is_hidden(uint32_t c)
{
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0) ||
           c == 0x200b || c == 0x200e || c == 0x200f || c == 0x61c ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

static void check_shown(const char *text, size_t size)
{
    size_t n;

    for (size_t i = 0; i < size; i += n) {
        const uint32_t c = character((const unsigned char *)text + i, size - i, &n);
        FUZZ_CHECK(n > 0);
        FUZZ_CHECK(!is_hidden(c) || (c == 0xfeff && i == 0)); /* a file may begin with its mark */
    }
}

static size_t count(const char *text, size_t size, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < size; i++)
        n += text[i] == c;
    return n;
}

static void check_json(const char *text)
{
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    FUZZ_CHECK(json_is_object(root));
    json_decref(root);
}

static void check_lines_of_json(const char *text)
{
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        json_t *row = json_loadb(line, strcspn(line, "\n"), JSON_REJECT_DUPLICATES, NULL);
        FUZZ_CHECK(json_is_object(row));
        json_decref(row);
        FUZZ_CHECK(strchr(line, '\n'));
    }
}

static int is_of(const char *file, const char *ending)
{
    const size_t a = strlen(file), b = strlen(ending);

    return a >= b && strcmp(file + a - b, ending) == 0;
}

/* Fields of a table: commas and newlines outside quotes, which come in pairs. */
static size_t fields(const char *text, size_t size)
{
    size_t n = 0, quoted = 0;

    for (size_t i = 0; i < size; i++) {
        quoted ^= text[i] == '"';
        n += !quoted && (text[i] == ',' || text[i] == '\n');
    }
    FUZZ_CHECK(!quoted);
    return n;
}

/* What makes the kind of file what it is. */
static const struct {
    const char *ending, *marks;
} kinds[] = {{".html", "<>\"\n"}, {".eaf", "<>\"\n"}, {".TextGrid", "\n"},
             {".csv", "\n"},      {".vtt", "<>\n"},   {".srt", "<>\n"}};

/* text beside plain, which is of the harmless names. */
static void check_file(const char *file, const char *text, size_t size, const char *plain,
                       size_t plain_size)
{
    if (is_of(file, ".png") || is_of(file, ".pdf"))
        return;
    check_shown(text, size);
    if (is_of(file, ".json"))
        check_json(text);
    if (is_of(file, ".jsonl"))
        check_lines_of_json(text);
    if (is_of(file, ".csv"))
        FUZZ_CHECK(fields(text, size) == fields(plain, plain_size));
    FUZZ_CHECK(!is_of(file, ".TextGrid") || count(text, size, '"') % 2 == 0);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (const char *c = kinds[i].marks; is_of(file, kinds[i].ending) && *c; c++)
            FUZZ_CHECK(count(text, size, *c) == count(plain, plain_size, *c));
}

static void compare(const written *w, const written *plain)
{
    FUZZ_CHECK(w->n == plain->n);
    check_json(w->json);
    check_shown(w->json, strlen(w->json));
    check_shown(w->words, strlen(w->words));
    FUZZ_CHECK(count(w->words, strlen(w->words), '\n') ==
               count(plain->words, strlen(plain->words), '\n'));
    for (int i = 0; i < w->n; i++) {
        FUZZ_CHECK(strcmp(w->file[i], plain->file[i]) == 0);
        check_file(w->file[i], w->text[i], w->size[i], plain->text[i], plain->size[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char hostile[2048], *text[TEXTS] = {NULL}, *harmless[TEXTS] = {NULL};
    written w = {0}, plain = {0};
    int n = 0;

    if (size < 2 || size >= sizeof hostile)
        return 0;
    memcpy(hostile, data + 1, size - 1);
    hostile[size - 1] = 0;
    for (char *at = hostile; at < hostile + size && n < TEXTS; at += strlen(at) + 1)
        text[n++] = at;
    for (int i = 0; i < n; i++) {
        harmless[i] = strdup(text[i]);
        memset(harmless[i], 'a', strlen(harmless[i]));
    }
    write_report(&w, text, names[data[0] == 'p']);
    write_report(&plain, harmless, names[data[0] == 'p']);
    compare(&w, &plain);
    forget(&w);
    forget(&plain);
    for (int i = 0; i < n; i++)
        free(harmless[i]);
    return 0;
}
