/* server.c - the loop, and what it takes before it can begin. */
#include "serve/server.h"

#include "base/error.h"
#include "serve/now.h"
#include "serve/options.h"
#include "serve/token.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    TICK_US = 100000,
    DESCRIPTORS = 4096,     /* wanted, for connections; the system may allow less */
    DESCRIPTORS_LEAST = 48, /* kept for all else: files, the store, the loop's own */
    HEADER_BYTES = 16384,   /* a connection, while it asks; with more it is hung up on */
    REQUEST_S = 10,         /* for a request to be there in full, and for a reply to be taken */
    GOODBYE_TICKS = 20,     /* for clients to be told that it ends */
};
#define AWAY_US INT64_C(120000000)

int attune_serve_is_built(void)
{
    return 1;
}

/* ---- what lws is told ---------------------------------------------------------------------- */

static const lws_retry_bo_t keep_alive = {.secs_since_valid_ping = 20,
                                          .secs_since_valid_hangup = 40};

static int is_ipv4(const char *address)
{
    return strchr(address, ':') == NULL;
}

int at_late_server(attune_error *err); /* made by base/late.py */

static int open_context(at_server *s, attune_error *err)
{
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_VALIDATE_UTF8 |
                   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
                   (s->o->cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
        .server_string = "attune",
        .max_http_header_data = HEADER_BYTES,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .user = s};

    const int rc = at_late_server(err);

    if (rc < 0)
        return rc;
    lws_set_log_level(0, NULL);
    s->context = lws_create_context(&info);
    return s->context ? ATTUNE_OK : at_fail(err, ATTUNE_E_NOMEM, "the server could not be made");
}

static int open_vhost(at_server *s, attune_error *err)
{
    static struct lws_protocols protocols[3];
    struct lws_context_creation_info info = {
        .iface = s->o->bind,
        .port = s->o->port,
        .protocols = protocols,
        .vhost_name = "attune",
        .ssl_cert_filepath = s->o->cert,
        .ssl_private_key_filepath = s->o->key,
        .alpn = "http/1.1",
        .timeout_secs = REQUEST_S,
        .keepalive_timeout = REQUEST_S,
        .retry_and_idle_policy = &keep_alive,
        .options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND | LWS_SERVER_OPTION_VALIDATE_UTF8 |
                   (is_ipv4(s->o->bind) ? LWS_SERVER_OPTION_DISABLE_IPV6 : 0) |
                   (s->o->cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0)};

    protocols[0] = (struct lws_protocols){.name = "http",
                                          .callback = at_http_callback,
                                          .per_session_data_size = at_http_state_size()};
    protocols[1] = (struct lws_protocols){.name = AT_WIRE_PROTOCOL,
                                          .callback = at_socket_callback,
                                          .per_session_data_size = at_socket_state_size(),
                                          .rx_buffer_size = 16384};
    s->vhost = lws_create_vhost(s->context, &info);
    if (s->vhost)
        return ATTUNE_OK;
    return s->o->cert
               ? at_fail(err, ATTUNE_E_IO,
                         "%s and %s: not a certificate and its key, as PEM files that can be "
                         "read",
                         s->o->cert, s->o->key)
               : at_fail(err, ATTUNE_E_IO, "cannot listen on %s port %d", s->o->bind, s->o->port);
}

/* Connections cost a descriptor each; the usual limit of 1024 is soon reached. How many there may be. */
static int raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return DESCRIPTORS_LEAST;
    if (limit.rlim_cur < DESCRIPTORS) {
        struct rlimit more = limit;
        more.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            limit = more;
    }
    if (limit.rlim_cur > DESCRIPTORS)
        limit.rlim_cur = DESCRIPTORS;
    return limit.rlim_cur > 2 * DESCRIPTORS_LEAST ? (int)limit.rlim_cur - DESCRIPTORS_LEAST
                                                  : DESCRIPTORS_LEAST;
}

/* ---- the loop ------------------------------------------------------------------------------ */

static void wake(void *user)
{
    at_server *s = user;

    lws_cancel_service(s->context);
}

static void on_tick(lws_sorted_usec_list_t *tick)
{
    at_server *s = lws_container_of(tick, at_server, tick);
    int64_t now = at_now_us();

    if (!s->stopping) {
        at_socket_tick(s, now);
        at_hall_tidy(s->hall, now);
    }
    s->ticks++;
    lws_sul_schedule(s->context, 0, tick, on_tick, TICK_US);
}

static int is_told_to_stop(const at_server *s)
{
    return s->o->stopped && s->o->stopped(s->o->user);
}

