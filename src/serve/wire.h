/* wire.h - the messages of a live session, version 1 (docs/live.md is their contract). Pure: bytes
 * in, values out, and the other way round. Everything that comes in is a stranger's.
 */
#ifndef AT_SERVE_WIRE_H
#define AT_SERVE_WIRE_H

#include <attune/attune.h>

#define AT_WIRE_PROTOCOL "attune.v1"
enum {
    AT_WIRE_VERSION = 1,
    AT_WIRE_HEADER = 16,              /* bytes of a binary message before what it carries */
    AT_WIRE_TEXT_MOST = 4 << 10,      /* bytes of a text message */
    AT_WIRE_PICTURE_MOST = 512 << 10, /* bytes of a JPEG */
    AT_WIRE_SOUND_RATE = 16000,       /* samples a second, s16le, mono */
    AT_WIRE_SOUND_MOST = 2 * AT_WIRE_SOUND_RATE, /* bytes of one message: a second */
    AT_WIRE_BINARY_MOST = AT_WIRE_HEADER + AT_WIRE_PICTURE_MOST,
    AT_WIRE_ID_SIZE = 33, /* 32 hexadecimal digits */
    AT_WIRE_CONSENT_SIZE = 65,
    AT_WIRE_ROWS = 64, /* of a signal, in one message */
};
#define AT_WIRE_VALUE_MOST 1e9                       /* of a signal, either way */
#define AT_WIRE_TIME_MOST  INT64_C(9000000000000000) /* us; the session's own limit */

/* Those up to AT_STREAMS are captured, come as bytes and are waited for; the others lie beside them. */
typedef enum at_stream {
    AT_STREAM_VIDEO,
    AT_STREAM_AUDIO,
    AT_STREAMS,
    AT_STREAM_SIGNAL = AT_STREAMS,
    AT_STREAM_CHAT,
    AT_ALL_STREAMS
} at_stream;

/* ---- from the client ----------------------------------------------------------------------- */

typedef enum at_said_kind {
    AT_SAID_HELLO,
    AT_SAID_STREAM,
    AT_SAID_KEEP,
    AT_SAID_FORGET,
    AT_SAID_SIGNAL,
    AT_SAID_CHAT,
    AT_SAID_END,
} at_said_kind;

/* A row of the signal: a value for each column, NaN where there is none. */
typedef struct at_row {
    int64_t t_us;
    float value[ATTUNE_MAX_SIGNALS];
} at_row;

typedef struct at_said {
    at_said_kind kind;
    int version;                        /* hello */
    int on[AT_STREAMS];                 /* hello: which there are */
    char resume[AT_WIRE_ID_SIZE];       /* hello: "" or an id */
    int never_keep;                     /* hello: "keep" is false */
    at_stream stream;                   /* stream: which went or came */
    int there;                          /* stream */
    char consent[AT_WIRE_CONSENT_SIZE]; /* keep: version of the text that was agreed to */
    int rows, columns;                  /* signal: rows, in order of time, each of so many values */
    at_row row[AT_WIRE_ROWS];
    int64_t t_us;                 /* chat: when it was sent */
    char text[AT_WIRE_TEXT_MOST]; /* chat: what, UTF-8 */
} at_said;

/* NULL: *out is filled; else what is wrong, for a person. */
const char *at_wire_read_text(const char *text, size_t size, at_said *out);

/* A picture or a stretch of sound; data lies in the message. */
typedef struct at_sent {
    at_stream stream;
    uint32_t sequence;
    int64_t t_us;
    const uint8_t *data;
    size_t size;
} at_sent;

/* The same. *too_large: it is, and nothing else. */
const char *at_wire_read_binary(const void *message, size_t size, at_sent *out, int *too_large);

/* What a binary message's first byte or bytes allow it to be long; before all of it is there. */
size_t at_wire_most(const void *message, size_t size, int binary);

/* ---- to the client: text (free), or NULL when memory is out --------------------------------- */

typedef enum at_refusal {
    AT_REFUSED_BUSY,
    AT_REFUSED_PROTOCOL,
    AT_REFUSED_TOO_LARGE,
    AT_REFUSED_TOO_FAST,
    AT_REFUSED_IDLE,
    AT_REFUSED_VERSION,
    AT_REFUSED_INTERNAL,
    AT_REFUSED_FULL,
} at_refusal;

/* The WebSocket close code that goes with a refusal: 1008, 1009, 1011 or 1013. */
int at_wire_close_code(at_refusal why);

typedef struct at_welcome {
    const char *session;
    int resumed, store;
    const attune_options *options; /* as opened, nothing left at 0 */
    int width_max, height_max;
    const char *model;     /* its name; options->beside (nullable) is told of, too */
    const char *precision; /* what it computes in, NULL: f32 */
} at_welcome;

/* How a live session does; see docs/live.md. */
typedef struct at_standing {
    int64_t t_us, lag_us;
    int queued;
    int64_t dropped_frames, dropped_sound_us, lost_windows;
    int64_t dropped_beside; /* rows and messages; < 0: none are taken */
    unsigned hints;         /* hints.h */
} at_standing;

char *at_wire_welcome(const at_welcome *w);
char *at_wire_window(const char *line, size_t size); /* a line of timeline.jsonl, with its end */
char *at_wire_state(const at_standing *s);
/* summary.json's text; kept: the session is, to its end. */
char *at_wire_ended(const char *summary, int kept);
char *at_wire_kept(const char *session);
char *at_wire_forgotten(void);
char *at_wire_error(at_refusal why, const char *text);

#endif
