/* attune info MODEL: what a model file holds. */
#include "cli/cli.h"
#include "report/text.h"

#include <attune/sink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: attune info [MODEL]\n"
    "       attune info --columns\n"
    "\n"
    "Shows a model file's parts and everything that its metadata says: what it was trained on, how\n"
    "well it did, its licence. Without MODEL, the default model.\n"
    "\n"
    "  --columns   instead, what the columns of timeline.csv mean\n";

static const char digest[] = "xxh64"; /* its key in the metadata */

/* Each line of the value under the first. */
static void print_meta(const char *key, const char *value)
{
    char clean[256], part[4096], line[4096];

    printf("%-16s ", at_text_clean(clean, sizeof clean, key));
    for (;;) {
        size_t n = strcspn(value, "\n");
        size_t kept = n < sizeof part ? n : sizeof part - 1;

        memcpy(part, value, kept);
        part[kept] = 0;
        puts(at_text_clean(line, sizeof line, part));
        if (!value[n])
            return;
        value += n + 1;
        printf("%-16s ", "");
    }
}

/* A model whose digest does not fit is not loaded. */
static void print_digest(const attune_model *m)
{
    const char *digits = attune_model_meta(m, digest);

    if (digits)
        printf("%-16s fits (%s %s)\n", "digest", digest, digits);
    else
        printf("%-16s none: damage to the file may go unnoticed\n", "digest");
}

static int show(const char *path)
{
    attune_model *m;
    attune_model_facts facts;
    attune_error err;
    const char *key, *value;

    if (attune_model_load(&m, path, &err) < 0) {
        fprintf(stderr, "attune info: %s\n", err.text);
        return AT_EXIT_FAILED;
    }
    attune_model_describe(m, &facts);
    printf("%-16s %s\n", "file", facts.path);
    printf("%-16s %.1f MB, %d arrays, %.2f million values\n", "size",
           (double)facts.file_bytes / 1e6, facts.arrays, (double)facts.values / 1e6);
    printf("%-16s %s%s%s\n", "parts", facts.has_detector ? "face detector, " : "",
           facts.has_visual ? "face model, " : "", facts.has_audio ? "voice model" : "no voice");
    print_digest(m);
    for (int i = 0; (value = attune_model_meta_at(m, i, &key)); i++)
        if (strcmp(key, digest) != 0)
            print_meta(key, value);
    attune_model_free(&m);
    return AT_EXIT_OK;
}

/* A Markdown table. */
static void print_columns(void)
{
    attune_column column;

    puts("| column | meaning |\n|---|---|");
    for (int i = 0; attune_column_at(i, &column); i++)
        printf("| `%s` | %s |\n", column.name, column.what);
}

int at_cmd_info(int argc, char **argv)
{
    static const struct option longs[] = {
        {"columns", no_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = at_next_option("info", argc, argv, ":h", longs)) != -1) {
        switch (c) {
        case 'c': print_columns(); return AT_EXIT_OK;
        case 'h': fputs(usage, stdout); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if (argc - optind > 1)
        return at_wrong_usage("info", "one model at a time");
    return show(optind < argc ? argv[optind] : NULL);
}