static int loop(at_server *s, attune_error *err)
{
    int alive = 0, failed, end;

    on_tick(&s->tick);
    while (alive >= 0 && !is_told_to_stop(s))
        alive = lws_service(s->context, 0);
    failed = alive < 0;
    at_socket_stop(s);
    at_hall_free(&s->hall);
    at_archive_free(&s->archive);
    end = s->ticks + GOODBYE_TICKS;
    while (alive >= 0 && s->guests && s->ticks < end)
        alive = lws_service(s->context, 0);
    lws_sul_cancel(&s->tick);
    return failed ? at_fail(err, ATTUNE_E_IO, "the server could not go on") : ATTUNE_OK;
}

/* ---- beginning ----------------------------------------------------------------------------- */

static int open_access(at_server *s, at_token_file *file, attune_error *err)
{
    int port = lws_get_vhost_listen_port(s->vhost);

    at_access_serve(&s->access, s->o->bind, port, s->o->cert != NULL);
    for (int i = 0; i < s->o->n_hosts; i++)
        if (!at_access_add_host(&s->access, s->o->hosts[i], port))
            return at_fail(err, ATTUNE_E_ARG, "%s: too long for a name", s->o->hosts[i]);
    return s->o->token_file ? at_token_read(s->access.token, s->o->token_file, err)
                            : at_token_keep(s->access.token, port, file, err);
}

static int open_store(at_server *s, attune_error *err)
{
    int rc = s->o->store ? attune_store_open(&s->store, s->o->store, 0, err) : ATTUNE_OK;

    if (rc == ATTUNE_OK && s->store && s->o->keep_days)
        rc = attune_store_keep_days(s->store, s->o->keep_days, NULL, err);
    if (rc >= ATTUNE_OK && s->store) /* 1: traces stay for now */
        rc = at_archive_open(&s->archive, s->store, wake, s, err);
    return rc;
}

static int open_hall(at_server *s, const attune_model *model, attune_error *err)
{
    at_hall_options o = {.model = model,
                         .store = s->store,
                         .session = s->session,
                         .width_max = AT_WIDTH_MAX,
                         .height_max = AT_HEIGHT_MAX,
                         .seats = s->o->max_sessions,
                         .workers = s->o->threads,
                         .away_us = AWAY_US,
                         .wake = wake,
                         .user = s};
    const char *name = attune_model_meta(model, "name");

    s->model = name ? name : "";
    s->precision = attune_model_meta(model, "precision");
    return at_hall_open(&s->hall, &o, err);
}

/* "https://lab.example.org": the first of the names that were given. */
static void take_base(const at_server *s, char *out, size_t size)
{
    snprintf(out, size, "%s://%s", s->access.tls ? "https" : "http",
             s->access.host[s->o->n_hosts > 0 ? s->access.hosts - s->o->n_hosts : 0]);
}

static int open_launch(at_server *s, attune_error *err)
{
    char base[AT_HOST_SIZE + 16];

    if (!s->o->lti)
        return ATTUNE_OK;
    take_base(s, base, sizeof base);
    return at_launch_open(&s->launch, s->o, base, lws_get_vhost_listen_port(s->vhost), err);
}

static void say_where(const at_server *s)
{
    char base[AT_HOST_SIZE + 16], address[sizeof base + AT_TOKEN_MOST + 16];

    take_base(s, base, sizeof base);
    snprintf(address, sizeof address, "%s/?token=%s", base, s->access.token);
    if (s->o->listening)
        s->o->listening(s->o->user, address);
}

int attune_serve_run(const attune_serve_options *o, attune_error *err)
{
    at_server s = {0};
    attune_serve_options filled;
    at_token_file file = {0};
    attune_model *model = NULL;
    int rc = at_serve_options_fill(&filled, o, err);

    s.o = &filled;
    s.session = filled.session;
    rc = rc < 0 ? rc : at_serve_can_listen(filled.bind, filled.port, err);
    rc = rc < 0 ? rc : attune_model_load_for_files(&model, filled.model, err);
    rc = rc < 0 ? rc : attune_model_set_precision(model, filled.precision, err);
    if (rc == ATTUNE_OK)
        s.connections_most = raise_descriptors();
    rc = rc < 0 ? rc : open_context(&s, err);
    rc = rc < 0 ? rc : open_store(&s, err);
    rc = rc < 0 ? rc : open_hall(&s, model, err);
    rc = rc < 0 ? rc : open_vhost(&s, err);
    rc = rc < 0 ? rc : open_access(&s, &file, err);
    rc = rc < 0 ? rc : open_launch(&s, err);
    if (rc == ATTUNE_OK) {
        say_where(&s);
        rc = loop(&s, err);
    }
    at_hall_free(&s.hall);
    at_archive_free(&s.archive);
    if (s.context)
        lws_context_destroy(s.context);
    at_launch_free(&s.launch);
    attune_store_free(&s.store);
    at_token_forget(&file);
    attune_model_free(&model);
    return rc;
}
