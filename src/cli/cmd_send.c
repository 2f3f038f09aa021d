/* attune send: summaries of kept sessions to a learning record store, as far as a consent goes. */
#include "cli/cli.h"
#include "report/text.h"

#include <attune/xapi.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: attune send [ID...] --to URL [--key FILE] [--show] [--now] [--again]\n"
    "                   [--ca FILE] [--timeout SECONDS] [--store FILE]\n"
    "\n"
    "Sends a summary of each kept session ID to the learning record store (xAPI 1.0.3) at URL, if\n"
    "there is a consent that names it (attune consent give). Without ID goes on with what waits: what\n"
    "the store could not take the last time, and the voiding of what was sent under a consent that\n"
    "was withdrawn.\n"
    "Sending again is no duplicate: a session has one number under a consent.\n"
    "\n"
    "  --to URL           the store, as the consent names it\n"
    "  --key FILE         the store's key, USER:SECRET in a file that only you can read (0600)\n"
    "                     (default: $ATTUNE_LRS_KEY). It is shown to that store alone, and kept nowhere\n"
    "  --show             print the statements instead; nothing is sent or stored\n"
    "  --now              also while the store's pause is not over\n"
    "  --again            also what the store refused (4xx)\n"
    "  --ca FILE          trust the authorities of this PEM file, instead of the system's\n"
    "  --timeout SECONDS  that an answer is waited for (default 30)\n"
    "  --store FILE       another file of sessions than attune sessions takes\n"
    "\n"
    "Examples:\n"
    "\n"
    "  attune send 3 --to https://lrs.example.org/xapi --show\n"
    "  attune send 3 4 --to https://lrs.example.org/xapi --key lrs.key\n"
    "  attune send --to https://lrs.example.org/xapi --key lrs.key\n"
    "\n"
    "A store that fails (5xx, no answer) is left alone for a minute, then for twice as long each time, up\n"
    "to six hours; what it refuses waits for --again; a conflict (409) is an alarm: it has something else\n"
    "of that number, and the statement is never sent again. docs/xapi.md. Exit codes: 0 all that\n"
    "was named is there, 1 something is not (the reason is on stderr), 2 wrong usage, 130 interrupted.\n";

enum { IDS = 256, KEY_BYTES = 1024, CLOCK_BYTES = 32 };

typedef struct at_send_call {
    attune_xapi_sending sending;
    const char *path, *key;
    int64_t id[IDS];
    int ids, show;
    int64_t consent[IDS]; /* that each is sent under */
    char told[IDS];       /* what became of each was said */
    char default_path[4096], to[ATTUNE_XAPI_ADDRESS_BYTES], secret[KEY_BYTES];
    attune_store *store;
} at_send_call;

static int fail(const attune_error *err)
{
    at_print_line(stderr, "attune send: %s", err->text);
    return err->status == ATTUNE_E_INTERRUPTED ? AT_EXIT_INTERRUPTED : AT_EXIT_FAILED;
}

/* ---- the key ----------------------------------------------------------------------------------- */

static int fail_key(const char *path, const char *why)
{
    at_print_line(stderr, "attune send: %s: %s", path, why);
    return AT_EXIT_FAILED;
}

/* -1: fine; else the exit code. */
static int read_key(at_send_call *o)
{
    struct stat st;
    int fd = open(o->key, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t n = -1;

    if (fd < 0 || fstat(fd, &st) != 0) {
        int code = fail_key(o->key, strerror(errno));
        if (fd >= 0)
            close(fd);
        return code;
    }
    if (S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077))
        n = read(fd, o->secret, sizeof o->secret - 1);
    close(fd);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
        return fail_key(o->key, "is no file of yours");
    if (st.st_mode & 077)
        return fail_key(o->key, "others can read this key (chmod 600)");
    if (n < 0)
        return fail_key(o->key, strerror(errno));
    o->secret[n] = 0;
    if (strlen(o->secret) != (size_t)n)
        return fail_key(o->key, "is no text");
    return n < (ssize_t)sizeof o->secret - 1 ? -1 : fail_key(o->key, "is too long for a key");
}

