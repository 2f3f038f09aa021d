/* attune info MODEL: what a model file holds. */
#include "base/json.h"
#include "base/visible.h"
#include "cli/cli.h"
#include "report/text.h"

#include <attune/serve.h>
#include <attune/sink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: attune info [MODEL]\n"
    "       attune info --columns | --sandbox\n"
    "\n"
    "Shows a model file's parts and everything that its metadata says: what it was trained on, how\n"
    "well it did, its licence. Without MODEL, or 'default', the default model.\n"
    "\n"
    "  --columns   instead, what the columns of timeline.csv mean\n"
    "  --sandbox   instead, what holds the decoder of an input here and now, layer by layer\n";

static const char digest[] = "xxh64"; /* its key in the metadata */

/* ---- metadata as lines ---------------------------------------------------------------------- */

enum { INDENT = 18, WIDTH = 100 };

/* Columns that UTF-8 takes, but for wide and combining characters. */
static int width_of(const char *text)
{
    int width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* A line's words; it goes on under its beginning. */
static void print_line(const char *line, size_t length)
{
    int at = INDENT;

    while (length > 0) {
        size_t n = 0;
        char word[512], clean[512];
        int width;
        while (n < length && n < sizeof word - 1 && line[n] != ' ')
            n++;
        snprintf(word, sizeof word, "%.*s", (int)n, line);
        width = width_of(at_visible_copy(clean, sizeof clean, word));
        if (at > INDENT && at + 1 + width > WIDTH) {
            printf("\n%*s", INDENT, "");
            at = INDENT;
        }
        at += width + (at > INDENT);
        printf("%s%s", at - width > INDENT ? " " : "", clean);
        n += n < length && line[n] == ' ';
        line += n;
        length -= n;
    }
    putchar('\n');
}

static void print_meta(const char *key, const char *value)
{
    char clean[256];

    printf("%-*s ", INDENT - 1, at_visible_copy(clean, sizeof clean, key));
    for (;;) {
        size_t n = strcspn(value, "\n");
        print_line(value, n);
        if (!value[n])
            return;
        value += n + 1;
        printf("%*s", INDENT, "");
    }
}

/* A model whose digest does not fit is not loaded. */
static void print_digest(const attune_model *m)
{
    const char *digits = attune_model_meta(m, digest);

    if (digits)
        printf("%-*s fits (%s %s)\n", INDENT - 1, "digest", digest, digits);
    else
        printf("%-*s none: damage to the file may go unnoticed\n", INDENT - 1, "digest");
}

static int is_plain(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static void put_plain(FILE *f, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING: fputs(json_string_value(value), f); break;
    case JSON_INTEGER: fprintf(f, "%" JSON_INTEGER_FORMAT, json_integer_value(value)); break;
    case JSON_REAL: fprintf(f, "%.4g", json_real_value(value)); break;
    case JSON_TRUE: fputs("yes", f); break;
    case JSON_FALSE: fputs("no", f); break;
    default: fputs("none", f); break;
    }
}

static void put_tree(FILE *f, const char *path, json_t *tree);

/* What has parts of its own has lines of its own, with the way to it before them. */
static void put_branch(FILE *f, const char *path, const char *key, json_t *value)
{
    char longer[200];

    snprintf(longer, sizeof longer, "%s%s%s", path, *path ? " " : "", key);
    put_tree(f, longer, value);
}

/* "path: key value, key value" */
static void put_plain_members(FILE *f, const char *path, json_t *tree)
{
    const char *before = path, *colon = *path ? ": " : "", *key;
    json_t *value;
    size_t i;

    json_object_foreach(tree, key, value)
    {
        if (is_plain(value)) {
            fprintf(f, "%s%s%s ", before, colon, key);
            put_plain(f, value);
            before = ", ";
            colon = "";
        }
    }
    json_array_foreach(tree, i, value)
    {
        if (is_plain(value)) {
            fprintf(f, "%s%s", before, colon);
            put_plain(f, value);
            before = ", ";
            colon = "";
        }
    }
    if (before != path)
        fputc('\n', f);
}

static void put_tree(FILE *f, const char *path, json_t *tree)
{
    const char *key;
    json_t *value;
    size_t i;

    put_plain_members(f, path, tree);
    json_object_foreach(tree, key, value) if (!is_plain(value)) put_branch(f, path, key, value);
    json_array_foreach(tree, i, value) if (!is_plain(value)) put_branch(f, path, "", value);
}

/* A tree as lines of text, "" where it holds nothing (free); NULL: out of memory. */
static char *lines_of(json_t *tree)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    if (!f)
        return NULL;
    put_tree(f, "", tree);
    const int failed = ferror(f);
    if (fclose(f) != 0 || failed) {
        free(text);
        return NULL;
    }
    if (size)
        text[size - 1] = 0; /* without the last line's end */
    return text;
}

