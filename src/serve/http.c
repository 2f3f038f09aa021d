/* http.c - the page's files, and the door before everything. */
#include "lti/form.h"
#include "serve/now.h"
#include "serve/pages.h"
#include "serve/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A client has TAKING_S to take what it asked for, and longer for what is long: as long as a poor line needs. */
enum {
    PIECE = 4096,
    HEADERS = 2048 + AT_LOCATION_BYTES,
    COOKIES = 4096,    /* a browser sends those of every port of a host */
    ASKED_MOST = 8192, /* bytes of a request's headers, and of its address */
    TAKING_S = 10,
    POOR_LINE = 32 << 10 /* bytes a second */
};

/* A reply on its way. */
typedef struct at_reply {
    at_question *question; /* that is asked before anything is said; NULL: none */
    const uint8_t *body;   /* static, or owned */
    size_t size, sent;
    char *owned; /* malloc */
    char *form;  /* malloc: that is being sent; NULL: none */
    size_t form_size;
    int last; /* the connection ends with it: what is still to come is not read */
} at_reply;

size_t at_http_state_size(void)
{
    return sizeof(at_reply);
}

/* ---- what a request says of itself ----------------------------------------------------------- */

typedef struct at_asked {
    char host[AT_HOST_SIZE], origin[AT_HOST_SIZE + 16], authorization[AT_TOKEN_MOST + 32];
    char cookie[COOKIES], token[AT_TOKEN_MOST + 16];
    at_request request;
} at_asked;

/* A header's value; NULL: there is none. One that is too long for its place is there, and wrong. */
static const char *take_header(struct lws *wsi, enum lws_token_indexes which, char *out, int size)
{
    if (lws_hdr_total_length(wsi, which) <= 0)
        return NULL;
    if (lws_hdr_copy(wsi, out, size, which) < 0)
        out[0] = 0;
    return out;
}

static void take_request(struct lws *wsi, at_asked *a)
{
    const char *token = lws_get_urlarg_by_name(wsi, "token=", a->token, sizeof a->token);

    a->request =
        (at_request){.host = take_header(wsi, WSI_TOKEN_HOST, a->host, sizeof a->host),
                     .origin = take_header(wsi, WSI_TOKEN_ORIGIN, a->origin, sizeof a->origin),
                     .authorization = take_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION,
                                                  a->authorization, sizeof a->authorization),
                     .cookie = take_header(wsi, WSI_TOKEN_HTTP_COOKIE, a->cookie, sizeof a->cookie),
                     .token = token};
}

/* ---- replies ------------------------------------------------------------------------------- */

/* What a browser may do with what comes from here: nothing that is not from here. */
static const char page_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";
/* A report carries its style and its script, and a policy of its own that names both by their hashes. */
static const char report_policy[] =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
static const struct {
    const char *name, *value;
} safe_headers[] = {
    {"x-content-type-options:", "nosniff"},
    {"referrer-policy:", "no-referrer"},
    {"cross-origin-opener-policy:", "same-origin"},
    {"cross-origin-embedder-policy:", "require-corp"},
    {"cross-origin-resource-policy:", "same-origin"},
    {"permissions-policy:", "camera=(self), microphone=(self), display-capture=(self)"},
    {"cache-control:", "no-store"},
};

static int add_header(struct lws *wsi, const char *name, const char *value, unsigned char **p,
                      unsigned char *end)
{
    return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
                                       (const unsigned char *)value, (int)strlen(value), p, end);
}

/* What a reply says of its body. */
typedef struct at_heading {
    const char *type;
    const char *policy, *cookie; /* NULL: page_policy; none */
    const char *file;            /* nullable: not shown, but saved under this name */
    int64_t session;             /* and this number, for there are many */
    const char *location;        /* nullable: where to go on */
    int last;                    /* of this connection */
} at_heading;

