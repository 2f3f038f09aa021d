/* attune consent: what may be sent to a learning record store, as its person says. */
#include "base/json.h"
#include "base/utf8.h"
#include "base/visible.h"
#include "cli/cli.h"
#include "report/text.h"

#include <attune/xapi.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: attune consent give URL --what expression|engagement|states,... --until DAY\n"
    "                           [--person LABEL] [--account NAME --home URL] [--agree VERSION]\n"
    "       attune consent list [--json]\n"
    "       attune consent withdraw NUMBER\n"
    "       each with [--store FILE]\n"
    "\n"
    "Without a consent nothing of a kept session is ever sent anywhere. It is the learner's own to give,\n"
    "names one learning record store (xAPI 1.0.3), what it may be told and until when, and can be taken\n"
    "back at any time. attune send sends, and only then.\n"
    "\n"
    "  give      shows what would be sent and asks for a yes. URL is the store's endpoint, to which\n"
    "            /statements is added: https, or http to this computer (127.0.0.1). A consent that was\n"
    "            given before for that store and person ends: there is one at a time\n"
    "  list      what was agreed to, and what became of statements\n"
    "  withdraw  from now on nothing is sent; what was sent is declared void by the next\n"
    "            attune send --to URL\n"
    "\n"
    "  --what NAMES     what may be told of a session, with commas between (given twice: both)\n"
    "  --until DAY      nothing is sent from that day (2027-02-28) on\n"
    "  --person LABEL   whose sessions (default: those without a label)\n"
    "  --account NAME   a pseudonym that a study gave you, with the system that it is of in --home\n"
    "                   (default: a random one, of this consent alone)\n"
    "  --agree VERSION  I have read the text of that version: for scripts, instead of the question\n"
    "  --store FILE     another file of sessions than attune sessions takes\n"
    "  --json           as JSON\n"
    "\n"
    "Examples:\n"
    "\n"
    "  attune consent give https://lrs.example.org/xapi --what expression,states --until 2027-02-28\n"
    "  attune send 3 --to https://lrs.example.org/xapi --key lrs.key\n"
    "  attune consent withdraw 1\n"
    "  attune send --to https://lrs.example.org/xapi --key lrs.key      declares them void\n"
    "\n"
    "Statements, the outbox, where this must not be used: docs/xapi.md. Exit codes: 0 done, 1 failed or\n"
    "not agreed to, 2 wrong usage.\n";

typedef struct at_consent_call {
    const struct at_verb *verb;
    const char *path, *agree, *until;
    attune_xapi_consent c;
    int64_t number;
    int json;
    char default_path[4096];
    attune_store *store;
} at_consent_call;

typedef struct at_verb {
    const char *name;
    int (*run)(at_consent_call *o);
    unsigned opens;                                    /* flags of the store */
    const char *takes;                                 /* options, beside --store and --help */
    int (*take)(at_consent_call *o, const char *rest); /* NULL: nothing follows it */
    const char *missing;
} at_verb;

static int fail(const attune_error *err)
{
    fprintf(stderr, "attune consent: %s\n", err->text);
    return AT_EXIT_FAILED;
}

static const struct {
    const char *name;
    unsigned bit;
} parts[] = {{"expression", ATTUNE_XAPI_EXPRESSION},
             {"engagement", ATTUNE_XAPI_ENGAGEMENT},
             {"states", ATTUNE_XAPI_STATES}};
enum { PARTS = sizeof parts / sizeof *parts, DAY_BYTES = 32 };

static const char *day(char text[DAY_BYTES], int64_t seconds)
{
    const time_t t = (time_t)seconds;
    struct tm tm;

    if (!localtime_r(&t, &tm) || !strftime(text, DAY_BYTES, "%Y-%m-%d", &tm))
        snprintf(text, DAY_BYTES, "?");
    return text;
}

/* ---- give -------------------------------------------------------------------------------------- */

static void print_names(FILE *f, unsigned what)
{
    const char *between = "";

    for (int i = 0; i < PARTS; i++)
        if (what & parts[i].bit) {
            fprintf(f, "%s%s", between, parts[i].name);
            between = ", ";
        }
}

/* The one that ends for it, if there is one. */
static void print_end(FILE *f, const attune_xapi_consent *ends)
{
    char until[DAY_BYTES];

    if (!ends->id)
        return;
    fprintf(f, "In place of consent %lld (", (long long)ends->id);
    print_names(f, ends->what);
    fprintf(f, ", until %s), which ends here.\n", day(until, ends->until_s));
    if (ends->sent + ends->perhaps)
        fprintf(f, "What was sent under it stays there: attune consent withdraw %lld voids it.\n",
                (long long)ends->id);
}

