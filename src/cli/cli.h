/* cli.h - the commands, and what they share.
 *
 * A command is one file, cmd_<name>.c, and one line in main.c. It gets argv[0] = its name and
 * returns the program's exit code. Results go to stdout or into files, progress and messages to
 * stderr.
 */
#ifndef AT_CLI_CLI_H
#define AT_CLI_CLI_H

#include <attune/annotate.h>
#include <attune/attune.h>

#include <getopt.h>
#include <stdio.h>

enum {
    AT_EXIT_OK = 0,
    AT_EXIT_FAILED = 1, /* the reason is on stderr */
    AT_EXIT_USAGE = 2,
    AT_EXIT_BROKE_OFF = 75, /* sysexits.h's EX_TEMPFAIL: what is left may go another time */
    AT_EXIT_INTERRUPTED = 130,
};

int at_cmd_analyze(int argc, char **argv);
int at_cmd_sessions(int argc, char **argv);
int at_cmd_consent(int argc, char **argv);
int at_cmd_send(int argc, char **argv);
int at_cmd_info(int argc, char **argv);
int at_cmd_train(int argc, char **argv);
int at_cmd_eval(int argc, char **argv);
int at_cmd_explain(int argc, char **argv);
int at_cmd_degrade(int argc, char **argv);
int at_cmd_bench(int argc, char **argv);
int at_cmd_serve(int argc, char **argv);
int at_cmd_bench_serve(int argc, char **argv); /* argv[0]: serve */
int at_cmd_reproduce(int argc, char **argv);
int at_cmd_export(int argc, char **argv);
int at_cmd_merge(int argc, char **argv);

/* From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT do not end the program but are remembered; a second one,
 * over a second later, does end it. Nor does a reader of the standard output that leaves: what is not
 * written is a failure at the end, after the files. */
void at_catch_stop(void);
/* Until it is 0 again a second one waits too: for the moments in which results are put in place. */
void at_hold_stop(int hold);
int at_stopped(void *user /* unused */); /* 1 once there was one */
/* Called by the signal that ends the program, which may be in the midst of anything. NULL: nothing. */
void at_last_words(void (*say)(void));

/* A number that an option takes: the whole of text, in [lo, hi]. 1: *out has it; 0: it is none, which
 * was said. option is as on the command line. */
int at_take_number(const char *command, const char *option, const char *text, double lo, double hi,
                   double *out);
int at_take_int(const char *command, const char *option, const char *text, int lo, int hi,
                int *out);
/* The same of a folder's name. One that reads as a file's is none, unless there is such a folder. */
int at_take_folder(const char *command, const char *option, const char *text, const char **out);

/* "f32" or "int8", likewise. */
int at_take_precision(const char *command, const char *text, attune_precision *out);

/* The beginning of a day, where the reader is, in seconds since 1970. */
int at_take_day(const char *command, const char *option, const char *text, int64_t *seconds);

/* getopt_long with complaints of our own, which name the option: AT_BAD_OPTION after one. shorts
 * begins with ':'. What takes a value is given once, lest one of two be dropped in silence, but for
 * those in lists (their val). What takes none says the same twice. Never --NAME and --no-NAME together. */
enum { AT_BAD_OPTION = '?' };
int at_next_option(const char *command, int argc, char **argv, const char *shorts,
                   const struct option *longs, const char *lists);

/* A folder's name after an input: the file's name without its ending, and without what file
 * systems or shells mind. */
void at_make_stem(char *out, size_t size, const char *input);

/* kinds.c: names of what is written, with commas between. */
/* The table of those that are extra, or of the others; without sightings not those that are made of them. */
void at_print_sinks(FILE *f, int extra, int sightings);
int at_are_named(const char *names, const char *name);
/* -1: all are sinks; else the exit code, and it was said which is none, and where what is none belongs. */
int at_check_sinks(const char *command, const char *option, const char *names /* nullable */);

/* overlay.c: the export that is no sink. */
enum { AT_KINDS_SIZE = 512 };
extern const char at_overlay_kind[], at_overlay_file[];
void at_print_overlay(FILE *f); /* a line like those of sinks */
/* Names with commas between, without "overlay". 1: it was among them; 0: it was not; -1: they are too
 * long. */
int at_split_overlay(const char *kinds, char rest[AT_KINDS_SIZE]);

/* export_model.c: what a model, not a result, is exported to. */
extern const char at_model_kind[];
void at_print_model_kinds(FILE *f); /* lines like those of sinks */
/* model: a file, or "default"; with complaints. Returns the exit code. */
int at_export_model(const char *model, const char *dir, int quiet);

/* cmd_merge.c: the tables of a study in dir, of what those folders have; with progress and complaints. partial: it is
 * no failure that some recordings are to do. waits: for another run that makes them, at most 100 s. Returns the exit code. */
int at_merge_study(const char *command, const char *dir, const char *const *from, int n,
                   int partial, int waits, int quiet);

/* With progress and complaints. Returns the exit code. */
int at_draw_overlay(const char *report, const char *input, const char *out,
                    const attune_annotate_options *o, int quiet);

/* The table of degradations, as --corrupt takes them. */
void at_print_corruptions(FILE *f);

/* A list's item in a help text, "  TERM  text", whose text begins at that column (behind a longer term: later) and goes on below it, no
 * line longer than AT_HELP_WIDTH. */
enum { AT_HELP_WIDTH = 100 };
void at_print_item(FILE *f, int column, const char *term, const char *text);

/* A line, of which only what may be shown of names is shown (base/visible.h). */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void at_print_line(FILE *f, const char *fmt, ...);

/* Says what is wrong with the command line, and where to read on. Returns AT_EXIT_USAGE. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int at_wrong_usage(const char *command, const char *fmt, ...);

#endif
