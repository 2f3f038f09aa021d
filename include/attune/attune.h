/* attune.h - expression and learning-state estimates over time from face video and speech.
 *
 * The stable run-time interface. A model is loaded once and shared; a session takes timed
 * video frames and timed audio and gives back windows: what was perceived over the last few
 * seconds, how far each stream could be trusted, and whether the estimate is withheld.
 *
 * Names    attune_<object>_<verb>; types attune_<object>; constants ATTUNE_*.
 * Errors   int results: >= 0 done, < 0 an attune_status; err (nullable) receives the text.
 *          Nothing a caller passes in makes the library exit, abort or print.
 * Owning   out parameters belong to the caller; x_free(&p) takes NULL and leaves NULL.
 *          Other pointers are borrowed for the call unless marked [kept].
 * Threads  a model is immutable: share it. A session: one thread at a time.
 * Sizes    structs keep theirs between versions: new members take the place of reserved ones, which
 *          a caller leaves zero and does not read. Arrays by modality have room for more of them.
 * Units    time int64 microseconds from the start; audio f32 mono 16 kHz in [-1, 1];
 *          video RGB24, rows top to bottom.
 *
 * Estimates speak of perceived expression, not of inner state. In the EU, inferring the
 * emotions of people in education institutions is prohibited outside medical and safety
 * uses (Regulation (EU) 2024/1689, Art. 5(1)(f)).
 */
#ifndef ATTUNE_ATTUNE_H
#define ATTUNE_ATTUNE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "0.2.0" and the like. Static storage. */
const char *attune_version(void);

typedef enum attune_status {
    ATTUNE_OK = 0,
    ATTUNE_E_NOMEM = -1,       /* an allocation failed */
    ATTUNE_E_IO = -2,          /* a file could not be opened, read or written */
    ATTUNE_E_FORMAT = -3,      /* a file is not what it should be, or is damaged */
    ATTUNE_E_UNSUPPORTED = -4, /* valid, but beyond what attune handles */
    ATTUNE_E_ARG = -5,         /* a caller's argument is out of range */
    ATTUNE_E_INTERRUPTED = -6, /* a callback asked to stop */
    ATTUNE_E_STATE = -7,       /* not now: windows wait to be taken, or the input has ended */
} attune_status;

/* Filled on failure by calls that take one; text is NUL-terminated, one line, no newline. */
typedef struct attune_error {
    attune_status status;
    char text[512];
} attune_error;

/* ---- pictures ------------------------------------------------------------------------- */

/* How pixels lie in memory, plane by plane. */
typedef enum attune_format {
    ATTUNE_RGB,  /* bytes R G B */
    ATTUNE_BGR,  /* bytes B G R */
    ATTUNE_RGBA, /* bytes R G B A; A is not looked at */
    ATTUNE_BGRA,
    ATTUNE_GREY, /* bytes of luma */
    ATTUNE_NV12, /* Y; then U V in turns for every 2 x 2 pixels */
    ATTUNE_I420, /* Y; U, V for every 2 x 2 pixels */
    ATTUNE_I422, /* Y; U, V for every 2 pixels of a row */
    ATTUNE_I444, /* Y; U; V */
    ATTUNE_FORMATS
} attune_format;

typedef enum attune_matrix {
    ATTUNE_BT601,
    ATTUNE_BT709,
    ATTUNE_BT2020,
    ATTUNE_MATRICES
} attune_matrix;

typedef enum attune_range {
    ATTUNE_RANGE_USUAL,   /* full for grey pictures, limited for the others */
    ATTUNE_RANGE_LIMITED, /* luma 16..235, chroma 16..240 */
    ATTUNE_RANGE_FULL
} attune_range;

/* A picture in memory that belongs to someone else, as it came: what is not looked at is never
 * converted. Zero is the default for every field but w, h, plane and stride. */