static void print_terms(const attune_xapi_consent *c, const attune_xapi_consent *ends)
{
    char clean[1024], until[DAY_BYTES];

    fputs(attune_xapi_text(), stderr);
    fprintf(stderr,
            "\nThe store:  %s\nIt is told: ", at_visible_copy(clean, sizeof clean, c->store));
    print_names(stderr, c->what);
    fprintf(stderr, "\nUntil:      %s\n", day(until, c->until_s));
    if (*c->person)
        fprintf(stderr, "Of:         %s (the label stays here)\n",
                at_visible_copy(clean, sizeof clean, c->person));
    if (*c->account)
        fprintf(stderr, "As:         %s\n", at_visible_copy(clean, sizeof clean, c->account));
    print_end(stderr, ends);
}

/* Only the whole word, from a person. */
static int says_yes(void)
{
    char line[16];

    if (!isatty(STDIN_FILENO)) {
        fputs("attune consent: nobody is there to ask; --agree says that the text was read\n",
              stderr);
        return 0;
    }
    fputs("\nDo you agree? yes or no: ", stderr);
    if (fgets(line, sizeof line, stdin) && !strcmp(line, "yes\n"))
        return 1;
    fputs("attune consent: not agreed to; nothing is sent\n", stderr);
    return 0;
}

static int give(at_consent_call *o)
{
    attune_xapi_consent ends;
    attune_error err;
    int64_t id;

    snprintf(o->c.text, sizeof o->c.text, "%s", o->agree ? o->agree : ATTUNE_XAPI_TEXT_VERSION);
    if (attune_xapi_check(o->store, &o->c, &ends, &err) < 0)
        return fail(&err);
    if (!o->agree) {
        print_terms(&o->c, &ends);
        if (!says_yes())
            return AT_EXIT_FAILED;
    }
    if (attune_xapi_agree(o->store, &o->c, &id, &err) < 0)
        return fail(&err);
    if (o->agree)
        print_end(stdout, &ends);
    printf("consent %lld given; attune consent withdraw %lld takes it back\n", (long long)id,
           (long long)id);
    return AT_EXIT_OK;
}

/* ---- list -------------------------------------------------------------------------------------- */

static int print_consent(void *user, const attune_xapi_consent *c)
{
    char clean[1024], until[DAY_BYTES], from[DAY_BYTES];
    int *n = user;

    (*n)++;
    printf("%lld  %s\n", (long long)c->id, at_visible_copy(clean, sizeof clean, c->store));
    printf("   may be told: ");
    print_names(stdout, c->what);
    if (*c->person)
        printf(" of %s", at_visible_copy(clean, sizeof clean, c->person));
    printf("\n   from %s until %s%s, as %s\n", day(from, c->agreed_s), day(until, c->until_s),
           c->withdrawn_s             ? ", withdrawn"
           : c->until_s <= time(NULL) ? ", over"
                                      : "",
           at_visible_copy(clean, sizeof clean, c->account));
    printf("   statements: %d waiting, %d sent, %d refused, %d conflicts, %d voided\n", c->waiting,
           c->sent, c->refused, c->conflicts, c->voided);
    if (c->perhaps)
        printf("   %d that may be there: no answer was seen\n", c->perhaps);
    if (c->unvoided)
        printf("   %d that the store refused to void: attune send --again\n", c->unvoided);
    if (c->orphans && c->withdrawn_s)
        printf("   %d of sessions that were deleted here, not void yet: attune send\n", c->orphans);
    else if (c->orphans)
        printf(
            "   %d of sessions that were deleted here: attune consent withdraw %lld voids them\n",
            c->orphans, (long long)c->id);
    return 0;
}

static int append_consent(void *user, const attune_xapi_consent *c)
{
    json_t **list = user, *what = json_array();

    for (int i = 0; i < PARTS; i++)
        if (c->what & parts[i].bit)
            at_json_append(&what, json_string(parts[i].name));
    at_json_append(
        list, json_pack("{s:I, s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:s, s:s, s:I, s:i, s:i, s:i,"
                        " s:i, s:i, s:i, s:i, s:i}",
                        "id", (json_int_t)c->id, "store", c->store, "person", c->person, "what",
                        what, "text", c->text, "agreed_s", (json_int_t)c->agreed_s, "until_s",
                        (json_int_t)c->until_s, "withdrawn_s", (json_int_t)c->withdrawn_s,
                        "account", c->account, "home", c->home, "due_s", (json_int_t)c->due_s,
                        "waiting", c->waiting, "sent", c->sent, "refused", c->refused, "conflicts",
                        c->conflicts, "voided", c->voided, "perhaps", c->perhaps, "orphans",
                        c->orphans, "unvoided", c->unvoided));
    return 0;
}

