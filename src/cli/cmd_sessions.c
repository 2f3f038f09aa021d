/* attune sessions: what is kept, for a person at a terminal. */
#include "base/visible.h"
#include "cli/sessions.h"
#include "report/text.h"

#include <attune/xapi.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: attune sessions list [--json]\n"
    "       attune sessions show ID [-o DIR [--sinks NAMES]] [--json]\n"
    "       attune sessions export ID [-o FILE]\n"
    "       attune sessions delete ID...|--all\n"
    "       attune sessions trends [--person LABEL] [--json]\n"
    "       attune sessions group [--people LABELS] [--since DAY] [--until DAY] [--json]\n"
    "       attune sessions keep DAYS\n"
    "       each with [--store FILE]\n"
    "\n"
    "Sessions that were kept: with attune analyze --store, or on the page of attune serve after\n"
    "somebody agreed; and beside them what was agreed to be sent, and what waits (attune consent). They\n"
    "lie in one file on this computer: FILE, else $ATTUNE_STORE, else $XDG_DATA_HOME/attune/sessions.db\n"
    "(~/.local/share/attune/sessions.db).\n"
    "\n"
    "  list     one line a session, the latest first\n"
    "  show     what a session says; with -o DIR its report, timeline and summary as attune analyze\n"
    "           writes them, made anew from its windows\n"
    "  export   everything that is kept of it, as JSON: the consent, the record, every window\n"
    "  delete   removes it and overwrites where it stood, so that nothing of it is left in the file.\n"
    "           What attune send told a store of it is told of\n"
    "  trends   a person's sessions and weeks: shares and mean levels with 95 % intervals, what was\n"
    "           withheld apart, and what differs from what is usual for that person\n"
    "  group    means over at least 10 people, for research. What could tell of fewer, by itself or\n"
    "           by subtracting what was answered before, is refused\n"
    "  keep     from now on no session is kept for more than DAYS days (0: until it is deleted)\n"
    "\n"
    "  --store FILE    another file of sessions\n"
    "  -o DIR|FILE     where to write (export: a file that is not there yet; default the terminal)\n"
    "  --sinks NAMES   only these outputs, with commas between (default: all but exports)\n"
    "  --all           of delete: all sessions of the file\n"
    "  --person LABEL  whose trends (default: of the sessions without a label)\n"
    "  --people LABELS only these people, with commas between (default: all with a label)\n"
    "  --since DAY     only sessions that began on that day (2026-11-27) or later\n"
    "  --until DAY     only sessions that began before that day\n"
    "  --json          as JSON\n"
    "\n"
    "Examples:\n"
    "\n"
    "  attune analyze lesson.mp4 --store ~/mine.db     keeps the windows of this recording\n"
    "  attune sessions list --store ~/mine.db\n"
    "  attune sessions show 1 --store ~/mine.db -o report-1\n"
    "  attune sessions delete --all --store ~/mine.db\n"
    "\n"
    "What is kept, how long, and who can see what: docs/store.md. Exit codes: 0 done, 1 failed, 2 wrong\n"
    "usage.\n";

int at_sessions_fail(const attune_error *err)
{
    fprintf(stderr, "attune sessions: %s\n", err->text);
    return AT_EXIT_FAILED;
}

/* ---- delete ------------------------------------------------------------------------------------ */

static void print_gone(const at_sessions *o, int64_t n, int traces)
{
    char count[AT_CLOCK_SIZE], clean[4096];

    printf("%s gone from %s\n", at_text_count(count, n, "session"),
           at_visible_copy(clean, sizeof clean, o->path));
    if (traces)
        fprintf(stderr, "attune sessions: another program reads the file; traces stay in it until "
                        "that program ends\n");
}

/* What was told of sessions outlives them, elsewhere. */
static int print_orphans(void *user, const attune_xapi_consent *c)
{
    char count[AT_CLOCK_SIZE], clean[1024];

    (void)user;
    if (!c->orphans)
        return 0;
    at_text_count(count, c->orphans, "statement");
    at_visible_copy(clean, sizeof clean, c->store);
    if (c->withdrawn_s)
        printf("%s of deleted sessions may be at %s, not void yet: attune send --to %s\n", count,
               clean, clean);
    else
        printf("%s of deleted sessions may be at %s: attune consent withdraw %lld voids %s\n",
               count, clean, (long long)c->id, c->orphans == 1 ? "it" : "them");
    return 0;
}

