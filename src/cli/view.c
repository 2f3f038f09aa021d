#include "cli/view.h"

#include "base/progress.h"
#include "base/visible.h"
#include "cli/cli.h"
#include "report/hints.h"
#include "report/text.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINES = 40, LINE_BYTES = 512, SCREEN_BYTES = LINES * LINE_BYTES };
static const double every_s = 0.25; /* between two drawings */
static const int steady = 3;        /* windows in a row that a hint has to stand in */

struct at_view {
    char name[128];
    attune_window w; /* the latest: of the first face, or of nobody */
    int windows;     /* so far */
    int people;      /* that the latest moment has windows of */
    attune_live live;
    unsigned said[3]; /* hints of the latest windows */
    double drawn_s;
};

/* ---- the terminal --------------------------------------------------------------------------- */

/* Other screen, no cursor, no wrapping of what is too long; and back. */
static const char enter[] = "\033[?1049h\033[?25l\033[?7l\033[2J";
static const char leave[] = "\033[0m\033[?7h\033[?25h\033[?1049l";
static volatile sig_atomic_t entered, redraw;

static void write_all(const char *s, size_t n)
{
    while (n > 0) {
        ssize_t k = write(STDERR_FILENO, s, n);
        if (k < 0 && errno != EINTR)
            return;
        s += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
    }
}

/* From signal handlers, too. */
static void give_back(void)
{
    if (!entered)
        return;
    entered = 0;
    write_all(leave, sizeof leave - 1);
}

static void take(void)
{
    write_all(enter, sizeof enter - 1);
    entered = 1;
}

static void on_fatal(int sig)
{
    give_back();
    signal(sig, SIG_DFL);
    raise(sig); /* delivered when this returns */
}

/* Ctrl-Z: the shell gets its screen, and we ours when we are woken. */
static void on_suspend(int sig)
{
    int saved = errno;

    (void)sig;
    give_back();
    raise(SIGSTOP);
    take();
    redraw = 1;
    errno = saved;
}

/* What asks for an end (at_catch_stop) is none of them: then the view is closed as after Ctrl-C. */
static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

static void catch_signals(int on)
{
    struct sigaction end = {.sa_handler = on ? on_fatal : SIG_DFL};
    struct sigaction rest = {.sa_handler = on ? on_suspend : SIG_DFL, .sa_flags = SA_RESTART};

    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        sigaction(fatal[i], &end, NULL);
    sigaction(SIGTSTP, &rest, NULL);
    at_last_words(on ? give_back : NULL);
}