static int print_json(json_t *list)
{
    char *text = at_json_write(list, JSON_INDENT(1));

    json_decref(list);
    if (!text) {
        fputs("attune consent: out of memory\n", stderr);
        return AT_EXIT_FAILED;
    }
    puts(text);
    free(text);
    return AT_EXIT_OK;
}

static int list(at_consent_call *o)
{
    attune_error err;
    json_t *array = o->json ? json_array() : NULL;
    int n = 0, rc;

    rc = o->json ? attune_xapi_consents(o->store, append_consent, &array, &err)
                 : attune_xapi_consents(o->store, print_consent, &n, &err);
    if (rc < 0) {
        json_decref(array);
        return fail(&err);
    }
    if (o->json)
        return print_json(array);
    if (!n)
        puts("nothing was agreed to, and nothing is sent");
    return AT_EXIT_OK;
}

/* ---- withdraw ---------------------------------------------------------------------------------- */

static int take_store(void *user, const attune_xapi_consent *c)
{
    attune_xapi_consent *wanted = user;

    if (c->id == wanted->id)
        *wanted = *c;
    return 0;
}

/* Of the same store and person as one that was withdrawn: what still holds, and what is still there. */
static int print_rest(void *user, const attune_xapi_consent *c)
{
    const attune_xapi_consent *gone = user;
    char count[AT_CLOCK_SIZE], until[DAY_BYTES];

    if (c->id == gone->id || c->withdrawn_s || strcmp(c->store, gone->store) != 0 ||
        strcmp(c->person, gone->person) != 0)
        return 0;
    if (c->until_s > time(NULL))
        printf("consent %lld for the same store still holds, until %s\n", (long long)c->id,
               day(until, c->until_s));
    else if (c->sent + c->perhaps)
        printf("%s sent under consent %lld, which is over, %s there still: attune consent withdraw "
               "%lld\n",
               at_text_count(count, c->sent + c->perhaps, "statement"), (long long)c->id,
               c->sent + c->perhaps == 1 ? "is" : "are", (long long)c->id);
    return 0;
}

static int withdraw(at_consent_call *o)
{
    char clean[1024], count[AT_CLOCK_SIZE];
    attune_xapi_consent c = {.id = o->number};
    attune_error err;
    int n = attune_xapi_withdraw(o->store, o->number, &err);

    if (n < 0 || attune_xapi_consents(o->store, take_store, &c, &err) < 0)
        return fail(&err);
    printf("consent %lld withdrawn: nothing more is sent under it\n", (long long)o->number);
    if (n)
        printf("%s to be declared void: attune send --to %s\n",
               at_text_count(count, n, "statement"), at_visible_copy(clean, sizeof clean, c.store));
    return attune_xapi_consents(o->store, print_rest, &c, &err) < 0 ? fail(&err) : AT_EXIT_OK;
}

/* ---- the command ------------------------------------------------------------------------------- */

/* 1: fine; 0: complained. */
static int take_what(at_consent_call *o, const char *names)
{
    const char *name = names;

    if (!*name)
        at_wrong_usage("consent", "--what names nothing: expression, engagement or states?");
    while (*name) {
        const size_t n = strcspn(name, ",");
        int i = 0;
        while (i < PARTS && (strlen(parts[i].name) != n || strncmp(parts[i].name, name, n) != 0))
            i++;
        if (i == PARTS) {
            at_wrong_usage("consent",
                           "--what takes expression, engagement and states, not '%.100s'", name);
            return 0;
        }
        o->c.what |= parts[i].bit;
        name += n + (name[n] == ',');
    }
    return *names != 0;
}

static int take_text(char *out, size_t size, const char *option, const char *text)
{
    if (strlen(text) < size) {
        snprintf(out, size, "%s", text);
        return 1;
    }
    at_wrong_usage("consent", "%s takes at most %zu bytes", option, size - 1);
    return 0;
}

/* As attune analyze takes it. */
static int take_label(char *out, size_t size, const char *text)
{
    if (at_utf8_is(text))
        return take_text(out, size, "--person", text);
    at_wrong_usage("consent", "--person is no UTF-8: no session has such a label");
    return 0;
}

