/* launch.h - learners who come from a learning platform (LTI 1.3): their login, their launch, and the pass that
 * lets them in to a live session of their own, and to nothing else. Knows no connection.
 */
#ifndef AT_SERVE_LAUNCH_H
#define AT_SERVE_LAUNCH_H

#include "serve/access.h"

#include <attune/serve.h>

typedef struct at_launch at_launch;

enum { AT_FORM_MOST = 24576, AT_PASSES_MOST = 256, AT_LOCATION_BYTES = 8192 };
#define AT_PASS_US INT64_C(14400000000) /* four hours */

/* o: its lti is the path of the platforms' file (lti/platforms.h), and its worried is told of keys that cannot be had. base: "https://HOST[:PORT]", where this server is reached;
 * port: it names the cookies. */
int at_launch_open(at_launch **out, const attune_serve_options *o, const char *base, int port,
                   attune_error *err);
void at_launch_free(at_launch **l);

/* What is answered. 302, 303: to location. */
typedef struct at_launch_reply {
    unsigned code;
    char text[256]; /* of a refusal: why */
    char location[AT_LOCATION_BYTES], cookie[192];
} at_launch_reply;

/* A platform sends somebody to log in (OIDC third-party initiated login): back to it, with a state and a nonce. */
void at_launch_login(at_launch *l, const char *form, size_t n, int64_t now_us,
                     at_launch_reply *out);
/* And they come back: cookies is the request's header, nullable. */
void at_launch_enter(at_launch *l, const char *form, size_t n, const char *cookies, int64_t now_us,
                     int64_t now_s, at_launch_reply *out);
/* Whether the request is of somebody who came in. l nullable. */
int at_launch_has_pass(const at_launch *l, const char *cookies, int64_t now_us);

#endif