typedef struct attune_picture {
    attune_format format;
    int w, h;                /* pixels as stored, 1..16384; chroma planes are rounded up */
    const uint8_t *plane[3]; /* each at the row that is shown first */
    ptrdiff_t stride[3];     /* bytes from a row to the one below; negative: stored bottom up */
    attune_matrix matrix;    /* of Y, U and V */
    attune_range range;      /* of Y, U and V */
    int orientation;         /* how to make it upright, as EXIF numbers it, 1..8; 0: 1, as it is */
    int aspect_num, aspect_den; /* a pixel's width by its height; 0: square */
} attune_picture;

/* ---- sound ---------------------------------------------------------------------------- */

enum {
    ATTUNE_MIN_RATE = 2000, /* samples a second */
    ATTUNE_MAX_RATE = 768000,
    ATTUNE_MAX_CHANNELS = 64,
};

typedef enum attune_sample { ATTUNE_F32, ATTUNE_S16, ATTUNE_SAMPLES } attune_sample;

/* A stretch of sound that belongs to someone else; the channels' samples in turns. */
typedef struct attune_sound {
    attune_sample sample;
    int rate, channels;
    const void *data; /* (n x channels), of the machine's byte order; any alignment */
    size_t n;         /* samples of each channel, at most a second's: n <= rate */
} attune_sound;

/* ---- what a window says --------------------------------------------------------------- */

/* The emotion set that both streams share and the fusion speaks (order of emotion7[]). */
enum {
    ATTUNE_NEUTRAL,
    ATTUNE_HAPPY,
    ATTUNE_SAD,
    ATTUNE_ANGRY,
    ATTUNE_FEARFUL,
    ATTUNE_DISGUSTED,
    ATTUNE_SURPRISED,
    ATTUNE_EMOTIONS
};
/* Learning states, each an ordered level 0..ATTUNE_LEVELS-1 (order of state4[]). */
enum {
    ATTUNE_BOREDOM,
    ATTUNE_ENGAGEMENT,
    ATTUNE_CONFUSION,
    ATTUNE_FRUSTRATION,
    ATTUNE_STATES,
    ATTUNE_LEVELS = 4
};
/* engagement3[]. */
enum { ATTUNE_DISENGAGED, ATTUNE_PARTIAL, ATTUNE_ENGAGED, ATTUNE_ENGAGEMENTS };
/* Modalities: index into reliability[] and weight[], and bit number in used. Those up to ATTUNE_MODALITIES answer by
 * themselves; the others only a fusion hears that was trained with them, and elsewhere their figures are 0. */
enum {
    ATTUNE_FACE,
    ATTUNE_VOICE,
    ATTUNE_MODALITIES,
    ATTUNE_SIGNAL = ATTUNE_MODALITIES,
    ATTUNE_CHAT,
    ATTUNE_STREAMS,
    ATTUNE_MAX_MODALITIES = 8
};

/* English names in the orders above, lower case. Static storage. */
extern const char *const attune_emotion_names[ATTUNE_EMOTIONS];
extern const char *const attune_state_names[ATTUNE_STATES];
extern const char *const attune_engagement_names[ATTUNE_ENGAGEMENTS];
/* Facial movements: ARKit's blendshapes, as MediaPipe's face landmarker names and orders them (its
 * constant _neutral and what it lacks, tongueOut, left out), and the action unit of the Facial Action
 * Coding System that each comes nearest to, 0: none. */
enum { ATTUNE_UNITS = 51 };
typedef struct attune_unit {
    const char *name; /* "browDownLeft": left is the person's own */
    int au;
} attune_unit;
extern const attune_unit attune_units[ATTUNE_UNITS];
/* Of the levels of a learning state, as those who labelled them were told: "very low", ... */
extern const char *const attune_level_names[ATTUNE_LEVELS];
/* "face", "voice", "signal", "chat"; NULL past the last. Static storage. */
const char *attune_modality_name(int i);