int at_view_possible(void)
{
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

/* Blocks instead of ASCII where the terminal's words are UTF-8. */
static int is_utf8(void)
{
    const char *names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (int i = 0; i < 3; i++) {
        const char *v = getenv(names[i]);
        if (v && *v)
            return strstr(v, "UTF-8") || strstr(v, "utf8") || strstr(v, "UTF8");
    }
    return 0;
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* One line of the screen. The higher its rank, the sooner it goes where there is no room. */
typedef struct at_line {
    char text[LINE_BYTES];
    int rank;
} at_line;

typedef struct at_page {
    at_line line[LINES];
    int n;
    int w, color, utf8;
} at_page;

enum {
    RANK_HEAD,
    RANK_FIRST,
    RANK_HINT,
    RANK_STREAM,
    RANK_FLOW,
    RANK_BAR,
    RANK_STATE = 20,
    RANK_AIR = 40
};

#define BOLD "\033[1m"
#define DIM  "\033[2m"
#define BACK "\033[0m"

#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
/* style: an escape sequence, or "". The text is cut to the page's width. */
static void
put(at_page *p, int rank, const char *style, const char *fmt, ...)
{
    at_line *line;
    char text[LINE_BYTES];
    size_t end = 0;
    va_list args;

    if (p->n == LINES)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    for (int columns = 0; text[end]; end++) /* bytes of UTF-8 that go on take no column */
        if (((unsigned char)text[end] & 0xc0) != 0x80 && ++columns > p->w)
            break;
    line = &p->line[p->n++];
    line->rank = rank;
    snprintf(line->text, sizeof line->text, "%s%.*s%s", p->color ? style : "",
             (int)(end < LINE_BYTES - 32 ? end : LINE_BYTES - 32), text,
             p->color && *style ? BACK : "");
}

/* share of width characters; withheld ones are hatched, as on the page. */
static const char *bar(const at_page *p, char *out, size_t size, double share, int width,
                       int withheld)
{
    const char *full = p->utf8 ? withheld ? "\u2591" : "\u2588" : withheld ? ":" : "#";
    int n = (int)lround(fmin(fmax(share, 0), 1) * width);
    size_t used = 0, length = strlen(full);

    for (int i = 0; i < n && used + length + 1 < size; i++, used += length)
        memcpy(out + used, full, length);
    for (; n < width && used + 2 < size; n++)
        out[used++] = ' ';
    out[used] = 0;
    return out;
}

static int bar_width(const at_page *p)
{
    int room = p->w - 32;

    return room < 4 ? 4 : room > 60 ? 60 : room;
}

/* ---- what is said --------------------------------------------------------------------------- */

static int percent(double x)
{
    return (int)lround(100 * x);
}

static int likeliest(const float *p, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        best = p[i] > p[best] ? i : best;
    return best;
}

static double level_of(const float *row)
{
    double mean = 0;

    for (int i = 0; i < ATTUNE_LEVELS; i++)
        mean += i * (double)row[i];
    return mean;
}

static int nothing(const attune_window *w)
{
    return !(w->weight[ATTUNE_FACE] + w->weight[ATTUNE_VOICE] > 0);
}

static void put_head(const at_view *v, at_page *p)
{
    char clock[AT_CLOCK_SIZE];
    const char *phase = v->live.away ? "Connection lost, trying again" : "Live";

    put(p, RANK_HEAD, BOLD, "attune  %s  %s  lag %.1f s  %s",
        at_text_clock(clock, v->live.elapsed_s, 0), phase, fmax(0, v->live.lag_s), v->name);
    if (v->live.away)
        put(p, RANK_FIRST, "\033[33m", "%s", v->live.why);
}

static void put_moment(const at_view *v, at_page *p)
{
    const attune_window *w = &v->w;
    int k = likeliest(w->emotion7, ATTUNE_EMOTIONS);

    put(p, RANK_AIR, "", "%s", "");
    if (v->windows == 0)
        put(p, RANK_FIRST, DIM, "Nothing yet.");
    else if (nothing(w))
        put(p, RANK_FIRST, "\033[33m", "withheld: There is too little to go on.");
    else if (w->abstain)
        put(p, RANK_FIRST, "\033[33m", "withheld: No expression is likely enough: %s %d %%",
            attune_emotion_names[k], percent(w->emotion7[k]));
    else
        put(p, RANK_FIRST, BOLD, "%s %d %%%s", attune_emotion_names[k], percent(w->emotion7[k]),
            v->people > 1 ? "  (one of several faces)" : "");
    put(p, RANK_AIR, "", "%s", "");
}

/* How many are likelier. */
static int place_of(const float *x, int n, int i)
{
    int place = 0;

    for (int k = 0; k < n; k++)
        place += x[k] > x[i] || (x[k] == x[i] && k < i);
    return place;
}

static void put_expression(const at_view *v, at_page *p)
{
    const attune_window *w = &v->w;
    char drawn[256];

    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        put(p, RANK_BAR + place_of(w->emotion7, ATTUNE_EMOTIONS, i), w->abstain ? DIM : "\033[36m",
            "%-11s %3d %% %s", attune_emotion_names[i], percent(w->emotion7[i]),
            bar(p, drawn, sizeof drawn, w->emotion7[i], bar_width(p), w->abstain));
    put(p, RANK_AIR, "", "%s", "");
}

static void put_states(const at_view *v, at_page *p)
{
    const attune_window *w = &v->w;
    char drawn[256];

    if (!w->has_state) {
        put(p, RANK_STATE, DIM, "learning    no face to judge it by");
        return;
    }
    for (int i = 0; i < ATTUNE_STATES; i++) {
        double level = level_of(w->state4[i]);
        put(p, RANK_STATE + i, w->abstain ? DIM : "\033[35m", "%-11s %-9s %s",
            attune_state_names[i], attune_level_names[(int)lround(level)],
            bar(p, drawn, sizeof drawn, level / (ATTUNE_LEVELS - 1), bar_width(p), w->abstain));
    }
}

static void put_streams(const at_view *v, at_page *p)
{
    const attune_window *w = &v->w;
    char drawn[256];

    put(p, RANK_AIR, "", "%s", "");
    for (int i = 0; i < ATTUNE_MODALITIES; i++) {
        int there = i == ATTUNE_FACE ? v->live.has_video : v->live.has_audio;
        if (!there)
            put(p, RANK_STREAM, DIM, "%-11s nothing comes", attune_modality_name(i));
        else
            put(p, RANK_STREAM, "\033[32m", "%-11s weight %3d %%  reliability %3d %%  %s",
                attune_modality_name(i), percent(w->weight[i]), percent(w->reliability[i]),
                p->w < 60 ? ""
                          : bar(p, drawn, sizeof drawn, w->weight[i], p->w < 120 ? 16 : 40, 0));
    }
    put(p, RANK_AIR, "", "%s", "");
}

static void put_hints(const at_view *v, at_page *p)
{
    unsigned said = ~0U;

    for (int i = 0; i < steady; i++)
        said &= v->said[i];
    for (int i = 0; i < AT_HINTS; i++)
        if (said & 1u << i)
            put(p, RANK_HINT, "\033[33m", "%s %s", at_hint_what((at_hint)i),
                at_hint_todo((at_hint)i));
    if (said == 0 && v->windows > 0)
        put(p, RANK_HINT + RANK_BAR, DIM, "Nothing stands in the way of judging them.");
}

static void put_flow(const at_view *v, at_page *p)
{
    char lost[160] = "nothing dropped", breaks[64] = "";
    const attune_live *x = &v->live;

    if (x->dropped_frames > 0 || x->late_audio_s >= 0.01)
        snprintf(lost, sizeof lost, "%lld %s dropped, %.1f s of sound too late",
                 (long long)x->dropped_frames, x->dropped_frames == 1 ? "picture" : "pictures",
                 x->late_audio_s);
    if (x->breaks > 0)
        snprintf(breaks, sizeof breaks, "; broke off %d %s", x->breaks,
                 x->breaks == 1 ? "time" : "times");
    put(p, RANK_FLOW, DIM, "Lag %.1f s; %s%s", fmax(0, x->lag_s), lost, breaks);
    put(p, RANK_AIR + 1, DIM, "Ctrl-C ends it and writes the report.");
}

/* ---- the page ------------------------------------------------------------------------------- */

/* Lines go, the least important and lowest first, until h are left. */
static void fit(at_page *p, int h)
{
    while (p->n > h && p->n > 1) {
        int worst = 0;
        for (int i = 0; i < p->n; i++)
            worst = p->line[i].rank >= p->line[worst].rank ? i : worst;
        memmove(&p->line[worst], &p->line[worst + 1], (size_t)(p->n - worst - 1) * sizeof *p->line);
        p->n--;
    }
}

size_t at_view_text(const at_view *v, int w, int h, int color, char *out, size_t size)
{
    at_page p = {.w = w, .color = color, .utf8 = is_utf8()};
    size_t used = 0;

    put_head(v, &p);
    put_moment(v, &p);
    put_expression(v, &p);
    put_states(v, &p);
    put_streams(v, &p);
    put_hints(v, &p);
    put_flow(v, &p);
    fit(&p, h);
    for (int i = 0; i < p.n && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s\033[K", i ? "\r\n" : "",
                                 p.line[i].text);
    return used < size ? used : size - 1;
}

static void draw(at_view *v)
{
    static char screen[SCREEN_BYTES];
    struct winsize size = {0};
    const char *no_color = getenv("NO_COLOR");
    int w = 80, h = 24;
    size_t n;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        w = size.ws_col;
        h = size.ws_row;
    }
    memcpy(screen, "\033[H", 3);
    n = 3 + at_view_text(v, w, h, !(no_color && *no_color), screen + 3, sizeof screen - 8);
    memcpy(screen + n, "\033[J", 3);
    write_all(screen, n + 3);
    v->drawn_s = at_now();
    redraw = 0;
}

at_view *at_view_open(const char *name)
{
    at_view *v = calloc(1, sizeof *v);

    if (!v)
        return NULL;
    at_visible_copy(v->name, sizeof v->name, name);
    catch_signals(1);
    take();
    return v;
}

void at_view_close(at_view **v)
{
    if (!*v)
        return;
    give_back();
    catch_signals(0);
    free(*v);
    *v = NULL;
}

void at_view_window(at_view *v, const attune_window *w)
{
    int same = v->windows > 0 && w->end_us == v->w.end_us;

    v->people = same ? v->people + (w->track > 0) : w->track > 0;
    if (same && v->w.track > 0)
        return;
    v->w = *w;
    if (!same)
        memmove(v->said + 1, v->said, sizeof v->said - sizeof *v->said);
    v->said[0] = at_hints_of(w, v->live.has_video, v->live.has_audio);
    v->windows += !same;
}

void at_view_live(at_view *v, const attune_live *x)
{
    int changed = x->away != v->live.away;

    v->live = *x;
    if (changed || redraw || at_now() - v->drawn_s >= every_s)
        draw(v);
}