/* What follows the verb, into the call. -1: fine; else the exit code. */
static int take_address(at_consent_call *o, const char *address)
{
    if (!o->c.what || !o->until)
        return at_wrong_usage("consent", "give takes --what NAMES and --until DAY");
    if (o->c.until_s <= time(NULL))
        return at_wrong_usage("consent", "--until %.100s: a consent has an end that is to come",
                              o->until);
    return take_text(o->c.store, sizeof o->c.store, "give", address) ? -1 : AT_EXIT_USAGE;
}

static int take_number(at_consent_call *o, const char *text)
{
    char *end;

    errno = 0;
    o->number = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        return at_wrong_usage("consent", "'%.100s' is no number of a consent", text);
    return -1;
}

static const at_verb verbs[] = {
    {"give", give, ATTUNE_STORE_EXISTING, "wupaHg", take_address, "to which store?"},
    {"list", list, ATTUNE_STORE_READING, "J", NULL, NULL},
    {"withdraw", withdraw, ATTUNE_STORE_EXISTING, "", take_number, "which? attune consent list"},
};

static const at_verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(verbs[i].name, name))
            return &verbs[i];
    return NULL;
}

/* -1: fine; else the exit code. */
static int take_rest(at_consent_call *o, int argc, char **argv)
{
    const at_verb *verb = o->verb;

    if (!verb->take)
        return argc ? at_wrong_usage("consent", "%s takes nothing", verb->name) : -1;
    if (argc != 1)
        return at_wrong_usage("consent", "%s: %s", verb->name, verb->missing);
    return verb->take(o, argv[0]);
}

/* Returns -1 to go on, or the exit code. */
static int parse(at_consent_call *o, int argc, char **argv)
{
    static const struct option longs[] = {
        {"what", required_argument, NULL, 'w'},   {"until", required_argument, NULL, 'u'},
        {"person", required_argument, NULL, 'p'}, {"account", required_argument, NULL, 'a'},
        {"home", required_argument, NULL, 'H'},   {"agree", required_argument, NULL, 'g'},
        {"store", required_argument, NULL, 's'},  {"json", no_argument, NULL, 'J'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    char given[32] = "";
    int c, fine = 1;

    while (fine && (c = at_next_option("consent", argc, argv, ":h", longs, "w")) != -1) {
        if (!strchr(given, c) && strlen(given) < sizeof given - 1)
            given[strlen(given)] = (char)c;
        switch (c) {
        case 'w': fine = take_what(o, optarg); break;
        case 'u':
            o->until = optarg;
            fine = at_take_day("consent", "--until", optarg, &o->c.until_s);
            break;
        case 'p': fine = take_label(o->c.person, sizeof o->c.person, optarg); break;
        case 'a': fine = take_text(o->c.account, sizeof o->c.account, "--account", optarg); break;
        case 'H': fine = take_text(o->c.home, sizeof o->c.home, "--home", optarg); break;
        case 'g': o->agree = optarg; break;
        case 's': o->path = optarg; break;
        case 'J': o->json = 1; break;
        case 'h': fputs(usage, stdout); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if (fine && o->agree)
        fine = take_text(o->c.text, sizeof o->c.text, "--agree", o->agree);
    if (!fine)
        return AT_EXIT_USAGE;
    if (optind == argc)
        return at_wrong_usage("consent", "give, list or withdraw?");
    o->verb = find_verb(argv[optind]);
    if (!o->verb)
        return at_wrong_usage("consent", "there is no '%.100s'", argv[optind]);
    for (const struct option *l = longs; l->name; l++)
        if (strchr(given, l->val) && l->val != 's' && !strchr(o->verb->takes, l->val))
            return at_wrong_usage("consent", "%s takes no --%s", o->verb->name, l->name);
    return take_rest(o, argc - optind - 1, argv + optind + 1);
}

/* -1: go on. */
static int open_store(at_consent_call *o)
{
    attune_error err;

    if (!o->path) {
        o->path = o->default_path;
        if (attune_store_path(o->default_path, sizeof o->default_path) < 0)
            return at_wrong_usage("consent", "there is no home for a store: name one with --store");
    }
    return attune_store_open(&o->store, o->path, o->verb->opens, &err) < 0 ? fail(&err) : -1;
}

int at_cmd_consent(int argc, char **argv)
{
    at_consent_call o = {0};
    int code = parse(&o, argc, argv);

    code = code < 0 ? open_store(&o) : code;
    if (code < 0)
        code = o.verb->run(&o);
    attune_store_free(&o.store);
    return code;
}