/* Measures of the input, mean over the window's frames. NaN where there was nothing to measure. */
typedef struct attune_quality {
    float sharpness;      /* [0,1] 1 = as sharp as a clean, close face */
    float brightness;     /* [0,1] mean luma of the face */
    float contrast;       /* [0,1] deviation of the face's luma, times 2 */
    float face_size;      /* pixels between the eyes' midpoint and the mouth's, in the source */
    float detector_score; /* [0,1] */
    float coverage;       /* [0,1] share of the face judged covered (hand, mask, hair) or, as
                           * it is known, outside the picture */
    float face_share;     /* [0,1] share of the window's frames with this face */
    float snr_db;         /* estimated signal-to-noise ratio of the voice, dB */
    float speech_share;   /* [0,1] share of the window with speech */
    float yaw;            /* degrees, estimated: > 0 the face looks to the picture's right */
    float pitch;          /* > 0 up */
    float roll;           /* (-180,180] clockwise in the picture; 0 upright */
    float reserved[13];
} attune_quality;

/* What was recorded beside pictures and sound: signals (heart rate, skin conductance, clicks) in columns of numbers, and
 * a chat. Of the recording, and not of one face: the same in all windows that end together. */
enum {
    ATTUNE_MAX_SIGNALS = 8,   /* columns */
    ATTUNE_SIGNAL_BYTES = 23, /* of a column's name, with its end: letters, digits, '_', '-', '.' */
    ATTUNE_MAX_MESSAGE = 65536 /* bytes of one message */
};

/* A column over a window. A value holds until the next one, but no longer than twice the time that lies between values
 * as a rule, 1 to 30 s: figures are by the time that values hold. NaN where there is nothing to tell it from. */
typedef struct attune_signal {
    float mean;      /* in the column's own unit; of one that counts events: events a second */
    float slope;     /* units a second, least squares */
    float deviation; /* standard, within the window */
    float coverage;  /* [0,1] share of the window that values hold for */
    float z;         /* how far mean lies over what is usual, in deviations of that */
    uint32_t reserved[3];
} attune_signal;

typedef struct attune_beside {
    int signals; /* columns, in the order of attune_beside_setup; 0: no signal is recorded */
    attune_signal signal[ATTUNE_MAX_SIGNALS];
    int messages; /* of the chat, sent within the window; -1: no chat is recorded */
    /* [0,1] How far the messages speak of each, the most that any of them does; 0 where none does */
    float chat_emotion7[ATTUNE_EMOTIONS], chat_state4[ATTUNE_STATES];
    int unread; /* of those messages, in no language that attune reads: nothing can be told of them */
    uint64_t reserved[8];
} attune_beside;

/* One face over one window. With no face at all, one window with track 0 still comes out; so it does
 * beside those of several faces, last and with the voice only, when the voice is surely none of
 * theirs or nobody can say whose. */
