/* media_fixtures.h - small clips made at test time with FFmpeg's encoders.
 *
 * Every frame shows four quarters, red green / blue white as seen upright, so that rotation and
 * mirroring can be told; frame i has a grey square in the middle of level 40 + 8*i (mod 160).
 * Every channel of the sound is a sine of the amplitude asked for.
 */
#ifndef AT_TESTS_MEDIA_FIXTURES_H
#define AT_TESTS_MEDIA_FIXTURES_H

#include <libavcodec/avcodec.h>
#include <stdint.h>

typedef struct media_fixture {
    enum AVCodecID video; /* AV_CODEC_ID_NONE: none */
    enum AVPixelFormat pixels;
    int w, h, frames, fps;
    const int64_t *times_ms; /* (frames); NULL: even at fps */
    int turn;                /* degrees counter-clockwise that a player must turn the picture by */
    AVRational sar;          /* pixel shape; 0: none */
    int cover;               /* mark the video as a cover picture */
    enum AVCodecID audio;
    int rate, channels;
    double seconds, hz;
    double amplitude[8]; /* of each channel */
    double gap_at, gap;  /* seconds: from gap_at on, times are later by gap */
    double other_hz;     /* of a second sound track, before the first in the file; 0: none */
    int twice;           /* there is a second picture track, like the first but half as wide */
    int b_frames;        /* of the video, between others: decoded in another order than shown */
    int apart;           /* all of the video before all of the sound */
} media_fixture;

/* Writes f to path (container by its ending); asserts that it worked. */
void media_fixture_write(const char *path, const media_fixture *f);

#endif
