/* Hostile clients: what a message says is within the protocol, or it is refused; a request is let in with
 * the token alone; a JPEG is a picture within its limits, or an error in words. The first byte says which. */
#include "fuzz.h"

#include "media/media.h"
#include "serve/access.h"
#include "serve/wire.h"

#include <math.h>
#include <string.h>

enum { W = 320, H = 240 };

static int is_plain(const char *text, size_t size)
{
    return memchr(text, 0, size) != NULL;
}

/* In order of time, of numbers that sums of them stay numbers of. */
static void check_rows(const at_said *s)
{
    FUZZ_CHECK(s->rows >= 1 && s->rows <= AT_WIRE_ROWS);
    FUZZ_CHECK(s->columns >= 1 && s->columns <= ATTUNE_MAX_SIGNALS);
    for (int i = 0; i < s->rows; i++) {
        const at_row *r = &s->row[i];
        FUZZ_CHECK(r->t_us >= (i ? r[-1].t_us : 0) && r->t_us <= AT_WIRE_TIME_MOST);
        for (int k = 0; k < s->columns; k++)
            FUZZ_CHECK(isnan(r->value[k]) || fabs((double)r->value[k]) <= AT_WIRE_VALUE_MOST);
    }
}

static void read_text(const char *data, size_t size)
{
    at_said s;
    const char *fault = at_wire_read_text(data, size, &s);

    if (fault) {
        FUZZ_CHECK(*fault);
        return;
    }
    FUZZ_CHECK((int)s.kind >= 0 && s.kind <= AT_SAID_END);
    FUZZ_CHECK(is_plain(s.resume, sizeof s.resume) && is_plain(s.consent, sizeof s.consent));
    FUZZ_CHECK(strspn(s.resume, "0123456789abcdef") == strlen(s.resume));
    FUZZ_CHECK(s.kind != AT_SAID_KEEP || *s.consent);
    FUZZ_CHECK((int)s.stream >= 0 && s.stream < AT_STREAMS);
    if (s.kind == AT_SAID_SIGNAL)
        check_rows(&s);
    FUZZ_CHECK(s.kind != AT_SAID_CHAT || (is_plain(s.text, sizeof s.text) && *s.text));
    FUZZ_CHECK(s.t_us >= 0 && s.t_us <= AT_WIRE_TIME_MOST);
}

static void read_binary(const uint8_t *data, size_t size)
{
    at_sent s;
    int too_large;
    const char *fault = at_wire_read_binary(data, size, &s, &too_large);

    FUZZ_CHECK(!too_large || fault);
    if (fault)
        return;
    FUZZ_CHECK(s.data == data + AT_WIRE_HEADER && s.size == size - AT_WIRE_HEADER && s.size > 0);
    FUZZ_CHECK(s.t_us >= 0 && s.t_us <= AT_WIRE_TIME_MOST);
    FUZZ_CHECK(s.stream == AT_STREAM_VIDEO || (s.size % 2 == 0 && s.size <= AT_WIRE_SOUND_MOST));
}

/* Five header values with newlines between, those that are empty not there. Whoever is let in names the token somewhere. */
static void judge(const char *data, size_t size)
{
    static const char token[] = "0123456789abcdef0123456789abcdef";
    at_access a = {0};
    char text[1024], *value[5], *next = text;

    size = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, size);
    text[size] = 0;
    memcpy(a.token, token, sizeof token);
    at_access_serve(&a, "127.0.0.1", 8765, 0);
    for (int i = 0; i < 5; i++)
        value[i] = next ? strsep(&next, "\n") : NULL;
    for (int i = 0; i < 5; i++)
        value[i] = value[i] && *value[i] ? value[i] : NULL;
    const at_request r = {value[0], value[1], value[2], value[3], value[4]};
    if (at_access_judge(&a, &r) != AT_ALLOWED)
        return;
    FUZZ_CHECK(value[0] && strstr(value[0], ":8765"));
    FUZZ_CHECK((value[2] && strstr(value[2], token)) || (value[3] && strstr(value[3], token)) ||
               (value[4] && strcmp(value[4], token) == 0));
}

static void read_jpeg(const uint8_t *data, size_t size)
{
    at_media_kept kept = {0};
    attune_error err = {0};
    static at_media_jpegs *jpegs;
    const at_media_jpegs_options o = {W, H, SIZE_MAX, 1};
    if (!jpegs)
        FUZZ_CHECK(at_media_jpegs_open(&jpegs, &o, &err) == ATTUNE_OK);
    int rc = at_media_jpegs_decode(jpegs, data, size, &kept, &err);
    const attune_picture *p = &kept.packet.picture;

    if (rc < 0) {
        FUZZ_CHECK(rc == (int)err.status && err.text[0]);
        FUZZ_CHECK(rc == ATTUNE_E_FORMAT || rc == ATTUNE_E_UNSUPPORTED || rc == ATTUNE_E_NOMEM);
    } else {
        FUZZ_CHECK(p->w >= 1 && p->w <= W && p->h >= 1 && p->h <= H && p->plane[0]);
        for (int y = 0; y < p->h; y++) /* the sanitizer looks at each byte */
            FUZZ_CHECK(p->plane[0][y * p->stride[0]] + p->plane[0][y * p->stride[0] + p->w - 1] >=
                       0);
    }
    at_media_let_go(&kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0] % 4) {
    case 0: read_text((const char *)data + 1, size - 1); break;
    case 1: read_binary(data + 1, size - 1); break;
    case 2: judge((const char *)data + 1, size - 1); break;
    default: read_jpeg(data + 1, size - 1); break;
    }
    return 0;
}