typedef struct attune_window {
    /* Longer apart than window_s only over a gap, a time without any input, which one window has all of */
    int64_t start_us, end_us;
    uint32_t track; /* of a person: 1, 2, 3 as windows first tell of them; 0: no face seen */
    unsigned used;  /* bit (1u << ATTUNE_FACE), (1u << ATTUNE_VOICE) */
    /* [0,1] How likely the answer that each modality gives by itself is right, by all that was used;
     * fading to 0 where its input was hardly fit to be judged; 0 when absent */
    float reliability[ATTUNE_MAX_MODALITIES];
    float weight[ATTUNE_MAX_MODALITIES]; /* fusion weights, sum 1, or all 0 */
    int abstain;                         /* 1: too little to go on, or no emotion likely enough;
                                          * probabilities are a record, not an estimate */
    float emotion7[ATTUNE_EMOTIONS];     /* calibrated, sum 1 (uniform if nothing was used) */
    int has_state;                       /* state4 and engagement3 were estimated (face) */
    float state4[ATTUNE_STATES][ATTUNE_LEVELS]; /* calibrated, each row sums to 1 */
    float engagement3[ATTUNE_ENGAGEMENTS];      /* calibrated, sum 1 */
    float box[4];                               /* x, y, w, h of the face at the last sighting in
                                                 * source pixels; zeros without a face */
    attune_quality quality;
    float seen[ATTUNE_MAX_MODALITIES]; /* [0,1] share of the time since the window before (the
                                        * last hop) in which this face was found, and in which
                                        * sound stood out as speech does (music may, too: see
                                        * reliability); 0 where the stream is not there */
    float any_face; /* [0,1] the same for whichever face, of this window or not */
    /* What was taken out because it is usual for this person: by how much more than in other people
     * the logarithm of each emotion's probability was raised, whatever they showed; and how many
     * seconds of good input it is known from. Zeros with no_baseline */
    float offset[ATTUNE_EMOTIONS], baseline_s;
    /* [0,1] How far each facial movement is made, mean over the sightings; NaN without a face, or with
     * a model that does not know of them */
    float unit[ATTUNE_UNITS];
    /* [0,1] How fit each modality's input was to be judged: how much like the clean input that it was
     * calibrated on, how good by the measures, how much of the window it covers; 0 when absent */
    float condition[ATTUNE_MAX_MODALITIES];
    uint32_t reserved_first;
    /* NULL: nothing is recorded beside. Lives until the next call on the session, or of a callback until it returns */
    const attune_beside *beside;
    uint32_t reserved[5];
} attune_window;

/* ---- model, session -------------------------------------------------------------------- */

typedef struct attune_model attune_model;
typedef struct attune_session attune_session;

#define ATTUNE_DEFAULT_RATE     8.0
#define ATTUNE_DEFAULT_WINDOW_S 3.0
#define ATTUNE_DEFAULT_HOP_S    0.5
#define ATTUNE_DEFAULT_LAG_S    1.0
enum {
    ATTUNE_MAX_TRACKS = 16,
    ATTUNE_MAX_THREADS = 1024,
    ATTUNE_DEFAULT_MIN_FACE = 24,
    ATTUNE_MIN_THUMBNAIL = 32,
    ATTUNE_MAX_THUMBNAIL = 256,
    ATTUNE_MAX_PUSH = 16000, /* samples of sound in one push: a second */
};

/* How a live input stands. */
typedef struct attune_live {
    double elapsed_s; /* since it was opened */
    double lag_s;     /* how old the newest input that was analysed is: by the device's clock, or of
                               * an address or a pipe compared with the least that it was */
    int has_video, has_audio; /* something of that stream came in the last 2 s */
    int64_t dropped_frames; /* so far: not analysed because the machine is too slow, or too late for
                               * their windows */
    double late_audio_s;    /* of sound that came too late for its windows */
    int away;               /* a device or an address is gone, and is tried again */
    int breaks;             /* how often one broke off, so far */
    double away_s;          /* how long they were gone in all, without the break that lasts */
    char why[160];          /* of the latest break: a few words, or "" */
    uint64_t reserved[8];
} attune_live;

enum { ATTUNE_LANDMARKS = 5 };
/* The person's right eye, left eye, nose's tip, right and left corner of the mouth: "eye_right", ... */
extern const char *const attune_landmark_names[ATTUNE_LANDMARKS];

/* One face in one picture. Or that there is none that windows tell of: track 0, and the rest is zeros. */
typedef struct attune_sighting {
    int64_t t_us;
    int64_t picture;                     /* number among those that were analysed, from 1 */
    uint32_t track;                      /* whose: as in windows */
    float box[4];                        /* x, y, w, h in source pixels */
    float landmark[ATTUNE_LANDMARKS][2]; /* x, y */
    attune_quality quality;              /* what is measured of a face; the rest NaN */
    /* By this picture alone and before anything is known of the person: as the face would answer by itself.
     * Sum 1; NaN where the model has no face network */
    float emotion7[ATTUNE_EMOTIONS];
    float unit[ATTUNE_UNITS]; /* [0,1]; NaN where the model does not know of them */
    uint32_t reserved[8];
} attune_sighting;

