#include "base/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR       24
#define TTY_EVERY 0.1 /* seconds between two drawings */
#define LOG_EVERY 10.0

double at_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void at_progress_start(at_progress *p, const char *label, int quiet)
{
    *p = (at_progress){.label = label, .quiet = quiet, .start = at_now()};
    p->last = p->start;
    const char *term = getenv("TERM");
    p->tty = isatty(STDERR_FILENO) && (term == NULL || strcmp(term, "dumb") != 0);
}

/* "1:02:03" or "2:03" */
static void format_time(char *text, size_t size, double seconds)
{
    if (!(seconds >= 0 && seconds < 1e7)) {
        snprintf(text, size, "-:--");
        return;
    }
    int s = (int)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, size, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, size, "%d:%02d", s / 60, s % 60);
}

static void draw(at_progress *p, double done, double total, const char *note)
{
    double elapsed = at_now() - p->start;
    char spent[16], left[16];
    format_time(spent, sizeof spent, elapsed);
    if (!(total > 0)) {
        fprintf(stderr, "%s%s  %s", p->tty ? "\r\033[K" : "", p->label, spent);
    } else {
        double share = fmin(fmax(done / total, 0), 1);
        format_time(left, sizeof left, share > 0 ? elapsed * (1 - share) / share : NAN);
        if (p->tty) {
            char bar[BAR + 1] = "";
            memset(bar, '.', BAR);
            memset(bar, '#', (size_t)(share * BAR));
            fprintf(stderr, "\r\033[K%s [%s]", p->label, bar);
        } else {
            fprintf(stderr, "%s", p->label);
        }
        fprintf(stderr, " %3.0f%%  %s, %s left", floor(100 * share), spent, left);
    }
    fprintf(stderr, "%s%s%s", note != NULL && *note != 0 ? "  " : "", note != NULL ? note : "",
            p->tty ? "" : "\n");
    fflush(stderr);
    p->drawn = 1;
}

void at_progress_update(at_progress *p, double done, double total, const char *note)
{
    if (p->quiet)
        return;
    double now = at_now();
    if (now - p->last < (p->tty ? TTY_EVERY : LOG_EVERY))
        return;
    p->last = now;
    draw(p, done, total, note);
}

void at_progress_end(at_progress *p)
{
    if (!p->quiet && p->tty && p->drawn)
        fprintf(stderr, "\r\033[K");
    p->drawn = 0;
}
