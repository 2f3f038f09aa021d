/* attune sessions list and show. */
#include "base/visible.h"
#include "cli/sessions.h"
#include "report/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "2026-11-27 06:10", where the reader is. */
static const char *when(char text[32], int64_t seconds)
{
    struct tm tm;
    time_t t = (time_t)seconds;

    if (!localtime_r(&t, &tm) || !strftime(text, 32, "%Y-%m-%d %H:%M", &tm))
        snprintf(text, 32, "?");
    return text;
}

/* ---- list -------------------------------------------------------------------------------------- */

static int print_line(void *user, const attune_record *r)
{
    char began[32], length[AT_CLOCK_SIZE], withheld[AT_CLOCK_SIZE], person[256];
    int *n = user;

    if (!(*n)++)
        printf("%5s  %-16s  %-14s %8s  %8s  %-6s  %s\n", "id", "began", "length", "windows",
               "withheld", "source", "of");
    printf("%5lld  %-16s  %-14s %8lld  %8s  %-6s  %s%s\n", (long long)r->id,
           when(began, r->began_s), at_text_duration(length, r->duration_s), (long long)r->windows,
           at_text_percent(withheld, r->windows ? (double)r->withheld / (double)r->windows : 0),
           r->source, at_visible_copy(person, sizeof person, r->person),
           r->ended_s ? "" : " (no end: it goes on, or its program was killed)");
    return at_stopped(NULL);
}

int at_sessions_list(at_sessions *o)
{
    attune_error err;
    char *text;
    int n = 0;

    if (o->json) {
        if (attune_store_sessions_json(o->store, &text, &err) < 0)
            return at_sessions_fail(&err);
        puts(text);
        free(text);
        return AT_EXIT_OK;
    }
    if (attune_store_list(o->store, print_line, &n, &err) < 0)
        return at_sessions_fail(&err);
    if (!n)
        puts("nothing is kept");
    return AT_EXIT_OK;
}

/* ---- show -------------------------------------------------------------------------------------- */

static void print_fact(const char *name, const char *value)
{
    char clean[256];

    if (*value)
        printf("  %-12s %s\n", name, at_visible_copy(clean, sizeof clean, value));
}

static void print_record(const attune_record *r)
{
    char time[32], text[512];

    printf("session %lld\n", (long long)r->id);
    print_fact("began", when(time, r->began_s));
    print_fact("ended",
               r->ended_s ? when(time, r->ended_s) : "no: it goes on, or its program was killed");
    print_fact("of", r->person);
    print_fact("source", r->source);
    snprintf(text, sizeof text, "%s, text %s", when(time, r->consent_s), r->consent);
    print_fact("agreed", text);
    snprintf(text, sizeof text, "%s%s%s (%s), attune %s", *r->model ? r->model : "not known",
             *r->model_version ? " " : "", r->model_version,
             *r->model_digest ? r->model_digest : "no digest", r->attune);
    print_fact("model", text);
    snprintf(text, sizeof text, "%lld, %lld of them withheld", (long long)r->windows,
             (long long)r->withheld);
    print_fact("windows", text);
}

static int no_file(void *user, const attune_sink_info *sink, const char *text, size_t size)
{
    (void)user;
    (void)sink;
    (void)text;
    (void)size;
    return 0;
}

/* Makes the session's report anew, into files if there is a folder for them. */
static int make_report(at_sessions *o, attune_report **report, attune_error *err)
{
    const attune_report_options files = {.dir = o->out, .sinks = o->sinks};
    const attune_report_options none = {.sinks = "summary", .write = no_file};

    return attune_store_report(o->store, o->id[0], o->out ? &files : &none, report, err);
}

int at_sessions_show(at_sessions *o)
{
    attune_report *report = NULL;
    attune_record r;
    attune_error err;
    char *text = NULL;
    int rc = attune_store_record(o->store, o->id[0], &r, &err);

    rc = rc < 0 ? rc : make_report(o, &report, &err);
    if (rc == ATTUNE_OK && o->json)
        rc = attune_store_session_json(o->store, o->id[0], &text, &err);
    if (rc < 0) {
        attune_report_free(&report);
        return at_sessions_fail(&err);
    }
    if (text) {
        puts(text);
        free(text);
    } else {
        print_record(&r);
        fputs(attune_report_text(report), stdout);
    }
    attune_report_free(&report);
    return AT_EXIT_OK;
}