/* What is usual of a column: mean and standard deviation; of one that counts events, events a second (and 0). */
typedef struct attune_signal_usual {
    float mean, deviation;
} attune_signal_usual;

struct attune_log; /* log.h: a file of signals, or of a chat */

/* What comes beside pictures and sound. Zero is the default for every field; all [kept]. */
typedef struct attune_beside_setup {
    const char *const *signals; /* names of the columns, NULL after the last; NULL: no signal */
    unsigned events;            /* bit i: column i counts what happens at a moment (clicks); else a
                                 * value holds until the next */
    const attune_signal_usual
        *usual; /* of each; NULL: learned as the session goes on, from 30 s of it */
    int chat;   /* there will be messages */
    /* of attune_analyze_file alone: where rows and messages come from; signals, events, usual and chat are theirs */
    struct attune_log *signal_log, *chat_log;
    uint64_t reserved[4];
} attune_beside_setup;

/* Zero is the default for every field. */
typedef struct attune_options {
    double rate;     /* analysed frames a second, at most 60; 0: 8 */
    double window_s; /* 0.5..30; 0: 3 */
    double hop_s;    /* 0.05..window_s; 0: 0.5 */
    double lag_s;    /* a stream that is this far behind the other is not waited for, at most 30;
                      * 0: 1. What comes too late is left out of the windows that it missed */
    int max_tracks;  /* faces followed at once, at most ATTUNE_MAX_TRACKS; 0: 1 (the largest,
                      * longest seen) */
    int threads;     /* 0: all cores. Results do not depend on it */
    int no_video, no_audio; /* there will be none: do not wait for it */
    /* of attune_analyze_file alone */
    int live;        /* nothing is waited for that comes later than lag_s; and the path may be an
                      * address (rtsp://, rtmp://, srt://, http://, ...) or a microphone, as mic names
                      * it. Cameras are live anyway */
    int video_track; /* the n-th picture track of the input, from 1; 0: chosen */
    int audio_track; /* the n-th sound track; 0: the one with most speech in its first 20 s */
    int pcm_rate;    /* the input is bare samples (16 bits, little-endian, mono), so many a second,
                      * 2000 to 768000; 0: a file of a kind that says so itself */
    /* of all sessions */
    int min_face;    /* width in pixels of the smallest faces to look for, 12 to 2000; 0:
                   * ATTUNE_DEFAULT_MIN_FACE. The smaller, the longer it takes to find out that
                   * nobody is in view */
    int thumbnails;  /* side in pixels of a small picture of each face that is kept for
                     * attune_session_thumbnail, ATTUNE_MIN_THUMBNAIL to ATTUNE_MAX_THUMBNAIL; 0:
                     * none is. They show people: ask for them only where that is wanted */
    int no_baseline; /* answers as they are: what is usual for a person is not taken out */
    int causal;      /* of attune_analyze_file: every window is told by what came before it, as a
                      * session and live input do. Without: a person's first windows are told once
                      * 30 s of them say what is usual for them, and up to two minutes late */
    /* of attune_analyze_file alone, too */
    const char *mic; /* sound comes from there in the place of the path's own, which is live, on the
                         * same clock: "default", "pulse", "pulse:SOURCE", "alsa", "alsa:DEVICE", or
                         * whatever else path may be. NULL: none */
    double reconnect_s; /* how long a device or an address that breaks off is tried again, more and
                         * more seldom, until the input counts as ended; 0: 30; < 0: not at all.
                         * The session goes on, with a gap of that length */
    void (*on_live)(void *user, const attune_live *x); /* nullable: told of live input several times
                                                        * a second, on the caller's thread */
    void *on_live_user;
    /* Of all sessions. Nullable: told of every picture that was analysed, in order, once the window that
     * tells of it is made, before that is taken: of each of its faces, or once that there is none. On the
     * caller's thread; not to call the session */
    void (*on_sighting)(void *user, const attune_sighting *s);
    void *on_sighting_user;
    /* of attune_analyze_file alone: the input is decoded in this process, and not in a child that can do
     * nothing else (attune_sandbox_at); a note says so */
    int no_sandbox;
    const attune_beside_setup
        *beside; /* of all sessions. NULL: nothing comes beside pictures and sound */
    uint64_t reserved[4];
} attune_options;

