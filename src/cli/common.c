#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
    (void)sig;
    stop = 1;
}

void at_catch_stop(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int at_stopped(void *user)
{
    (void)user;
    return stop;
}

int at_parse_number(const char *text, double lo, double hi, double *out)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    return end != text && !*end && !errno && *out >= lo && *out <= hi;
}

int at_parse_int(const char *text, int lo, int hi, int *out)
{
    char *end;
    long v;

    errno = 0;
    v = strtol(text, &end, 10);
    if (end == text || *end || errno || v < lo || v > hi)
        return 0;
    *out = (int)v;
    return 1;
}

int at_wrong_usage(const char *command, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "attune %s: ", command);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, " (see attune %s --help)\n", command);
    return AT_EXIT_USAGE;
}
