/* attune serve: live sessions, in a browser or for programs. */
#include "cli/cli.h"

#include <attune/serve.h>
#include <attune/store.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

extern char **environ;

static const char usage[] =
    "usage: attune serve [--open] [--port N] [--bind ADDRESS] [--max-sessions N] [--store FILE]\n"
    "                    [--keep DAYS] [--token-file FILE] [--cert FILE --key FILE]\n"
    "                    [--host NAME]... [--lti FILE] [--model FILE] [--rate FPS] [--threads N]\n"
    "                    [--precision f32|int8] [--signals LIST [--events LIST]] [--chat]\n"
    "\n"
    "Serves a page whose browser is the camera and the microphone: what a face and a voice express\n"
    "is shown as it happens. Everything stays on this computer; nothing is stored unless the person\n"
    "in front of it asks for that. Programs speak the same protocol (docs/live.md).\n"
    "\n"
    "  attune serve --open      and the browser opens\n"
    "\n"
    "It prints one line, the address to open. The token in it is the key: who has it may use the\n"
    "server. A page of another site cannot. Ctrl-C ends it.\n"
    "\n"
    "  --open           open the address in the browser\n"
    "  --port N         default: 8765; 0: one that is free\n"
    "  --max-sessions N learners at once (default: 12); more are told to come back later\n"
    "  --store FILE     where sessions are kept, of those who ask for it (SQLite; made if missing)\n"
    "  --keep DAYS      from now on none is kept longer there (attune sessions keep)\n"
    "  --lti FILE       learning platforms (LTI 1.3) whose learners may be launched into live sessions\n"
    "                   of their own, of which nothing is kept (docs/lti.md)\n"
    "  --model FILE     instead of the default model (also: $ATTUNE_MODEL)\n"
    "  --signals LIST   columns of a signal that may be sent beside pictures and sound, such as\n"
    "                   heart_rate,clicks; clicks and keys the page counts itself, if one switches\n"
    "                   that on\n"
    "  --events LIST    those of them that count what happens at a moment, such as clicks\n"
    "  --chat           messages may be sent, too: the page has a field for them; none is kept\n"
    "  --rate FPS       pictures looked at a second, at most 60 (default: 8)\n"
    "  --threads N      that analyse (default: all cores); results are the same for any number\n"
    "  --precision P    f32 (default), or int8: the networks of the face in eight bits, about twice as\n"
    "                   fast\n"
    "\n"
    "For other computers the first four are needed, and of 0.0.0.0 or :: --host, too; browsers lend\n"
    "a camera over TLS only:\n"
    "\n"
    "  --bind ADDRESS   listen there (default: 127.0.0.1, this computer alone)\n"
    "  --cert, --key    PEM files\n"
    "  --token-file F   a file whose first line is a token of your own, 16 letters or digits or more\n"
    "  --host NAME      a name by which it is reached, such as lab.example.org; up to four times\n"
    "\n"
    "In the EU, inferring the emotions of people in education institutions and at work is\n"
    "prohibited outside medical and safety uses (AI Act, Art. 5(1)(f)).\n"
    "Exit codes: 0 ended, 1 failed (the reason is on stderr), 2 wrong usage.\n";

enum { MOST_HOSTS = 4 };

/* The desktop's way to open an address; not waited for. */
static void open_browser(const char *address)
{
    char program[] = "xdg-open";
    char *argv[] = {program, (char *)(uintptr_t)address, NULL};
    posix_spawn_file_actions_t quiet;
    posix_spawnattr_t apart; /* Ctrl-C is for the server, not for the browser that it opened */
    pid_t pid;

    if (posix_spawn_file_actions_init(&quiet) != 0)
        return;
    if (posix_spawnattr_init(&apart) != 0) {
        posix_spawn_file_actions_destroy(&quiet);
        return;
    }
    posix_spawnattr_setflags(&apart, POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&pid, program, &quiet, &apart, argv, environ) != 0)
        fprintf(stderr, "attune serve: there is no xdg-open to open a browser with\n");
    posix_spawnattr_destroy(&apart);
    posix_spawn_file_actions_destroy(&quiet);
}

static void listening(void *user, const char *address)
{
    const int *open = user;

    printf("attune listens on %s\n", address);
    fflush(stdout);
    if (*open)
        open_browser(address);
}

static void worried(void *user, const char *text)
{
    (void)user;
    at_print_line(stderr, "attune serve: keys of a learning platform: %s", text);
}

static int serve(const attune_serve_options *o)
{
    attune_error err = {0};
    int rc;

    at_catch_stop();
    rc = attune_serve_run(o, &err);
    if (rc < 0)
        fprintf(stderr, "attune serve: %s\n", err.text);
    return rc == ATTUNE_E_ARG ? AT_EXIT_USAGE : rc < 0 ? AT_EXIT_FAILED : AT_EXIT_OK;
}