/* Those of the command line. What is not there keeps no other from going. */
static int delete_each(at_sessions *o, int64_t *n, int *traces, int *missing, attune_error *err)
{
    for (int i = 0; i < o->ids; i++) {
        int rc = attune_store_delete(o->store, o->id[i], err);
        if (rc == ATTUNE_E_STATE)
            *missing = at_sessions_fail(err);
        else if (rc < 0)
            return rc;
        *n += rc >= 0;
        *traces |= rc > 0;
    }
    return ATTUNE_OK;
}

static int delete (at_sessions *o)
{
    attune_error err;
    int64_t n = 0;
    int rc = 0, traces = 0, missing = AT_EXIT_OK;

    if (o->all)
        rc = traces = attune_store_delete_all(o->store, &n, &err);
    else
        rc = delete_each(o, &n, &traces, &missing, &err);
    if (n || (rc >= 0 && !missing))
        print_gone(o, n, traces > 0);
    if (rc < 0)
        return at_sessions_fail(&err);
    rc = attune_xapi_consents(o->store, print_orphans, NULL, &err);
    return rc < 0 && rc != ATTUNE_E_UNSUPPORTED ? at_sessions_fail(&err) : missing;
}

/* ---- export ------------------------------------------------------------------------------------ */

static int write_text(void *user, const char *text, size_t size)
{
    return fwrite(text, 1, size, user) != size || at_stopped(NULL);
}

static int fail_errno(const char *path)
{
    char clean[4096];

    fprintf(stderr, "attune sessions: %s: %s\n", at_visible_copy(clean, sizeof clean, path),
            strerror(errno ? errno : EIO));
    return AT_EXIT_FAILED;
}

static int export_to(at_sessions *o, FILE *f)
{
    attune_error err;

    return attune_store_export(o->store, o->id[0], write_text, f, &err) < 0 ? at_sessions_fail(&err)
                                                                            : AT_EXIT_OK;
}

/* What it says is somebody's own, and the file, a new one, is theirs alone. */
static FILE *open_own(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

    if (fd >= 0 && !f)
        close(fd);
    return f;
}

static int export(at_sessions *o)
{
    FILE *f;
    int code, bad;

    if (!o->out)
        return export_to(o, stdout);
    errno = 0;
    f = open_own(o->out);
    if (!f)
        return fail_errno(o->out);
    code = export_to(o, f);
    errno = 0;
    bad = ferror(f);
    if ((fclose(f) != 0 || bad) && code == AT_EXIT_OK)
        code = fail_errno(o->out);
    if (code != AT_EXIT_OK)
        unlink(o->out);
    return code;
}

/* ---- the command ------------------------------------------------------------------------------- */

typedef struct at_verb {
    const char *name;
    int (*run)(at_sessions *o);
    unsigned opens;     /* flags of the store */
    const char *takes;  /* options, beside --store and --help */
    int least, most;    /* numbers that it takes */
    long long from, to; /* the smallest and the largest of them */
    const char *missing;
} at_verb;

static const char which[] = "which session? attune sessions list has their numbers";

static const at_verb verbs[] = {
    {"list", at_sessions_list, ATTUNE_STORE_READING, "J", 0, 0, 1, LLONG_MAX, NULL},
    {"show", at_sessions_show, ATTUNE_STORE_READING, "okJ", 1, 1, 1, LLONG_MAX, which},
    {"export", export, ATTUNE_STORE_READING, "o", 1, 1, 1, LLONG_MAX, which},
    {"delete", delete, ATTUNE_STORE_EXISTING, "a", 0, AT_SESSIONS_IDS, 1, LLONG_MAX, which},
    {"trends", at_sessions_trends, ATTUNE_STORE_READING, "pJ", 0, 0, 1, LLONG_MAX, NULL},
    {"group", at_sessions_group, ATTUNE_STORE_EXISTING, "PSUJ", 0, 0, 1, LLONG_MAX, NULL},
    {"keep", at_sessions_keep, 0, "", 1, 1, 0, ATTUNE_STORE_MAX_DAYS,
     "for how many days? 0: until they are deleted"},
};

static const at_verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(verbs[i].name, name))
            return &verbs[i];
    return NULL;
}

