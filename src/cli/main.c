/* attune: one table of commands. */
#include "cli/cli.h"

#include "at_config.h"
#include "base/sanitized.h"

#include <attune/serve.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct at_command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
    int alone; /* talks to nobody, starts nothing: what is done to it by what it reads stays here */
} at_command;

static const at_command commands[] = {
    {"analyze", "a clip or a camera -> timeline and report", at_cmd_analyze, 0},
    {"export", "a report -> what other programs read: ELAN, Praat, OpenFace's, tables, ...",
     at_cmd_export, 1},
    {"merge", "the shards of a study -> tables and an index of all", at_cmd_merge, 1},
    {"explain", "a clip or a picture -> where its faces speak for the answers", at_cmd_explain, 1},
    {"serve", "a browser's camera and microphone -> what they show, live", at_cmd_serve, 0},
    {"sessions", "sessions that were kept: list, show, export, delete", at_cmd_sessions, 1},
    {"consent", "what may be sent where: give, list, withdraw", at_cmd_consent, 1},
    {"send", "summaries of kept sessions -> a learning record store", at_cmd_send, 0},
    {"info", "what a model file holds", at_cmd_info, 0},
    {"eval", "how well a model does on a labelled data set", at_cmd_eval, 1},
    {"degrade", "a clip -> the same clip as a bad camera or line would have it", at_cmd_degrade, 1},
    {"train", "run a training recipe", at_cmd_train, 0},
    {"reproduce", "the paper's tables and figures, ours beside its own", at_cmd_reproduce, 1},
    {"bench", "how fast this build is on this machine", at_cmd_bench, 0},
};

static void print_help(FILE *f)
{
    fprintf(f,
            "attune %s - perceived expression and learning state over time, from face video and "
            "speech\n\n",
            attune_version());
    fputs("usage: attune COMMAND ...       (attune COMMAND --help tells more)\n\n", f);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].summary);
    if (!attune_serve_is_built())
        fputs("\nThis build has no server: it was made without libwebsockets.\n", f);
    fputs("\nTo begin with:\n\n"
          "  attune analyze clip.mp4        writes attune-clip/report.html; open it in a browser\n"
          "\nExit codes: 0 done, 1 failed (the reason is on stderr), 2 wrong usage, "
          "130 interrupted,\n75 a study that broke off and can go on.\n"
          "Where help texts name docs/ and examples/: in the sources, or in\n" AT_DOCDIR ".\n"
          "Everything runs on this computer. Estimates are of perceived expression, not of what "
          "a\nperson feels; in the EU they must not be used on people in education or at work\n"
          "outside medical and safety uses (AI Act, Art. 5(1)(f)).\n",
          f);
}

/* Results that could not be written are a failure, too. */
static int finish(int code)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "attune: standard output: %s\n", strerror(errno ? errno : EIO));
        return code ? code : AT_EXIT_FAILED;
    }
    return code;
}

static int run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
        printf("attune %s\n", attune_version());
        return AT_EXIT_OK;
    }
    if (!strcmp(name, "help") && argc == 3) { /* of a command */
        char help[] = "--help", *asked[] = {argv[0], argv[2], help, NULL};
        return run(3, asked);
    }
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        print_help(stdout);
        return AT_EXIT_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(name, commands[i].name)) {
            if (commands[i].alone)
                attune_confine();
            return commands[i].run(argc - 1, argv + 1);
        }
    if (!*name) {
        print_help(stderr);
        return AT_EXIT_USAGE;
    }
    at_print_line(stderr, "attune: there is no command '%.100s' (see attune --help)", name);
    return AT_EXIT_USAGE;
}

/* A stream that was closed by who called would be the next file that is opened, and what is said would be
 * written into that. Its place is taken by what can be neither read nor written. */
static void hold_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            return;
}

/* Without what libraries do at the end: it takes time, and memory, for want of which libstdc++ would abort. Leaks are
 * looked for there, too. */
static int end(int code)
{
    if (!AT_SANITIZED)
        _exit(code);
    return code;
}

int main(int argc, char **argv)
{
    hold_streams();
    return end(finish(run(argc, argv)));
}