/* Loads a safetensors model (path NULL: the default model, see attune_default_model). */
int attune_model_load(attune_model **out, const char *path, attune_error *err);
/* The same for who will analyse files with it: what reading them takes is loaded meanwhile, in a thread of its own
 * that has ended then. Without this attune_analyze_file loads it. */
int attune_model_load_for_files(attune_model **out, const char *path, attune_error *err);
/* The same for who will analyse one file: input, with o (NULL: the default). A child that decodes it is started meanwhile, loads what that
 * takes, instead of this process, and begins. The first attune_analyze_file of that input has what it gives, if its options are the same; with
 * others it reads anew, and what a pipe gave is lost. The thread that calls this has to outlive that. */
int attune_model_load_for_file(attune_model **out, const char *path, const char *input,
                               const attune_options *o, attune_error *err);
void attune_model_free(attune_model **m); /* after its sessions */

typedef enum attune_precision {
    ATTUNE_PRECISION_F32,
    ATTUNE_PRECISION_INT8, /* weights and activations of face network and detector in eight bits */
} attune_precision;
/* What m computes with from now on; before its first session, by one thread. Eight bits need the ranges of
 * its activations, in NAME.int8.safetensors beside NAME.safetensors (`attune train` of a recipe of kind
 * "ranges"): ATTUNE_E_IO without them, ATTUNE_E_FORMAT where they are another model's. */
int attune_model_set_precision(attune_model *m, attune_precision p, attune_error *err);
/* A metadata value of the model file ("licence", "training", ...) or NULL. Lives with m. Of "precision" what m computes
 * with: "int8", or NULL for f32; of "ranges" the digest of the ranges that it then goes by. */
const char *attune_model_meta(const attune_model *m, const char *key);
/* The i-th metadata value and its key; NULL past the end. Live with m. */
const char *attune_model_meta_at(const attune_model *m, int i, const char **key);
/* What a model file holds. */
typedef struct attune_model_facts {
    const char *path; /* lives with m */
    int64_t file_bytes;
    int arrays;
    int64_t values;                          /* in all arrays */
    int has_detector, has_visual, has_audio; /* without a part its stream stays absent */
    uint64_t reserved[8];
} attune_model_facts;
void attune_model_describe(const attune_model *m, attune_model_facts *out);
/* What is usual of a learning state: mean level and deviation, 0..3, of the people that the model
 * learned the states from. */
typedef struct attune_state_usual {
    float mean[ATTUNE_STATES], deviation[ATTUNE_STATES];
} attune_state_usual;
/* The model's own ("state_usual" in its metadata), else DAiSEE's training clips' (m NULL: these). */
void attune_model_state_usual(const attune_model *m /* nullable */, attune_state_usual *out);
/* Path of the default model: $ATTUNE_MODEL, else the installed one, else the build tree's.
 * Static storage; the file need not be there. */
const char *attune_default_model(void);

/* Windows end at every multiple of hop_s, counted from the first input's, and reach window_s
 * back (not before 0); at the end, one more covers a rest of at least half a hop, and an input
 * shorter than that still gives one. A window is ready once both streams have passed its end, or
 * lag. Windows of several faces that end together come in order of first sighting.
 *
 * Memory is bounded: call attune_session_next until it returns 0 after every push. A push that
 * would overwrite what a waiting window needs is refused with ATTUNE_E_STATE and changes
 * nothing. */
int attune_session_open(attune_session **out, const attune_model *m /* [kept] */,
                        const attune_options *o /* nullable */, attune_error *err);
