#include "base/visible.h"
#include "cli/cli.h"
#include "report/text.h"

#include <attune/eval.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 8192 }; /* bytes that are printed of one */

static volatile sig_atomic_t stop, held, stopped_at; /* seconds; written before stop */

static void (*volatile last_words)(void);

static sig_atomic_t seconds_now(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (sig_atomic_t)t.tv_sec;
}

/* Who presses Ctrl-C twice means it once. */
static int is_impatient(void)
{
    return stop && !held && seconds_now() - stopped_at > 1;
}

static void on_signal(int sig)
{
    if (!stop) {
        stopped_at = seconds_now();
        stop = 1;
    }
    if (!is_impatient())
        return;
    if (last_words)
        last_words();
    signal(sig, SIG_DFL);
    raise(sig); /* delivered when this returns */
}

void at_last_words(void (*say)(void))
{
    last_words = say;
}

void at_hold_stop(int hold)
{
    held = hold;
}

void at_catch_stop(void)
{
    struct sigaction action = {.sa_handler = on_signal}, before;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGQUIT, &action, NULL);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* nohup */
        sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    /* ignored, as some callers leave it, nobody would be told how a child ended */
    signal(SIGCHLD, SIG_DFL);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of that write */
}

int at_stopped(void *user)
{
    (void)user;
    return stop;
}

void at_print_corruptions(FILE *f)
{
    attune_corruption c;
    char range[48], term[80], text[LINE];

    fprintf(f, "\ndegradations (usual levels of --corrupt all in brackets):\n");
    for (int i = 0; attune_corruption_at(i, &c); i++) {
        int n = snprintf(text, sizeof text, "%s [", c.about);
        for (int k = 0; k < c.levels; k++)
            n += snprintf(text + n, sizeof text - (size_t)n, k ? ",%g" : "%g", c.listed[k]);
        snprintf(text + n, sizeof text - (size_t)n, "]");
        snprintf(range, sizeof range, "%g to %g %s", c.none, c.most, c.unit);
        snprintf(term, sizeof term, "%-14s %-28s", c.name, range);
        at_print_item(f, 46, term, text);
    }
}

/* Bytes of text that fit: up to the last blank within so many, or the first behind. */
static int fitting(const char *text, int width)
{
    int n = (int)strlen(text), at = 0;

    for (int i = 0; i < n && (i <= width || !at); i++)
        at = text[i] == ' ' ? i : at;
    return n <= width || !at ? n : at;
}

void at_print_item(FILE *f, int column, const char *term, const char *text)
{
    int at = fprintf(f, "  %-*s ", column - 3, term);

    for (int n; *text; text += n + (text[n] == ' '), at = column) {
        n = fitting(text, AT_HELP_WIDTH - at);
        fprintf(f, "%.*s\n", n, text);
        if (text[n])
            fprintf(f, "%*s", column, "");
    }
}

void at_print_line(FILE *f, const char *fmt, ...)
{
    char text[LINE], clean[LINE];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    fprintf(f, "%s\n", at_visible_copy(clean, sizeof clean, text));
}

int at_wrong_usage(const char *command, const char *fmt, ...)
{
    char text[LINE];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    at_print_line(stderr, "attune %s: %s (see attune %s --help)", command, text, command);
    return AT_EXIT_USAGE;
}

int at_take_number(const char *command, const char *option, const char *text, double lo, double hi,
                   double *out)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    if (end != text && !*end && !errno && *out >= lo && *out <= hi)
        return 1;
    at_wrong_usage(command, "%s takes %.12g to %.12g, not '%.100s'", option, lo, hi, text);
    return 0;
}

int at_take_int(const char *command, const char *option, const char *text, int lo, int hi, int *out)
{
    char *end;
    long v;

    errno = 0;
    v = strtol(text, &end, 10);
    if (end != text && !*end && !errno && v >= lo && v <= hi) {
        *out = (int)v;
        return 1;
    }
    at_wrong_usage(command, "%s takes %d to %d, not '%.100s'", option, lo, hi, text);
    return 0;
}

/* By its ending one of the files that go into a command's folder; and no folder is called so. */
static int reads_as_file(const char *path)
{
    static const char *const endings[] = {".csv",      ".eaf", ".html", ".json",       ".jsonl",
                                          ".mp4",      ".pdf", ".png",  ".srt",        ".svg",
                                          ".textgrid", ".txt", ".vtt",  ".safetensors"};
    const char *end = strrchr(path, '.');
    struct stat st;

    for (size_t i = 0; end && i < sizeof endings / sizeof *endings; i++)
        if (!strcasecmp(end, endings[i]))
            return stat(path, &st) != 0 || !S_ISDIR(st.st_mode);
    return 0;
}

int at_take_folder(const char *command, const char *option, const char *text, const char **out)
{
    *out = text;
    if (!*text)
        at_wrong_usage(command, "%s takes the name of a folder", option);
    else if (reads_as_file(text))
        at_wrong_usage(command,
                       "%s takes the name of a folder, which all files go into; '%.100s' reads as "
                       "a file's (write '%.100s/' for a folder that is called so)",
                       option, text, text);
    else
        return 1;
    return 0;
}

int at_take_precision(const char *command, const char *text, attune_precision *out)
{
    static const char *const names[] = {
        [ATTUNE_PRECISION_F32] = "f32", [ATTUNE_PRECISION_INT8] = "int8"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (attune_precision)i;
            return 1;
        }
    at_wrong_usage(command, "--precision takes f32 or int8, not '%.100s'", text);
    return 0;
}