/* What would be sent as it stands, and was hardly meant: an editor's trailing space, a file that is none of keys. */
static const char *fault_of(const char *line)
{
    const size_t n = strlen(line);

    for (const char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return "its first line has control characters";
    return n && (line[n - 1] == ' ' || *line == ' ') ? "its first line begins or ends with a space"
                                                     : NULL;
}

/* USER:SECRET on one line. */
static int split_key(at_send_call *o, const char *from)
{
    const char *fault;
    char *colon;

    o->secret[strcspn(o->secret, "\r\n")] = 0;
    if ((fault = fault_of(o->secret)))
        return fail_key(from, fault);
    colon = strchr(o->secret, ':');
    if (!colon || colon == o->secret || !colon[1])
        return fail_key(from, "its first line is no key (USER:SECRET)");
    *colon = 0;
    o->sending.user = o->secret;
    o->sending.secret = colon + 1;
    return -1;
}

static int take_key(at_send_call *o)
{
    const char *given = getenv("ATTUNE_LRS_KEY");
    int code;

    if (o->key)
        return (code = read_key(o)) < 0 ? split_key(o, o->key) : code;
    if (!given || !*given)
        return at_wrong_usage("send", "with which key? --key FILE, or $ATTUNE_LRS_KEY");
    if (strlen(given) >= sizeof o->secret)
        return fail_key("$ATTUNE_LRS_KEY", "is too long");
    memcpy(o->secret, given, strlen(given) + 1);
    return split_key(o, "$ATTUNE_LRS_KEY");
}

/* ---- under which consent ----------------------------------------------------------------------- */

typedef struct at_wanted {
    const char *store, *person;
    int64_t id; /* the latest that holds; 0: none */
} at_wanted;

static int choose(void *user, const attune_xapi_consent *c)
{
    at_wanted *w = user;

    if (!strcmp(c->store, w->store) && !strcmp(c->person, w->person) && !c->withdrawn_s &&
        c->until_s > time(NULL))
        w->id = c->id;
    return 0;
}

/* -1: all have one; else the exit code, and nothing was done. */
static int find_consents(at_send_call *o)
{
    attune_error err;
    attune_record r;

    for (int i = 0; i < o->ids; i++) {
        at_wanted w = {o->sending.store, r.person, 0};
        if (attune_store_record(o->store, o->id[i], &r, &err) < 0 ||
            attune_xapi_consents(o->store, choose, &w, &err) < 0)
            return fail(&err);
        if (!w.id) {
            at_print_line(stderr,
                          "attune send: no consent names this store for session %lld: see attune "
                          "consent give",
                          (long long)o->id[i]);
            return AT_EXIT_FAILED;
        }
        o->consent[i] = w.id;
    }
    return -1;
}

/* ---- show -------------------------------------------------------------------------------------- */

static int show(at_send_call *o)
{
    attune_error err;
    char *text;

    for (int i = 0; i < o->ids; i++) {
        if (attune_xapi_statement(o->store, o->consent[i], o->id[i], &text, &err) < 0)
            return fail(&err);
        puts(text);
        free(text);
    }
    return AT_EXIT_OK;
}

/* ---- send -------------------------------------------------------------------------------------- */

static const char *clock_of(char text[CLOCK_BYTES], int64_t seconds)
{
    const time_t t = (time_t)seconds;
    struct tm tm;

    if (!localtime_r(&t, &tm) || !strftime(text, CLOCK_BYTES, "%Y-%m-%d %H:%M:%S", &tm))
        snprintf(text, CLOCK_BYTES, "?");
    return text;
}

static void mark_told(at_send_call *o, int64_t session)
{
    for (int i = 0; i < o->ids; i++)
        o->told[i] |= o->id[i] == session;
}

static void print_news(void *user, const attune_xapi_news *n)
{
    const char *what = n->voids ? "the voiding of session" : "session";
    const long long session = (long long)n->session;
    char due[CLOCK_BYTES];

    if (!n->voids)
        mark_told(user, n->session);
    switch (n->state) {
    case ATTUNE_XAPI_SENT: printf("%s %lld: sent (%s)\n", what, session, n->id); break;
    case ATTUNE_XAPI_REFUSED:
        fprintf(stderr, "attune send: %s %lld: the store refuses it (%s); it waits for --again\n",
                what, session, n->answer);
        break;
    case ATTUNE_XAPI_CONFLICT:
        fprintf(
            stderr,
            "attune send: ALARM: %s %lld: the store has something else as %s (%s). It is kept and "
            "never sent again; ask who runs the store\n",
            what, session, n->id, n->answer);
        break;
    default:
        fprintf(stderr, "attune send: %s %lld: the store fails (%s); not again before %s\n", what,
                session, n->answer, clock_of(due, n->due_s));
    }
}

static int queue(at_send_call *o)
{
    attune_error err;

    for (int i = 0; i < o->ids; i++) {
        const int rc = attune_xapi_queue(o->store, o->consent[i], o->id[i], &err);
        if (rc < 0)
            return fail(&err);
    }
    return -1;
}

/* Of one that this run did not try. */
static void print_fate(int64_t id, const attune_xapi_fate *f)
{
    const long long session = (long long)id;
    char due[CLOCK_BYTES];

    switch (f->state) {
    case ATTUNE_XAPI_SENT: printf("session %lld: was sent before\n", session); break;
    case ATTUNE_XAPI_REFUSED:
        at_print_line(stderr,
                      "attune send: session %lld: was refused before (%s); it waits for --again",
                      session, f->answer);
        break;
    case ATTUNE_XAPI_CONFLICT:
        at_print_line(
            stderr,
            "attune send: session %lld: is in conflict (%s): the store has something else in its "
            "place, and it is never sent again",
            session, f->answer);
        break;
    case ATTUNE_XAPI_VOIDED:
        at_print_line(stderr, "attune send: session %lld: was declared void", session);
        break;
    default:
        at_print_line(stderr, "attune send: session %lld: waits until %s (%s); --now: at once",
                      session, clock_of(due, f->due_s),
                      *f->answer ? f->answer : "the store's pause");
    }
}

/* Of each that was named: whether it is there. */
static int judge(at_send_call *o)
{
    int code = AT_EXIT_OK;

    for (int i = 0; i < o->ids; i++) {
        attune_xapi_fate f;
        attune_error err;
        const int there = attune_xapi_look(o->store, o->consent[i], o->id[i], &f, &err);
        if (there < 0)
            return fail(&err);
        if (!o->told[i] && there == 0) /* withdrawn, or deleted, while others were sent */
            at_print_line(stderr, "attune send: session %lld: is not sent, and never will be so",
                          (long long)o->id[i]);
        else if (!o->told[i])
            print_fate(o->id[i], &f);
        if (f.state != ATTUNE_XAPI_SENT)
            code = AT_EXIT_FAILED;
    }
    return code;
}

typedef struct at_stuck {
    const char *store;
    int refused, conflicts, unvoided;
} at_stuck;

static int count_stuck(void *user, const attune_xapi_consent *c)
{
    at_stuck *n = user;

    if (strcmp(c->store, n->store) != 0)
        return 0;
    n->unvoided += c->unvoided;
    if (!c->withdrawn_s) {
        n->refused += c->refused;
        n->conflicts += c->conflicts;
    }
    return 0;
}

/* What is not there is no less so for that nothing is to be done by itself. */
static int print_nothing(at_send_call *o)
{
    at_stuck n = {.store = o->sending.store};
    attune_error err;

    if (attune_xapi_consents(o->store, count_stuck, &n, &err) < 0)
        return fail(&err);
    puts("nothing waits for this store");
    if (n.refused)
        fprintf(stderr, "attune send: it refused %d before (--again)\n", n.refused);
    if (n.conflicts)
        fprintf(stderr, "attune send: %d in conflict, never sent again\n", n.conflicts);
    if (n.unvoided)
        fprintf(
            stderr,
            "attune send: %d that were to be declared void are there still: the store refused it "
            "(--again)\n",
            n.unvoided);
    return n.refused || n.conflicts || n.unvoided ? AT_EXIT_FAILED : AT_EXIT_OK;
}

static int send_all(at_send_call *o)
{
    char count[AT_CLOCK_SIZE], due[CLOCK_BYTES];
    attune_xapi_sum sum;
    attune_error err;
    int code = queue(o);

    if (code >= 0)
        return code;
    if (attune_xapi_send(o->store, &o->sending, &sum, &err) < 0)
        return fail(&err);
    if (sum.waiting)
        fprintf(stderr, "attune send: %s waiting until %s (--now: at once)\n",
                at_text_count(count, sum.waiting, "statement"), clock_of(due, sum.due_s));
    else if (!o->ids && !sum.sent && !sum.refused && !sum.conflicts)
        return print_nothing(o);
    code = judge(o);
    return code || sum.waiting || sum.refused || sum.conflicts ? AT_EXIT_FAILED : AT_EXIT_OK;
}

/* ---- the command ------------------------------------------------------------------------------- */

/* -1: fine; else the exit code. */
static int take_numbers(at_send_call *o, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        char *end;
        long long id;
        errno = 0;
        id = strtoll(argv[i], &end, 10);
        if (end == argv[i] || *end || errno || id < 1)
            return at_wrong_usage("send", "'%.100s' is no number of a session", argv[i]);
        if (o->ids == IDS)
            return at_wrong_usage("send", "takes no more than %d sessions at once", (int)IDS);
        o->id[o->ids++] = id;
    }
    if (!o->sending.store)
        return at_wrong_usage("send", "to which store? --to URL");
    if (o->show && !o->ids)
        return at_wrong_usage("send", "--show: which session?");
    if (o->show && (o->sending.now || o->sending.again))
        return at_wrong_usage("send", "--show sends nothing: --now and --again do not go with it");
    return -1;
}