void attune_session_free(attune_session **s);
/* Times count from wherever the caller likes, 0 up to 9e15 (microseconds since 1970 will do), the
 * same for both inputs. Those of pictures must not decrease (ATTUNE_E_ARG). Frames that come faster
 * than the rate are dropped at no cost, evenly by time. Of the others only what is looked at is
 * converted. */
int attune_session_push_picture(attune_session *s, int64_t t_us, const attune_picture *p);
/* The same for RGB24, upright. */
int attune_session_push_video(attune_session *s, int64_t t_us, const uint8_t *rgb, int w, int h,
                              ptrdiff_t stride);
/* t_us: time of pcm[0]; n <= ATTUNE_MAX_PUSH. A gap to the previous push is silence; what lies
 * before its end is dropped, be it an overlap or all of it. */
int attune_session_push_audio(attune_session *s, int64_t t_us, const float *pcm, size_t n);
/* The same for sound of any rate and number of channels: these are averaged, and resampled. Times
 * follow the count of samples; one that is off by more than 40 ms, or another rate or number of
 * channels, begins anew. */
int attune_session_push_sound(attune_session *s, int64_t t_us, const attune_sound *x);
/* What comes beside pictures and sound is not waited for: push what is of a time before the pictures and the sound of
 * that time. So a sensor that is slow, a chat in which nobody writes, and either when it has ended hold up nothing; what
 * comes after its windows were made is counted (attune_counts), and is in those to come alone. Times as above,
 * each of the two by itself. How early it comes changes no window, up to a window and the lag ahead of pictures and sound:
 * memory is bounded, and what runs further ahead is kept coarser, of a chat the latest messages.
 * A row of the signal: value (columns of the setup), NaN where there is none. Of a column that counts events a value under
 * 0 says that nobody counts any more, until the next. */
int attune_session_push_signal(attune_session *s, int64_t t_us, const float *value);
/* A message of the chat: n bytes, at most ATTUNE_MAX_MESSAGE, of anything that claims to be UTF-8. Not kept. */
int attune_session_push_text(attune_session *s, int64_t t_us, const char *text, size_t n);
/* No more input for any stream: what is pending becomes windows. ATTUNE_E_STATE when windows have
 * to be taken first. */
int attune_session_finish(attune_session *s);
/* 1: *out filled; 0: none yet (or, after finish, no more); < 0: out of memory. */
int attune_session_next(attune_session *s, attune_window *out);
/* A face, upright, at the moment that showed it best so far. */
typedef struct attune_thumbnail {
    uint32_t track;     /* whose: as in windows */
    int side;           /* pixels */
    const uint8_t *rgb; /* (side x side x 3), rows top to bottom; lives until the next call on the
                         * session */
    int64_t t_us;       /* of that moment */
    uint64_t reserved[4];
} attune_thumbnail;
/* 1: *out is the i-th face's that windows have told of, by number; 0: there are no more, or the options
 * asked for none. Of at most 64 faces, in memory, and nowhere else unless the caller puts it there. */
int attune_session_thumbnail(const attune_session *s, int i, attune_thumbnail *out);
/* Why the latest call that failed did so: a line, or "" while none has. Lives until the next call
 * on s. */
const char *attune_session_error(const attune_session *s);
/* What the session saw so far. */
typedef struct attune_counts {
    int64_t frames, frames_with_face;   /* analysed frames */
    int64_t end_us;                     /* of the latest input */
    int64_t late_frames, late_audio_us; /* pushed after a window that they belong in was made */
    int64_t signal_rows, late_signal_rows, messages, late_messages;
    int64_t unread_messages; /* in no language that attune reads */
    int64_t reserved[1];
} attune_counts;
void attune_session_counts(const attune_session *s, attune_counts *out);

/* ---- a whole file or camera ------------------------------------------------------------ */

enum { ATTUNE_MAX_NOTES = 8, ATTUNE_NOTE_BYTES = 192 };