/* 0: written. */
static int write_headers(struct lws *wsi, unsigned code, const at_heading *h, size_t size)
{
    unsigned char buffer[LWS_PRE + HEADERS], *start = buffer + LWS_PRE, *p = start;
    unsigned char *end = buffer + sizeof buffer - 1;

    if (lws_add_http_common_headers(wsi, code, h->type, size, &p, end) ||
        add_header(wsi, "content-security-policy:", h->policy ? h->policy : page_policy, &p, end))
        return 1;
    for (size_t i = 0; i < sizeof safe_headers / sizeof *safe_headers; i++)
        if (add_header(wsi, safe_headers[i].name, safe_headers[i].value, &p, end))
            return 1;
    if (h->cookie && add_header(wsi, "set-cookie:", h->cookie, &p, end))
        return 1;
    if (h->location && add_header(wsi, "location:", h->location, &p, end))
        return 1;
    if (h->last && add_header(wsi, "connection:", "close", &p, end))
        return 1;
    if (h->file) {
        char saved[160];
        snprintf(saved, sizeof saved, "attachment; filename=\"attune-session-%lld-%s\"",
                 (long long)h->session, h->file);
        if (add_header(wsi, "content-disposition:", saved, &p, end))
            return 1;
    }
    return lws_finalize_write_http_header(wsi, start, &p, end);
}

/* A page that came with the right token in its address takes a cookie for what it asks next. */
static const char *make_cookie(const at_server *s, const at_asked *a, char *out, size_t size)
{
    if (!a->request.token)
        return NULL;
    snprintf(out, size, "%s=%s; HttpOnly; SameSite=Strict; Path=/%s", s->access.cookie,
             s->access.token, s->access.tls ? "; Secure" : "");
    return out;
}

/* Headers now, the body as it can be taken. */
static int reply(struct lws *wsi, at_reply *r, unsigned code, const at_heading *h,
                 const uint8_t *body, size_t size)
{
    if (write_headers(wsi, code, h, size))
        return -1;
    r->body = body;
    r->size = size;
    r->sent = 0;
    r->last = h->last;
    if (size == 0 || lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0)
        return lws_http_transaction_completed(wsi) ? -1 : 0;
    lws_callback_on_writable(wsi);
    return 0;
}

static int write_body(struct lws *wsi, at_reply *r)
{
    uint8_t buffer[LWS_PRE + PIECE];
    size_t n = r->size - r->sent < PIECE ? r->size - r->sent : PIECE;
    int last = r->sent + n == r->size;

    if (!r->body)
        return 0;
    memcpy(buffer + LWS_PRE, r->body + r->sent, n);
    if (lws_write(wsi, buffer + LWS_PRE, n, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < (int)n)
        return -1;
    r->sent += n;
    if (last) {
        r->body = NULL;
        return r->last || lws_http_transaction_completed(wsi) ? -1 : 0;
    }
    lws_callback_on_writable(wsi);
    return 0;
}

/* ---- refusals ------------------------------------------------------------------------------ */

static const char refused[] =
    "403: not for this request.\n\nOpen the address that attune serve printed, with its token; or "
    "send the token as\nAuthorization: Bearer TOKEN. Pages of other sites are not answered.\n";
static const char missing[] = "404: there is nothing here.\n";
static const char not_so[] = "405: not in this way.\n";
static const char later[] = "503: too much is asked for at once.\n";
static const char unavailable[] = "503: what is kept is not to be had just now.\n";

static int refuse(struct lws *wsi, at_reply *r, unsigned code, const char *text)
{
    const at_heading h = {.type = "text/plain; charset=utf-8"};

    return reply(wsi, r, code, &h, (const uint8_t *)text, strlen(text));
}

/* Requests that are not even read. */
typedef struct at_fault {
    unsigned code;
    const char *text;
} at_fault;

static const at_fault no_length = {411, "411: a form comes with its length.\n"};
static const at_fault no_number = {400, "400: a form's length is a number.\n"};
static const at_fault too_large = {413, "413: the form is too large.\n"};
static const at_fault too_far = {414, "414: the address is too long.\n"};
static const at_fault too_much = {
    431, "431: the headers are too long. Are there many cookies for this name?\n"};

/* The connection ends with it: what is still to come is not waited for. */
static int refuse_unread(struct lws *wsi, at_reply *r, const at_fault *f)
{
    const at_heading h = {.type = "text/plain; charset=utf-8", .last = 1};

    return reply(wsi, r, f->code, &h, (const uint8_t *)f->text, strlen(f->text));
}

/* NULL: none. */
static const at_fault *fault_of_headers(struct lws *wsi)
{
    int address = 0, rest = 0;

    for (int i = 0; i < WSI_TOKEN_COUNT; i++) {
        const enum lws_token_indexes which = (enum lws_token_indexes)i;
        const int of_address = which == WSI_TOKEN_GET_URI || which == WSI_TOKEN_POST_URI ||
                               which == WSI_TOKEN_HTTP_URI_ARGS;
        *(of_address ? &address : &rest) += lws_hdr_total_length(wsi, which);
    }
    return address > ASKED_MOST ? &too_far : rest > ASKED_MOST ? &too_much : NULL;
}

/* Of one that brings a form. NULL: none. */
static const at_fault *fault_of_form(struct lws *wsi)
{
    char length[24];

    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 ||
        !take_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length, sizeof length))
        return &no_length;
    if (!*length || length[strspn(length, "0123456789")])
        return &no_number;
    return strtoull(length, NULL, 10) > AT_FORM_MOST ? &too_large : NULL;
}

