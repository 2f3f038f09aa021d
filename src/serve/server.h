/* server.h - what the parts of the server share. Private to the files that know libwebsockets:
 * server.c (the loop), http.c (pages), socket.c (live sessions). All on the loop's thread.
 */
#ifndef AT_SERVE_SERVER_H
#define AT_SERVE_SERVER_H

#include "serve/access.h"
#include "serve/archive.h"
#include "serve/hall.h"
#include "serve/launch.h"

#include <attune/serve.h>
#include <libwebsockets.h>

typedef struct at_server {
    const attune_serve_options *o;
    attune_options session; /* as every session is opened */
    at_access access;
    at_launch *launch;   /* NULL: nobody comes from a learning platform */
    attune_store *store; /* NULL: nothing can be kept */
    at_archive *archive; /* likewise */
    at_hall *hall;
    const char *model, *precision; /* its name and what it computes in (NULL: f32), for clients */
    struct lws_context *context;
    struct lws_vhost *vhost;
    lws_sorted_usec_list_t tick;
    struct at_guest *guests; /* every live connection */
    int connections, connections_most;
    int stopping, ticks;
} at_server;

enum {
    AT_WIDTH_MAX = 1920, /* pixels of a picture */
    AT_HEIGHT_MAX = 1080,
};

static inline at_server *at_server_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

/* ---- http.c -------------------------------------------------------------------------------- */

int at_http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                     size_t len);
size_t at_http_state_size(void);

/* Whether who asks came from a learning platform, and has no other right. */
int at_http_is_launched(struct lws *wsi);

/* Answers of the archive have come. */
void at_http_look(at_server *s);

/* ---- socket.c ------------------------------------------------------------------------------ */

int at_socket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                       size_t len);
size_t at_socket_state_size(void);
/* Ten times a second: who has been silent for too long, whose standing is due. */
void at_socket_tick(at_server *s, int64_t now_us);
/* Says goodbye to all; their seats are given up. */
void at_socket_stop(at_server *s);

#endif
