#include "serve/options.h"

#include "base/error.h"
#include "base/names.h"
#include "serve/access.h"
#include "serve/hall.h"

#include <arpa/inet.h>
#include <attune/store.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOSTS_MORE = 4 };

static void fill_session(attune_options *o)
{
    o->rate = o->rate > 0 ? o->rate : ATTUNE_DEFAULT_RATE;
    o->window_s = o->window_s > 0 ? o->window_s : ATTUNE_DEFAULT_WINDOW_S;
    o->hop_s = o->hop_s > 0 ? o->hop_s : ATTUNE_DEFAULT_HOP_S;
    o->lag_s = o->lag_s > 0 ? o->lag_s : ATTUNE_DEFAULT_LAG_S;
    o->max_tracks = o->max_tracks > 0 ? o->max_tracks : 1;
    o->min_face = o->min_face > 0 ? o->min_face : ATTUNE_DEFAULT_MIN_FACE;
    o->threads = 1;
    o->thumbnails = 0;
}

/* An address as numbers, of either kind. 0: it is none. */
static socklen_t take_address(const char *text, int port, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        return sizeof *four;
    }
    if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        return sizeof *six;
    }
    return 0;
}

static int check_address(const attune_serve_options *o, attune_error *err)
{
    struct sockaddr_storage a;
    int any = strcmp(o->bind, "0.0.0.0") == 0 || strcmp(o->bind, "::") == 0;

    if (!take_address(o->bind, o->port, &a))
        return at_fail(err, ATTUNE_E_ARG, "%s is no address: an IPv4 or IPv6 address as numbers",
                       o->bind);
    if (!o->cert != !o->key)
        return at_fail(err, ATTUNE_E_ARG, "TLS takes both a certificate and its key");
    if (!at_is_loopback(o->bind) && (!o->cert || !o->token_file))
        return at_fail(err, ATTUNE_E_ARG,
                       "%s can be reached from other computers: that takes TLS (a certificate and "
                       "its key) and a file with a token of your own",
                       o->bind);
    if (any && o->n_hosts == 0)
        return at_fail(err, ATTUNE_E_ARG,
                       "%s is every address there is: say by which name it is reached", o->bind);
    return ATTUNE_OK;
}

int at_serve_options_fill(attune_serve_options *out, const attune_serve_options *o,
                          attune_error *err)
{
    *out = o ? *o : (attune_serve_options){0};
    out->bind = out->bind ? out->bind : "127.0.0.1";
    out->port = out->port == 0 ? ATTUNE_SERVE_PORT : out->port < 0 ? 0 : out->port;
    out->max_sessions = out->max_sessions ? out->max_sessions : ATTUNE_SERVE_SESSIONS;
    fill_session(&out->session);
    if (out->port > 65535)
        return at_fail(err, ATTUNE_E_ARG, "port %d is not from 1 to 65535", out->port);
    if (out->max_sessions < 1 || out->max_sessions > AT_HALL_MOST)
        return at_fail(err, ATTUNE_E_ARG, "%d sessions are not from 1 to %d", out->max_sessions,
                       AT_HALL_MOST);
    if (out->keep_days < 0 || out->keep_days > ATTUNE_STORE_MAX_DAYS)
        return at_fail(err, ATTUNE_E_ARG, "%d days are not from 1 to %d", out->keep_days,
                       ATTUNE_STORE_MAX_DAYS);
    if (out->keep_days && !out->store)
        return at_fail(err, ATTUNE_E_ARG, "for so many days nothing is kept: there is no store");
    if (out->threads < 0 || out->threads > 256)
        return at_fail(err, ATTUNE_E_ARG, "%d threads are not from 1 to 256", out->threads);
    if (out->n_hosts < 0 || out->n_hosts > HOSTS_MORE)
        return at_fail(err, ATTUNE_E_ARG, "there are more than %d names", HOSTS_MORE);
    if (out->session.beside && out->session.beside->signals &&
        at_count_columns(out->session.beside->signals, err) < 0)
        return ATTUNE_E_ARG;
    return check_address(out, err);
}

int at_serve_can_listen(const char *address, int port, attune_error *err)
{
    struct sockaddr_storage a;
    socklen_t size = take_address(address, port, &a);
    int yes = 1, fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = ATTUNE_OK;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        bind(fd, (const struct sockaddr *)&a, size) < 0 || listen(fd, 1) < 0)
        rc = at_fail(err, ATTUNE_E_IO, "cannot listen on %s port %d: %s", address, port,
                     strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}