/* ---- kept sessions --------------------------------------------------------------------------- */

static int is_method(struct lws *wsi, enum lws_token_indexes uri)
{
    return lws_hdr_total_length(wsi, uri) > 0;
}

static const attune_sink_info *sink_of(const char *file)
{
    const attune_sink_info *sink;

    for (int i = 0; (sink = attune_sink_at(i)); i++)
        if (strcmp(sink->file, file) == 0 && !sink->sightings)
            return sink;
    return NULL;
}

/* "3", or "3/report.html". 0: it is none. */
static int take_session(const char *path, int deletes, at_asking *out)
{
    size_t digits = strspn(path, "0123456789");

    out->id = digits > 0 && digits < 18 ? strtoll(path, NULL, 10) : 0;
    out->wish = deletes ? AT_WISH_DELETE : AT_WISH_SESSION;
    if (path[digits] == '/' && !deletes) {
        out->wish = AT_WISH_FILE;
        out->sink = sink_of(path + digits + 1);
        return out->id > 0 && out->sink;
    }
    return out->id > 0 && !path[digits];
}

/* What a path of the archive's asks for. 0: it is none. */
static int take_asking(struct lws *wsi, const char *path, at_asking *out)
{
    static const char one[] = "/sessions/";
    int deletes = is_method(wsi, WSI_TOKEN_DELETE_URI);

    *out = (at_asking){.wish = AT_WISH_TRENDS};
    if (strcmp(path, "/trends") == 0)
        return !deletes;
    out->wish = AT_WISH_FILES;
    if (strcmp(path, "/files") == 0)
        return !deletes;
    out->wish = deletes ? AT_WISH_DELETE_ALL : AT_WISH_SESSIONS;
    if (strcmp(path, "/sessions") == 0)
        return 1;
    return strncmp(path, one, sizeof one - 1) == 0 &&
           take_session(path + sizeof one - 1, deletes, out);
}

static int ask(struct lws *wsi, at_reply *r, const at_asking *asking)
{
    r->question = at_archive_ask(at_server_of(wsi)->archive, asking);
    if (!r->question)
        return refuse(wsi, r, HTTP_STATUS_SERVICE_UNAVAILABLE, later);
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0); /* it takes as long as it takes */
    return 0;
}

static const char *type_of(const char *file)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".json", "application/json"},
        {".csv", "text/csv; charset=utf-8"},
        {".vtt", "text/vtt; charset=utf-8"},
        {".eaf", "application/xml"},
        {".pdf", "application/pdf"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
    };
    const char *ending = strrchr(file, '.');

    for (size_t i = 0; ending && i < sizeof types / sizeof *types; i++)
        if (strcmp(ending, types[i].ending) == 0)
            return types[i].type;
    return "text/plain; charset=utf-8";
}

/* A report is shown; the other files are for other programs. */
static at_heading heading_of(const at_answer *a)
{
    at_heading h = {.type = "application/json", .session = a->asked.id};
    const attune_sink_info *sink = a->asked.sink;

    if (!sink)
        return h;
    h.type = type_of(sink->file);
    if (strcmp(sink->name, "html") == 0)
        h.policy = report_policy;
    else
        h.file = sink->file;
    return h;
}

/* Says what the archive has answered, if it has. */
static int answer_question(struct lws *wsi, at_reply *r)
{
    at_answer a;
    at_heading h;

    if (!at_archive_answer(at_server_of(wsi)->archive, r->question, &a))
        return 0;
    r->question = NULL;
    r->owned = a.body;
    h = heading_of(&a);
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, TAKING_S + (int)(a.size / POOR_LINE));
    if (a.code != HTTP_STATUS_OK)
        return refuse(wsi, r, a.code, a.code == HTTP_STATUS_NOT_FOUND ? missing : unavailable);
    return reply(wsi, r, a.code, &h, (const uint8_t *)a.body, a.size);
}