/* A value that is JSON is shown as lines. */
static int show_meta(const char *key, const char *value)
{
    json_t *tree;
    int rc = at_json_read(&tree, value, strlen(value), 0, NULL);
    char *lines = tree ? lines_of(tree) : NULL;

    rc = rc == ATTUNE_E_NOMEM || (tree && !lines) ? ATTUNE_E_NOMEM : ATTUNE_OK;
    if (rc == ATTUNE_OK)
        print_meta(key, lines && *lines ? lines : value);
    free(lines);
    json_decref(tree);
    return rc;
}

static int show(const char *path)
{
    attune_model *m;
    attune_model_facts facts;
    attune_error err;
    const char *key, *value;
    int rc = ATTUNE_OK;

    if (attune_model_load(&m, path, &err) < 0) {
        fprintf(stderr, "attune info: %s\n", err.text);
        return AT_EXIT_FAILED;
    }
    attune_model_describe(m, &facts);
    at_print_line(stdout, "%-*s %s", INDENT - 1, "file", facts.path);
    printf("%-*s %.1f MB, %d arrays, %.2f million values\n", INDENT - 1, "size",
           (double)facts.file_bytes / 1e6, facts.arrays, (double)facts.values / 1e6);
    printf("%-*s %s%s%s\n", INDENT - 1, "parts", facts.has_detector ? "face detector, " : "",
           facts.has_visual ? "face model, " : "", facts.has_audio ? "voice model" : "no voice");
    print_digest(m);
    if (!attune_serve_is_built())
        printf("%-*s without a server (attune serve): it lacks libwebsockets\n", INDENT - 1,
               "build");
    for (int i = 0; rc == ATTUNE_OK && (value = attune_model_meta_at(m, i, &key)); i++)
        if (strcmp(key, digest) != 0)
            rc = show_meta(key, value);
    attune_model_free(&m);
    if (rc < 0)
        fputs("attune info: out of memory\n", stderr);
    return rc < 0 ? AT_EXIT_FAILED : AT_EXIT_OK;
}

/* A Markdown table. */
static void print_column(const attune_column *c)
{
    printf("| `%s` | %s |\n", c->name, c->what);
}

static void print_columns(void)
{
    static const char *const names[] = {"NAME", NULL};
    static const attune_beside_setup signal = {.signals = names}, chat = {.chat = 1};
    attune_column column;
    int always = 0;

    puts("| column | meaning |\n|---|---|");
    for (; attune_column_at(NULL, always, &column); always++)
        print_column(&column);
    puts(
        "\nLast, only with a signal, of each of its columns (NAME):\n\n| column | meaning |\n|---|---|");
    for (int i = always; attune_column_at(&signal, i, &column); i++)
        print_column(&column);
    puts("\nLast, only with a chat:\n\n| column | meaning |\n|---|---|");
    for (int i = always; attune_column_at(&chat, i, &column); i++)
        print_column(&column);
}

static const char *in_force(int active)
{
    return active ? "active" : "not active";
}

static void print_sandbox(void)
{
    attune_sandbox_layer layer;

    printf("%-12s %-16s %-24s\n", "layer", "files and pipes", "cameras and addresses");
    for (int i = 0; attune_sandbox_at(i, &layer); i++)
        printf("%-12s %-16s %-24s %s\n", layer.name, in_force(layer.files), in_force(layer.live),
               layer.what);
}

int at_cmd_info(int argc, char **argv)
{
    static const struct option longs[] = {
        {"columns", no_argument, NULL, 'c'},
        {"sandbox", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    void (*print)(void) = NULL;
    int c;

    while ((c = at_next_option("info", argc, argv, ":h", longs, "")) != -1) {
        switch (c) {
        case 'c': print = print_columns; break;
        case 's': print = print_sandbox; break;
        case 'h': fputs(usage, stdout); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if (argc - optind > 1)
        return at_wrong_usage("info", "one model at a time");
    if (print && optind < argc)
        return at_wrong_usage("info", "--columns and --sandbox are of no model");
    if (print) {
        print();
        return AT_EXIT_OK;
    }
    return show(optind < argc && strcmp(argv[optind], "default") != 0 ? argv[optind] : NULL);
}