typedef struct attune_input_info {
    double duration_s;  /* as far as analysed */
    double container_s; /* as the container claims; 0 unknown */
    int has_video, has_audio;
    int width, height; /* as shown, after rotation */
    int truncated;     /* decoding ended early; truncated_reason says why */
    char truncated_reason[256];
    int n_notes; /* what a reader should know of how the input was taken: tracks that were left out,
                  * damage that was skipped, ...; each a line without a full stop */
    char note[ATTUNE_MAX_NOTES][ATTUNE_NOTE_BYTES];
    attune_counts counts;
    double elapsed_s;     /* wall time of the analysis; 0: not known */
    double smallest_face; /* pixels: narrower faces could not be found; 0: no pictures */
    uint64_t reserved[15];
} attune_input_info;

/* What attune_analyze_file reports as it goes. Both callbacks run on the caller's thread; a
 * non-zero return stops the analysis with ATTUNE_E_INTERRUPTED (info is filled all the same; after one of
 * progress, windows that wait for what is usual for their person come first: attune_options.causal). */
typedef struct attune_sink {
    void *user;
    int (*window)(void *user, const attune_window *w);
    int (*progress)(void *user, double done_s, double total_s /* 0 unknown */); /* nullable */
    /* Nullable, and looked at only where the options ask for thumbnails: each of them, after the last
     * window. */
    int (*thumbnail)(void *user, const attune_thumbnail *t);
} attune_sink;

/* path: a file, a camera (/dev/video0), a named pipe, "-" for standard input; with o->live also an
 * address or a microphone. Cameras, microphones and addresses do not wait for us: of their pictures those
 * are left out that would be half a second late, and counted. Containers and codecs that people have are read, and nothing that an input names is
 * opened. Frames and sound are analysed in order of time, whatever their order in the input, so
 * that a file gives the same result for any number of threads; only of live input, and of input
 * whose pictures and sound are more than 64 MB apart, late parts are dropped: a note says how much.
 * Never buffers the whole input. Input that takes more than some 450 MB for its pictures is refused. */
int attune_analyze_file(const attune_model *m, const char *path, const attune_options *o,
                        const attune_sink *sink, attune_input_info *info /* nullable */,
                        attune_error *err);

/* Inputs are decoded in a child that is forked for each of them, and killed with it: its decoder may be at the mercy
 * of the file. Programs see SIGCHLD of it, and must not wait for children that are not theirs. */
typedef struct attune_sandbox_layer {
    const char *name, *what; /* a few words. Static storage */
    int files;               /* in force, here and now: of files and pipes */
    int live;                /* of cameras, microphones and addresses */
    uint64_t reserved[4];
} attune_sandbox_layer;
/* 1: *out filled with the i-th layer, which was tried out in a child; 0: there are no more. */
int attune_sandbox_at(int i, attune_sandbox_layer *out);
/* Gives up, for the whole process, for good, what a program does not need that talks to nobody: sockets, starting
 * programs, looking into other processes, settings of the system (seccomp). Files stay as they are, and inputs that
 * are files are still decoded. To be called while there is one thread. 1: in force; 0: not here, or not in a build
 * with the address sanitizer. The commands of attune that need nobody do so. */
int attune_confine(void);

/* A camera or a microphone that FFmpeg's devices tell of. */
typedef struct attune_device {
    const char *path;  /* for attune_analyze_file, or for attune_options.mic */
    const char *label; /* for a person; may be "" */
    int camera;        /* else a microphone */
    uint64_t reserved[4];
} attune_device;
/* Calls each (strings live for the call). Returns how many there are. Kinds that this FFmpeg has not,
 * or that no server answers for, are passed over; ATTUNE_E_UNSUPPORTED: there is no libavdevice. */
int attune_devices(void (*each)(void *user, const attune_device *d), void *user, attune_error *err);

#ifdef __cplusplus
}
#endif
#endif