/* What may be sent beside pictures and sound. */
typedef struct at_lanes {
    attune_beside_setup setup;
    const char *name[ATTUNE_MAX_SIGNALS + 1]; /* NULL after the last */
} at_lanes;

static int take_signals(at_lanes *l, char *list)
{
    int n = 0;

    for (char *name; n <= ATTUNE_MAX_SIGNALS && (name = strsep(&list, ",")); n++)
        l->name[n] = name;
    l->setup.signals = l->name;
    if (n > ATTUNE_MAX_SIGNALS)
        at_wrong_usage("serve", "--signals takes up to %d names", ATTUNE_MAX_SIGNALS);
    return n <= ATTUNE_MAX_SIGNALS;
}

static int take_events(at_lanes *l, char *list)
{
    for (char *name; (name = strsep(&list, ","));) {
        int i = 0;
        while (l->name[i] && strcmp(l->name[i], name) != 0)
            i++;
        if (!l->name[i]) {
            at_wrong_usage("serve", "--events: '%.40s' is none of --signals", name);
            return 0;
        }
        l->setup.events |= 1u << i;
    }
    return 1;
}

int at_cmd_serve(int argc, char **argv)
{
    static const struct option longs[] = {
        {"open", no_argument, NULL, 'o'},
        {"port", required_argument, NULL, 'p'},
        {"bind", required_argument, NULL, 'b'},
        {"max-sessions", required_argument, NULL, 'n'},
        {"store", required_argument, NULL, 's'},
        {"token-file", required_argument, NULL, 'T'},
        {"cert", required_argument, NULL, 'c'},
        {"key", required_argument, NULL, 'k'},
        {"host", required_argument, NULL, 'H'},
        {"lti", required_argument, NULL, 'l'},
        {"model", required_argument, NULL, 'm'},
        {"rate", required_argument, NULL, 'r'},
        {"threads", required_argument, NULL, 't'},
        {"keep", required_argument, NULL, 'K'},
        {"precision", required_argument, NULL, 'P'},
        {"signals", required_argument, NULL, 'S'},
        {"events", required_argument, NULL, 'e'},
        {"chat", no_argument, NULL, 'C'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *hosts[MOST_HOSTS];
    char *events = NULL;
    at_lanes lanes = {.setup = {0}};
    int open = 0, c, ok = 1;
    attune_serve_options o = {.hosts = hosts,
                              .worried = worried,
                              .listening = listening,
                              .stopped = at_stopped,
                              .user = &open};

    while (ok && (c = at_next_option("serve", argc, argv, ":h", longs, "H")) != -1) {
        switch (c) {
        case 'o': open = 1; break;
        case 'p': ok = at_take_int("serve", "--port", optarg, 0, 65535, &o.port); break;
        case 'b': o.bind = optarg; break;
        case 'n':
            ok = at_take_int("serve", "--max-sessions", optarg, 1, 1000, &o.max_sessions);
            break;
        case 's': o.store = optarg; break;
        case 'K':
            ok = at_take_int("serve", "--keep", optarg, 1, ATTUNE_STORE_MAX_DAYS, &o.keep_days);
            break;
        case 'T': o.token_file = optarg; break;
        case 'c': o.cert = optarg; break;
        case 'k': o.key = optarg; break;
        case 'H':
            if (o.n_hosts == MOST_HOSTS)
                return at_wrong_usage("serve", "--host: at most %d", MOST_HOSTS);
            hosts[o.n_hosts++] = optarg;
            break;
        case 'l':
            if (!*optarg)
                return at_wrong_usage("serve", "--lti takes the name of a file");
            o.lti = optarg;
            break;
        case 'm': o.model = optarg; break;
        case 'P': ok = at_take_precision("serve", optarg, &o.precision); break;
        case 'r': ok = at_take_number("serve", "--rate", optarg, 0.1, 60, &o.session.rate); break;
        case 't': ok = at_take_int("serve", "--threads", optarg, 1, 256, &o.threads); break;
        case 'S': ok = take_signals(&lanes, optarg); break;
        case 'e': events = optarg; break;
        case 'C': lanes.setup.chat = 1; break;
        case 'h': fputs(usage, stdout); return AT_EXIT_OK;
        default: ok = 0;
        }
        if (c == 'p' && o.port == 0)
            o.port = -1;
    }
    if (!ok || !take_events(&lanes, events))
        return AT_EXIT_USAGE;
    if (lanes.setup.signals || lanes.setup.chat)
        o.session.beside = &lanes.setup;
    if (optind < argc)
        return at_wrong_usage("serve", "'%.100s' is one word too many", argv[optind]);
    return serve(&o);
}