/* Returns -1 to go on, or the exit code. */
static int parse(at_send_call *o, int argc, char **argv)
{
    static const struct option longs[] = {
        {"to", required_argument, NULL, 't'},      {"key", required_argument, NULL, 'k'},
        {"show", no_argument, NULL, 'w'},          {"now", no_argument, NULL, 'n'},
        {"again", no_argument, NULL, 'a'},         {"ca", required_argument, NULL, 'c'},
        {"timeout", required_argument, NULL, 'T'}, {"store", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = at_next_option("send", argc, argv, ":h", longs, "")) != -1) {
        switch (c) {
        case 't': o->sending.store = optarg; break;
        case 'k': o->key = optarg; break;
        case 'w': o->show = 1; break;
        case 'n': o->sending.now = 1; break;
        case 'a': o->sending.again = 1; break;
        case 'c': o->sending.ca = optarg; break;
        case 'T':
            if (!at_take_number("send", "--timeout", optarg, 1, 600, &o->sending.timeout_s))
                return AT_EXIT_USAGE;
            break;
        case 's': o->path = optarg; break;
        case 'h': fputs(usage, stdout); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    return take_numbers(o, argc - optind, argv + optind);
}

/* -1: go on. */
static int open_store(at_send_call *o)
{
    const unsigned flags = o->show ? ATTUNE_STORE_READING : ATTUNE_STORE_EXISTING;
    attune_error err;

    if (!o->path) {
        o->path = o->default_path;
        if (attune_store_path(o->default_path, sizeof o->default_path) < 0)
            return at_wrong_usage("send", "there is no home for a store: name one with --store");
    }
    return attune_store_open(&o->store, o->path, flags, &err) < 0 ? fail(&err) : -1;
}

/* As consents have it. -1: go on. */
static int take_address(at_send_call *o)
{
    attune_error err;

    if (attune_xapi_address(o->to, o->sending.store, &err) < 0)
        return fail(&err);
    o->sending.store = o->to;
    return -1;
}

static int run(at_send_call *o)
{
    int code = take_address(o);

    code = code < 0 ? open_store(o) : code;
    code = code < 0 ? find_consents(o) : code;
    if (code >= 0 || o->show)
        return code < 0 ? show(o) : code;
    code = take_key(o);
    return code < 0 ? send_all(o) : code;
}

int at_cmd_send(int argc, char **argv)
{
    at_send_call o = {.sending = {.stop = at_stopped, .news = print_news}};
    int code = parse(&o, argc, argv);

    if (code >= 0)
        return code;
    at_catch_stop();
    o.sending.user_data = &o;
    code = run(&o);
    explicit_bzero(o.secret, sizeof o.secret);
    attune_store_free(&o.store);
    return code;
}
