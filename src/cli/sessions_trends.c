/* attune sessions trends and group: the store's JSON as lines for a person. */
#include "base/json.h"
#include "cli/sessions.h"
#include "report/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- figures ----------------------------------------------------------------------------------- */

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* "70 % (60-80)" */
static void print_share(const json_t *one)
{
    const json_t *interval = json_object_get(one, "interval");
    char percent[AT_CLOCK_SIZE];

    fputs(at_text_percent(percent, number(one, "share")), stdout);
    if (json_is_array(interval))
        printf(" (%.0f-%.0f)", 100 * json_number_value(json_array_get(interval, 0)),
               100 * json_number_value(json_array_get(interval, 1)));
}

/* "0.9 (0.8-1.1)" */
static void print_level(const json_t *one)
{
    const json_t *interval = json_object_get(one, "interval");

    printf("%.2f", number(one, "level"));
    if (json_is_array(interval))
        printf(" (%.2f-%.2f)", json_number_value(json_array_get(interval, 0)),
               json_number_value(json_array_get(interval, 1)));
}

/* Classes of at least one per cent; "other" names what it is of. */
static void print_shares(const char *label, const json_t *classes)
{
    const char *name;
    json_t *one;
    int n = 0;

    json_object_foreach((json_t *)(uintptr_t)classes, name, one)
    {
        if (!(number(one, "share") >= 0.01))
            continue;
        printf("%s%s ", n++ ? ", " : label, name);
        print_share(one);
    }
    if (n)
        putchar('\n');
}

static void print_levels(const json_t *states)
{
    const char *name;
    json_t *one;
    int n = 0;

    json_object_foreach((json_t *)(uintptr_t)states, name, one)
    {
        if (isnan(number(one, "level")))
            continue;
        printf("%s%s ", n++ ? ", " : "    levels       ", name);
        print_level(one);
    }
    if (n)
        putchar('\n');
}

/* "heart_rate 74.2, clicks 0.31/s; 12 messages" */
static void print_beside(const json_t *beside)
{
    const json_t *signals = json_object_get(beside, "signals"),
                 *chat = json_object_get(beside, "chat");
    const char *name;
    json_t *one;
    char count[AT_CLOCK_SIZE];
    int n = 0;

    if (!beside)
        return;
    fputs("    beside       ", stdout);
    json_object_foreach((json_t *)(uintptr_t)signals, name, one)
    {
        printf("%s%s ", n++ ? ", " : "", name);
        if (isnan(number(one, "mean")))
            fputs("never", stdout);
        else
            printf("%.3g%s", number(one, "mean"),
                   json_is_true(json_object_get(one, "events")) ? "/s" : "");
    }
    if (json_is_object(chat))
        printf(
            "%s%s", n ? "; " : "",
            at_text_count(count, json_integer_value(json_object_get(chat, "messages")), "message"));
    putchar('\n');
}

static void print_figures(const json_t *figures)
{
    const json_t *withheld = json_object_get(figures, "withheld");

    print_shares("    expression   ", json_object_get(figures, "expression"));
    print_shares("    engagement   ", json_object_get(figures, "engagement"));
    print_levels(json_object_get(figures, "states"));
    if (!isnan(number(withheld, "share"))) {
        fputs("    withheld     ", stdout);
        print_share(withheld);
        putchar('\n');
    }
    print_beside(json_object_get(figures, "beside"));
}

/* ---- trends ------------------------------------------------------------------------------------ */

enum { OFF = 1 }; /* deviations from the usual that a line is worth */

static void print_unusual(const char *label, const json_t *group, int *n)
{
    const char *name;
    json_t *one;

    json_object_foreach((json_t *)(uintptr_t)group, name, one)
    {
        const double off = number(one, "deviations");
        if (fabs(off) >= OFF)
            printf("%s%s%s %.2f, usually %.2f (%+.1f deviations)",
                   (*n)++ ? "; " : "    unlike usual ", label, name, number(one, "now"),
                   number(one, "mean"), off);
    }
}

static void print_usual(const json_t *usual)
{
    int n = 0;

    if (!json_is_object(usual))
        return;
    print_unusual("", json_object_get(usual, "expression"), &n);
    print_unusual("", json_object_get(usual, "states"), &n);
    if (!n)
        printf("    as usual     by %lld sessions before",
               (long long)json_integer_value(json_object_get(usual, "sessions")));
    putchar('\n');
}