void at_http_look(at_server *s)
{
    lws_callback_on_writable_all_protocol_vhost(s->vhost,
                                                lws_vhost_name_to_protocol(s->vhost, "http"));
}

static void forget_reply(struct lws *wsi, at_reply *r)
{
    at_archive_drop(at_server_of(wsi)->archive, r->question);
    free(r->owned);
    free(r->form);
    *r = (at_reply){0};
}

/* ---- launches -------------------------------------------------------------------------------- */

static const char login_path[] = "/lti/login", launch_path[] = "/lti/launch";

static int is_of_launch(const at_server *s, const char *path)
{
    return s->launch && (strcmp(path, login_path) == 0 || strcmp(path, launch_path) == 0);
}

static int answer_launch(struct lws *wsi, at_reply *r, const at_launch_reply *said)
{
    const at_heading h = {.type = "text/plain; charset=utf-8",
                          .location = *said->location ? said->location : NULL,
                          .cookie = *said->cookie ? said->cookie : NULL};

    r->owned = strdup(said->text);
    if (!r->owned)
        return -1;
    return reply(wsi, r, said->code, &h, (const uint8_t *)r->owned, strlen(r->owned));
}

static int take_form(struct lws *wsi, at_reply *r, const char *path)
{
    at_launch_reply said;
    char cookies[COOKIES];
    const char *held = take_header(wsi, WSI_TOKEN_HTTP_COOKIE, cookies, sizeof cookies);

    if (strcmp(path, login_path) == 0)
        at_launch_login(at_server_of(wsi)->launch, r->form, r->form_size, at_now_us(), &said);
    else
        at_launch_enter(at_server_of(wsi)->launch, r->form, r->form_size, held, at_now_us(),
                        (int64_t)time(NULL), &said);
    free(r->form);
    r->form = NULL;
    return answer_launch(wsi, r, &said);
}

/* What an address holds behind its '?', as a form. 0: it is too much. */
static int take_arguments(struct lws *wsi, char *form)
{
    char pair[4096];

    *form = 0;
    for (int i = 0; lws_hdr_copy_fragment(wsi, pair, sizeof pair, WSI_TOKEN_HTTP_URI_ARGS, i) > 0;
         i++) {
        char *value = strchr(pair, '=');
        if (value)
            *value++ = 0;
        if (!at_form_add(form, AT_FORM_MOST, pair, value ? value : ""))
            return 0;
    }
    return 1;
}

/* A login comes by either method; a launch in a form alone, which is still to come. */
static int begin_launch(struct lws *wsi, at_reply *r, const char *path)
{
    const int posted = is_method(wsi, WSI_TOKEN_POST_URI);
    const at_fault *fault = posted ? fault_of_form(wsi) : NULL;

    if (fault)
        return refuse_unread(wsi, r, fault);
    if (!posted && (strcmp(path, login_path) != 0 || !is_method(wsi, WSI_TOKEN_GET_URI)))
        return refuse(wsi, r, HTTP_STATUS_METHOD_NOT_ALLOWED, not_so);
    r->form = malloc(AT_FORM_MOST);
    if (!r->form)
        return refuse(wsi, r, HTTP_STATUS_SERVICE_UNAVAILABLE, later);
    r->form_size = 0;
    if (posted)
        return 0;
    if (!take_arguments(wsi, r->form))
        return refuse_unread(wsi, r, &too_far);
    r->form_size = strlen(r->form);
    return take_form(wsi, r, path);
}

static int take_form_piece(at_reply *r, const void *in, size_t len)
{
    if (!r->form)
        return 0;
    if (len > AT_FORM_MOST - r->form_size)
        return -1;
    memcpy(r->form + r->form_size, in, len);
    r->form_size += len;
    return 0;
}

static int end_form(struct lws *wsi, at_reply *r)
{
    char path[32] = "";

    if (!r->form)
        return 0;
    lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_POST_URI);
    return take_form(wsi, r, path);
}

/* ---- who asks ---------------------------------------------------------------------------------- */

typedef enum at_right {
    AT_NOBODY,
    AT_LAUNCHED, /* for a live session of their own, and nothing that is kept */
    AT_OWNER,
} at_right;

static at_right right_of(const at_server *s, const at_request *r)
{
    const at_verdict verdict = at_access_judge(&s->access, r);

    if (verdict == AT_ALLOWED)
        return AT_OWNER;
    return verdict == AT_WRONG_TOKEN && at_launch_has_pass(s->launch, r->cookie, at_now_us())
               ? AT_LAUNCHED
               : AT_NOBODY;
}