/* -1: fine; else the exit code. */
static int take_numbers(at_sessions *o, const at_verb *verb, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        char *end;
        long long id;
        errno = 0;
        id = strtoll(argv[i], &end, 10);
        if (end == argv[i] || *end || errno || id < verb->from || id > verb->to)
            return at_wrong_usage("sessions", "%s: '%.100s' is no number for it", verb->name,
                                  argv[i]);
        if (o->ids == verb->most)
            return at_wrong_usage("sessions", "%s takes no more than %d", verb->name, verb->most);
        o->id[o->ids++] = id;
    }
    if (o->ids < verb->least || (verb->most && !o->ids && !o->all))
        return at_wrong_usage("sessions", "%s: %s", verb->name, verb->missing);
    if (o->ids && o->all)
        return at_wrong_usage("sessions", "delete takes numbers of sessions, or --all");
    return -1;
}

/* Returns -1 to go on, or the exit code. */
static int parse(at_sessions *o, const at_verb **verb, int argc, char **argv)
{
    static const struct option longs[] = {
        {"store", required_argument, NULL, 's'},
        {"output", required_argument, NULL, 'o'},
        {"sinks", required_argument, NULL, 'k'},
        {"all", no_argument, NULL, 'a'},
        {"person", required_argument, NULL, 'p'},
        {"people", required_argument, NULL, 'P'},
        {"since", required_argument, NULL, 'S'},
        {"until", required_argument, NULL, 'U'},
        {"json", no_argument, NULL, 'J'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    char given[32] = "";
    int c;

    while ((c = at_next_option("sessions", argc, argv, ":o:h", longs, "")) != -1) {
        if (!strchr(given, c) && strlen(given) < sizeof given - 1)
            given[strlen(given)] = (char)c;
        switch (c) {
        case 's': o->path = optarg; break;
        case 'o': o->out = optarg; break;
        case 'k': o->sinks = optarg; break;
        case 'a': o->all = 1; break;
        case 'p': o->person = optarg; break;
        case 'P': o->people = optarg; break;
        case 'S':
            if (!at_take_day("sessions", "--since", optarg, &o->since_s))
                return AT_EXIT_USAGE;
            break;
        case 'U':
            if (!at_take_day("sessions", "--until", optarg, &o->until_s))
                return AT_EXIT_USAGE;
            break;
        case 'J': o->json = 1; break;
        case 'h': fputs(usage, stdout); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if (optind == argc)
        return at_wrong_usage("sessions", "list, show, export, delete, trends, group or keep?");
    *verb = find_verb(argv[optind]);
    if (!*verb)
        return at_wrong_usage("sessions", "there is no '%.100s'", argv[optind]);
    for (const struct option *l = longs; l->name; l++)
        if (strchr(given, l->val) && l->val != 's' && !strchr((*verb)->takes, l->val))
            return at_wrong_usage("sessions", "%s takes no --%s", (*verb)->name, l->name);
    if (o->sinks && !o->out)
        return at_wrong_usage("sessions", "--sinks is of show -o DIR");
    if ((c = at_check_sinks("sessions", "--sinks", o->sinks)) >= 0)
        return c;
    return take_numbers(o, *verb, argc - optind - 1, argv + optind + 1);
}

/* The default file need not be there for a list: then nothing is kept. -1: go on. */
static int open_store(at_sessions *o, const at_verb *verb)
{
    attune_error err;

    if (!o->path) {
        o->path = o->default_path;
        if (attune_store_path(o->default_path, sizeof o->default_path) < 0)
            return at_wrong_usage("sessions",
                                  "there is no home for a store: name one with --store");
        if (verb->run == at_sessions_list && access(o->path, F_OK) != 0 && errno == ENOENT) {
            puts(o->json ? "{\"keep_days\":null,\"bytes\":0,\"sessions\":[]}" : "nothing is kept");
            return AT_EXIT_OK;
        }
    }
    if (attune_store_open(&o->store, o->path, verb->opens, &err) < 0)
        return at_sessions_fail(&err);
    return -1;
}

int at_cmd_sessions(int argc, char **argv)
{
    at_sessions o = {0};
    const at_verb *verb = NULL;
    int code = parse(&o, &verb, argc, argv);

    if (code >= 0)
        return code;
    at_catch_stop();
    code = open_store(&o, verb);
    if (code < 0)
        code = verb->run(&o);
    attune_store_free(&o.store);
    return code;
}