static void print_trends(const json_t *trends)
{
    json_t *one;
    size_t i;

    json_array_foreach(json_object_get(trends, "weeks"), i, one)
    {
        char count[AT_CLOCK_SIZE];
        printf(
            "%s, %s\n", json_string_value(json_object_get(one, "week")),
            at_text_count(count, json_integer_value(json_object_get(one, "sessions")), "session"));
        print_figures(json_object_get(one, "figures"));
    }
    if (json_array_size(json_object_get(trends, "sessions")))
        putchar('\n');
    json_array_foreach(json_object_get(trends, "sessions"), i, one)
    {
        char length[AT_CLOCK_SIZE];
        const char *began = json_string_value(json_object_get(one, "began"));
        printf("session %lld, %s, %s\n", (long long)json_integer_value(json_object_get(one, "id")),
               began ? began : "?", at_text_duration(length, number(one, "seconds")));
        print_figures(json_object_get(one, "figures"));
        print_usual(json_object_get(one, "usual"));
    }
    if (!i)
        puts("there are no sessions of that label, or without one (see --person)");
}

/* Frees text, which is the JSON as it came. */
static int show(const at_sessions *o, char *text, void (*print)(const json_t *))
{
    json_t *root = NULL;
    const int rc = o->json ? ATTUNE_OK : at_json_read(&root, text, strlen(text), 0, NULL);

    if (o->json)
        puts(text);
    else if (rc == ATTUNE_OK)
        print(root);
    json_decref(root);
    free(text);
    return rc < 0 ? at_sessions_fail(&(attune_error){rc, "out of memory"}) : AT_EXIT_OK;
}

int at_sessions_trends(at_sessions *o)
{
    attune_error err;
    char *text;

    if (attune_store_trends_json(o->store, o->person, &text, &err) < 0)
        return at_sessions_fail(&err);
    return show(o, text, print_trends);
}

/* ---- group ------------------------------------------------------------------------------------- */

static void print_other(const json_t *classes)
{
    const json_t *of = json_object_get(json_object_get(classes, "other"), "of");
    json_t *name;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)of, i, name)
    {
        printf("%s%s", i ? ", " : "    (other: ", json_string_value(name));
    }
    if (json_array_size(of))
        puts("; told together, since too few people showed one of them)");
}

static void print_group(const json_t *group)
{
    printf("%lld people, %lld sessions; each person counts once\n",
           (long long)json_integer_value(json_object_get(group, "people")),
           (long long)json_integer_value(json_object_get(group, "sessions")));
    print_figures(group);
    print_other(json_object_get(group, "expression"));
    print_other(json_object_get(group, "engagement"));
}

/* Cuts a list of labels with commas between into its labels, in place. -1: there is no room for so many. */
static int cut_labels(char *list, const char **label, int room)
{
    int n = 0;

    for (char *at = list; at;) {
        char *comma = strchr(at, ',');
        if (n == room)
            return -1;
        if (comma)
            *comma++ = 0;
        label[n++] = at;
        at = comma;
    }
    return n;
}

int at_sessions_group(at_sessions *o)
{
    static const char refused[] = "refused";
    const char *label[AT_SESSIONS_IDS];
    attune_group_query ask = {.since_s = o->since_s, .until_s = o->until_s, .people = label};
    attune_error err;
    char *text;

    ask.n_people = cut_labels(o->people, label, AT_SESSIONS_IDS);
    if (ask.n_people < 0)
        return at_wrong_usage("sessions", "--people takes no more than %d labels", AT_SESSIONS_IDS);
    if (attune_store_group_json(o->store, &ask, &text, &err) == ATTUNE_OK)
        return show(o, text, print_group);
    if (o->json && err.status == ATTUNE_E_STATE) {
        json_t *why = json_pack("{s:s}", refused, err.text);
        text = at_json_write(why, JSON_COMPACT);
        puts(text ? text : "{}");
        free(text);
        json_decref(why);
    }
    return at_sessions_fail(&err);
}

/* ---- keep -------------------------------------------------------------------------------------- */

int at_sessions_keep(at_sessions *o)
{
    char count[AT_CLOCK_SIZE];
    attune_error err;
    int64_t gone;

    if (attune_store_keep_days(o->store, (int)o->id[0], &gone, &err) < 0)
        return at_sessions_fail(&err);
    if (o->id[0])
        printf("from now on no session is kept for more than %lld days; %s gone\n",
               (long long)o->id[0], at_text_count(count, gone, "session"));
    else
        puts("from now on sessions are kept until they are deleted");
    return AT_EXIT_OK;
}