int at_http_is_launched(struct lws *wsi)
{
    at_asked a;

    take_request(wsi, &a);
    return right_of(at_server_of(wsi), &a.request) == AT_LAUNCHED;
}

/* ---- requests ------------------------------------------------------------------------------ */

static int is_reading(struct lws *wsi)
{
    return is_method(wsi, WSI_TOKEN_GET_URI) || is_method(wsi, WSI_TOKEN_HEAD_URI);
}

static int answer(struct lws *wsi, at_reply *r, const char *path)
{
    const at_server *s = at_server_of(wsi);
    char cookie[AT_TOKEN_MOST + 96];
    const at_page *page;
    at_heading h = {0};
    at_asking asking;
    const at_fault *fault = fault_of_headers(wsi);
    at_right right;
    at_asked a;

    forget_reply(wsi, r);
    if (fault)
        return refuse_unread(wsi, r, fault);
    take_request(wsi, &a);
    if (is_of_launch(s, path) && at_access_judge(&s->access, &a.request) != AT_WRONG_HOST)
        return begin_launch(wsi, r, path);
    right = right_of(s, &a.request);
    if (right == AT_NOBODY)
        return refuse(wsi, r, HTTP_STATUS_FORBIDDEN, refused);
    if (right == AT_OWNER && s->archive &&
        (is_reading(wsi) || is_method(wsi, WSI_TOKEN_DELETE_URI)) &&
        take_asking(wsi, path, &asking))
        return ask(wsi, r, &asking);
    if (!is_reading(wsi))
        return refuse(wsi, r, HTTP_STATUS_METHOD_NOT_ALLOWED, not_so);
    page = at_page_find(path);
    if (!page)
        return refuse(wsi, r, HTTP_STATUS_NOT_FOUND, missing);
    h.type = page->type;
    h.cookie = make_cookie(s, &a, cookie, sizeof cookie);
    return reply(wsi, r, HTTP_STATUS_OK, &h, page->data, page->size);
}

/* Whether a request for a WebSocket is one for a live session; else it is answered. lws: 0 goes on, > 0
 * was answered. */
static int judge_upgrade(struct lws *wsi, const char *what)
{
    const at_server *s = at_server_of(wsi);
    char path[16] = "", protocol[64] = "";
    static const char text[] = "403\n";
    const at_heading h = {.type = "text/plain"};
    uint8_t body[LWS_PRE + sizeof text];
    at_asked a;

    take_request(wsi, &a);
    if (right_of(s, &a.request) != AT_NOBODY && !strcasecmp(what, "websocket") &&
        lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI) > 0 && !strcmp(path, "/live") &&
        lws_hdr_copy(wsi, protocol, sizeof protocol, WSI_TOKEN_PROTOCOL) > 0 &&
        !strcmp(protocol, AT_WIRE_PROTOCOL))
        return 0;
    memcpy(body + LWS_PRE, text, sizeof text);
    if (write_headers(wsi, HTTP_STATUS_FORBIDDEN, &h, sizeof text - 1) ||
        lws_write(wsi, body + LWS_PRE, sizeof text - 1, LWS_WRITE_HTTP_FINAL) < 0)
        return -1;
    return 1;
}

static int go_on(struct lws *wsi, at_reply *r)
{
    return r->question ? answer_question(wsi, r) : write_body(wsi, r);
}

/* With the last descriptor gone the loop would ask again and again for a connection that it cannot have:
 * what is too much is hung up on before. */
static int is_let_in(const at_server *s)
{
    return !s->stopping && s->connections < s->connections_most;
}

int at_http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                     size_t len)
{
    switch (reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION: return !is_let_in(at_server_of(wsi));
    case LWS_CALLBACK_WSI_CREATE: at_server_of(wsi)->connections++; return 0;
    case LWS_CALLBACK_WSI_DESTROY: at_server_of(wsi)->connections--; return 0;
    case LWS_CALLBACK_HTTP: return answer(wsi, user, in);
    case LWS_CALLBACK_HTTP_BODY: return take_form_piece(user, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION: return end_form(wsi, user);
    case LWS_CALLBACK_HTTP_WRITEABLE: return go_on(wsi, user);
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
        if (user)
            forget_reply(wsi, user);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return judge_upgrade(wsi, in);
    /* a WebSocket without our subprotocol does not get this far */
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: return 1;
    default: return 0;
    }
}