/* mktime makes another day of one that is not. */
static int is_in_calendar(const struct tm *day)
{
    struct tm tm = *day;

    return timegm(&tm) != (time_t)-1 && tm.tm_mday == day->tm_mday;
}

int at_take_day(const char *command, const char *option, const char *text, int64_t *seconds)
{
    struct tm tm = {.tm_isdst = -1};
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    const int is_day = end && !*end, is_there = is_day && is_in_calendar(&tm);
    const time_t t = is_there ? mktime(&tm) : (time_t)-1;

    if (is_day && !is_there) {
        at_wrong_usage(command, "%s: there is no such day as %.100s", option, text);
        return 0;
    }
    if (t < 0) {
        at_wrong_usage(command, "%s takes a day, 2026-11-27, not '%.100s'", option, text);
        return 0;
    }
    *seconds = (int64_t)t;
    return 1;
}

/* Or the end of longs. */
static const struct option *option_of(int c, const struct option *longs)
{
    while (longs->name && longs->val != c)
        longs++;
    return longs;
}

/* The word of the command line that getopt stopped at. */
static const char *bad_word(int argc, char **argv, const struct option *longs)
{
    const struct option *o = option_of(optopt, longs);

    if (optopt > 0 && optopt < 128 && !(o->name && !strncmp(argv[optind - 1], "--", 2)))
        for (int i = 1; i < argc; i++)
            if (argv[i][0] == '-' && argv[i][1] != '-' && strchr(argv[i] + 1, optopt))
                return argv[i];
    return argv[optind - 1];
}

static void complain_unknown(const char *command, const char *word)
{
    if (!strncmp(word, "--", 2) && strchr(word, '=') && optopt)
        at_wrong_usage(command, "%.100s: this option takes no value", word);
    else if (access(word, F_OK) == 0 || (word[1] != '-' && strchr(word, '.')))
        at_wrong_usage(command, "%.100s: no option; for the file of that name write ./%.100s", word,
                       word);
    else
        at_wrong_usage(command, "%.100s: there is no such option", word);
}

/* A value that is another option was forgotten; "-" and negative numbers are values. */
static int is_option(const char *value)
{
    return value[0] == '-' && value[1] && !strchr("0123456789.", value[1]);
}

static unsigned char given[128]; /* how often on this command line, by val */

static int is_negation(const char *name, const char *of)
{
    return !strncmp(name, "no-", 3) && strcmp(name + 3, of) == 0;
}

/* --no-NAME where o is --NAME, or the other way round, if that was given; else NULL. */
static const struct option *contradicted(const struct option *o, const struct option *longs)
{
    for (; longs->name; longs++)
        if (given[longs->val & 127] &&
            (is_negation(longs->name, o->name) || is_negation(o->name, longs->name)))
            return longs;
    return NULL;
}

static void complain_twice(const char *command, const char *shorts, const struct option *o)
{
    const char letter[] = {(char)o->val, 0};
    const int is_short = strchr(shorts, o->val) != NULL;

    at_wrong_usage(command, "%s%s is given twice, and takes one value", is_short ? "-" : "--",
                   is_short ? letter : o->name);
}

/* Whether o may stand where it does, after those before it. */
static int is_fit(const char *command, const char *shorts, const struct option *longs,
                  const struct option *o, const char *lists)
{
    const struct option *other = contradicted(o, longs);

    if (given[o->val & 127]++ && o->has_arg != no_argument && !strchr(lists, o->val))
        complain_twice(command, shorts, o);
    else if (other)
        at_wrong_usage(command, "--%s and --%s: one of them", other->name, o->name);
    else if (!strcmp(o->name, "output") && !strcmp(optarg, "-"))
        at_wrong_usage(command, "-o -: it goes into files, never to the standard output "
                                "(write ./- for what is called so)");
    else
        return 1;
    return 0;
}

int at_next_option(const char *command, int argc, char **argv, const char *shorts,
                   const struct option *longs, const char *lists)
{
    const struct option *o;
    int c;

    opterr = 0;
    c = getopt_long(argc, argv, shorts, longs, NULL);
    o = option_of(c, longs);
    if (c == ':')
        at_wrong_usage(command, "%.100s: its value is missing", argv[optind - 1]);
    else if (c == '?')
        complain_unknown(command, bad_word(argc, argv, longs));
    else if (c != -1 && optarg && optarg == argv[optind - 1] && is_option(optarg))
        at_wrong_usage(command, "%.100s: its value is missing (%.100s is an option)",
                       argv[optind - 2], optarg);
    else if (!o->name || is_fit(command, shorts, longs, o, lists))
        return c;
    return AT_BAD_OPTION;
}

void at_make_stem(char *out, size_t size, const char *input)
{
    char *dot;

    at_text_basename(out, size, strcmp(input, "-") ? input : "stdin");
    dot = strrchr(out, '.');
    if (dot && dot != out)
        *dot = 0;
    for (char *p = out; *p; p++) {
        int plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                    (*p >= '0' && *p <= '9') || strchr("-_+=", *p) || (unsigned char)*p >= 0x80;
        if (!plain && (*p != '.' || p == out))
            *p = '_';
    }
    if (!*out)
        snprintf(out, size, "input");
}
