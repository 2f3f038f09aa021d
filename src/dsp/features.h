/* features.h - 16 kHz speech to feature rows, 100 a second, for training and running alike.
 *
 * pcm -> (level, speexdsp noise suppression, level back) -> 25 ms frames every 10 ms -> frame mean removed ->
 * pre-emphasis 0.97 -> Hamming -> 512-point power spectrum -> 40 mel bands -> ln -> DCT, and
 * autocorrelation -> pitch and its strength (Boersma 1993).
 * Mel scale and deltas as in Young et al., The HTK Book 3.4, sections 5.4 and 5.9: mel(f) =
 * 2595 log10(1 + f/700), triangles with straight sides on the mel axis; here each triangle's
 * weights sum to 1, so that white noise of variance s2 reads ln s2 in every band.
 *
 * How loud the recording is changes nothing (level.h): sound times c gives rows that differ by ln c
 * squared in the log-mel columns, what that makes of c0, and the energy, and normalised rows that
 * do not differ. What a floor is compared with or added to is the power at the reference level.
 *
 * The stream is cut on a fixed grid of samples counted from the stream's start: pushing in pieces
 * of any size gives the same bits as one push. Rows come out four frames late (delta of delta
 * over +-2 frames each). NaN and infinite samples count as 0, others are limited to [-8, 8].
 */
#ifndef AT_DSP_FEATURES_H
#define AT_DSP_FEATURES_H

#include <attune/attune.h>

#define AT_PRE_EMPHASIS 0.97f
#define AT_MEL_LOW_HZ   60.0
#define AT_MEL_HIGH_HZ  7600.0 /* below the anti-alias roll-off of resampled sources */
#define AT_PITCH_LOW_HZ 75.0
#define AT_PITCH_TOP_HZ 500.0
#define AT_POWER_FLOOR  1e-10f /* -100 dBFS, in sound that the level has been brought to */
#define AT_CLIP_LEVEL   0.99f  /* a sample at or over this counts as clipped */

enum {
    AT_SAMPLE_RATE = 16000,                    /* Hz */
    AT_FRAME_LEN = AT_SAMPLE_RATE * 25 / 1000, /* samples, 25 ms */
    AT_FRAME_HOP = AT_SAMPLE_RATE / 100,       /* samples, 10 ms */
    AT_FRAME_HOP_US = 10000,
    AT_FRAMES_PER_S = AT_SAMPLE_RATE / AT_FRAME_HOP,
    AT_FFT_LEN = 512,
    AT_FFT_BINS = AT_FFT_LEN / 2 + 1,
    AT_MEL_BANDS = 40,
    AT_MFCCS = 13,      /* c0 .. c12 */
    AT_DELTA_REACH = 2, /* frames to each side of the delta regression */

    /* Columns of a feature row. */
    AT_COL_LOGMEL = 0,                          /* ln of mean power in each mel band */
    AT_COL_MFCC = AT_COL_LOGMEL + AT_MEL_BANDS, /* orthonormal DCT-II of the log-mel bands */
    AT_COL_DELTA = AT_COL_MFCC + AT_MFCCS,      /* delta of the MFCC, per frame */
    AT_COL_DELTA2 = AT_COL_DELTA + AT_MFCCS,    /* delta of the delta */
    AT_COL_ZCR = AT_COL_DELTA2 + AT_MFCCS,      /* sign changes per sample step, [0, 1] */
    AT_COL_LOG_ENERGY = AT_COL_ZCR + 1,         /* ln of the frame's mean square */
    AT_COL_VOICING = AT_COL_LOG_ENERGY + 1,     /* strength of the pitch, [0, 1] */
    AT_COL_PITCH = AT_COL_VOICING + 1,  /* octaves over AT_PITCH_LOW_HZ; noise if unvoiced */
    AT_FEATURE_COLS = AT_COL_PITCH + 1, /* 83 */
};

/* One frame. v is of the denoised sound if denoising is on; the rest always of the sound as it
 * came in, since it speaks of the input's quality. */
typedef struct at_feature_row {
    int64_t t_us;             /* centre of the frame */
    float v[AT_FEATURE_COLS]; /* not normalised; finite */
    float power;              /* mean square, >= 0 */
    float noise_power;        /* the tracked noise floor's mean square, > 0 */
    float clipped;            /* share of clipped samples, [0, 1] */
    float speech;             /* probability of speech, [0, 1] */
    int is_speech;            /* 0 or 1: decision with hangover and 40 ms of pre-roll */
} at_feature_row;

typedef struct at_features at_features;

/* Zero is the default for every field. */
typedef struct at_features_options {
    int denoise;       /* 1: speexdsp noise suppression before the features */
    float suppress_db; /* most it may take off; 0: 15 */
} at_features_options;

/* One thread at a time per object. o is nullable. */
int at_features_create(at_features **out, const at_features_options *o, attune_error *err);
void at_features_free(at_features **f);

/* t_us: time of pcm[0], |t_us| <= 1e16; pcm: n samples in [-1, 1], may be NULL if n is 0. Times
 * within 20 ms of what the sample count says are taken as jitter. Beyond that, an overlap with
 * earlier sound is dropped, and a gap ends the frames so far (as finish does) and starts a new
 * grid at t_us, so that nothing is made up and memory does not depend on the gap; the noise
 * floors are kept. Fails with ATTUNE_E_ARG or ATTUNE_E_NOMEM, leaving the object as it was. */
int at_features_push(at_features *f, int64_t t_us, const float *pcm, size_t n);

/* End of the sound: rows that waited for look-ahead become ready (deltas repeat the last frame).
 * Samples that fill no whole frame are dropped. A later push starts a new grid. */
int at_features_finish(at_features *f);

/* 1: *row filled; 0: none ready. Memory grows only with the rows not pulled. */
int at_features_next(at_features *f, at_feature_row *row);

/* Rows that n gapless samples give. */
size_t at_features_count(size_t n);

/* One shot: create, push at time 0, finish. *rows (at_free) and *n_rows belong to the caller;
 * under 25 ms of sound gives no rows and ATTUNE_OK. */
int at_features_extract(const float *pcm, size_t n, const at_features_options *o,
                        at_feature_row **rows, size_t *n_rows, attune_error *err);

/* Splits rows into x (n, AT_FEATURE_COLS) and speech (n, nullable, each 0 or 1). */
void at_features_flatten(const at_feature_row *rows, size_t n, float *x, unsigned char *speech);

/* The stretch [*from, *to) from the first row with speech to the last, AT_TRIM_KEEP more at each
 * end; all rows if there is no speech. What a voice is trained on and run on. */
#define AT_TRIM_KEEP 10 /* 100 ms */
void at_features_trim(const unsigned char *speech, size_t n, size_t *from, size_t *to);

/* In place: x (n, AT_FEATURE_COLS) less its mean over the frames with speech[i] != 0, divided by
 * their deviation (at least a floor that depends on the kind of column), limited to
 * +-AT_NORMAL_LIMIT. Voicing and pitch keep scales of their own, since how wide a voice's range is
 * speaks: voicing about 0.5 in thirds, pitch in quarters of an octave about the speech's mean,
 * fading to 0 where the frame is not voiced. With speech NULL or under AT_NORMAL_MIN_ROWS such
 * frames, all frames count. The one normalisation, for training and running. */
#define AT_NORMAL_LIMIT    8.0f
#define AT_NORMAL_MIN_ROWS 10
void at_features_normalise(float *x, size_t n, const unsigned char *speech);

#endif
