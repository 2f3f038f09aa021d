/* Hostile clips, pictures and sounds, as files and through a pipe: the reader's promises on what it gives out. */
#include "fuzz.h"

#include "base/mem.h"
#include "media/media.h"
#include "vision/picture.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>

enum { SIDE = 96, PACKETS = 50, PIPE_BYTES = 1 << 18 };

static volatile unsigned seen; /* so that the reading is not optimised away */

static void check_frame(const at_media_packet *p, int64_t *last_us)
{
    at_picture_work work = {0};
    at_image rgb = {0};
    at_rect all = {0};
    unsigned sum = 0;

    FUZZ_CHECK(p->t_us > *last_us);
    *last_us = p->t_us;
    FUZZ_CHECK(at_picture_check(&p->picture) == ATTUNE_OK);
    at_picture_size(&p->picture, &all.w, &all.h);
    FUZZ_CHECK(at_picture_part(&rgb, &work, &p->picture, &all, SIDE, SIDE) == ATTUNE_OK);
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        sum += rgb.data[i];
    seen = sum;
    at_picture_work_free(&work);
    at_image_free(&rgb);
}

static void check_sound(const at_media_packet *p)
{
    FUZZ_CHECK(p->t_us >= 0 && p->n > 0);
    for (size_t i = 0; i < p->n; i++)
        FUZZ_CHECK(isfinite(p->pcm[i]) && p->pcm[i] >= -1 && p->pcm[i] <= 1);
}

static void read_timed(const char *path, const at_media_options *o)
{
    at_media *m = NULL;
    at_media_packet p;
    at_media_info info;
    attune_error err = {0};
    int64_t last_us = -1;
    int rc = at_media_open(&m, path, o, &err);

    FUZZ_CHECK((rc == ATTUNE_OK) == (m != NULL));
    FUZZ_CHECK(rc == ATTUNE_OK || err.text[0] != '\0');
    for (int i = 0; m != NULL && i < PACKETS && (rc = at_media_next(m, &p, &err)) == 1; i++)
        if (p.kind == AT_MEDIA_VIDEO)
            check_frame(&p, &last_us);
        else
            check_sound(&p);
    if (m) {
        at_media_get_info(m, &info);
        FUZZ_CHECK(info.duration_us >= 0 && info.frames >= 0 && info.errors >= 0);
        FUZZ_CHECK(info.video_track <= info.video_tracks && info.audio_track <= info.audio_tracks);
        FUZZ_CHECK(memchr(info.truncated_reason, 0, sizeof info.truncated_reason));
    }
    at_media_free(&m);
    FUZZ_CHECK(m == NULL);
}

/* What a program upstream wrote before it ended: nothing to seek in. */
static void read_pipe(const uint8_t *data, size_t size, const at_media_options *o)
{
    char path[64];
    int fd[2];

    FUZZ_CHECK(pipe2(fd, O_CLOEXEC) == 0 && fcntl(fd[1], F_SETPIPE_SZ, PIPE_BYTES) >= PIPE_BYTES);
    size = size < PIPE_BYTES ? size : PIPE_BYTES;
    FUZZ_CHECK(write(fd[1], data, size) == (ssize_t)size);
    close(fd[1]);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd[0]);
    read_timed(path, o);
    close(fd[0]);
}

static double speech_s(const float *pcm, size_t n)
{
    double loud = 0;

    for (size_t i = 0; i < n; i++)
        loud += fabsf(pcm[i]) > 0.1f;
    return loud / AT_MEDIA_AUDIO_RATE;
}

/* As somebody's kept state says where decoding may begin: after so many packets, for pictures from then on. */
static void read_from(const char *path, int how)
{
    static const int64_t packets[] = {1, 2, 5, 10, 30, 130, 1000, INT64_C(1) << 53};
    static const int64_t times_us[] = {
        0, 1, 40000, 1000000, INT64_C(9000000000000000), INT64_C(-9000000000000000)};
    const at_media_options o = {.max_pixels = 1 << 18,
                                .threads = 1,
                                .no_sandbox = 1,
                                .restart = packets[how % 8],
                                .restart_us = times_us[how / 8 % 6]};

    read_timed(path, &o);
}

/* Samples alone, or what is chosen of several tracks. */
static void read_otherwise(const char *path, int how)
{
    const at_media_options o = {.max_pixels = 1 << 18,
                                .threads = 1,
                                .no_sandbox = 1,
                                .pcm_rate = how == 2 ? 8000 : 0,
                                .audio_track = how == 3 ? 2 : 0,
                                .video_track = how == 3 ? 2 : 0,
                                .no_video = how == 4,
                                .no_audio = how == 5};

    read_timed(path, &o);
}

static void load_whole(const char *path, const uint8_t *data, size_t size)
{
    uint8_t *rgb = NULL;
    float *pcm = NULL;
    int w, h;
    size_t n;

    if (at_media_load_image_mem(data, size, "picture", &rgb, &w, &h, NULL) == ATTUNE_OK) {
        FUZZ_CHECK(w > 0 && h > 0 && (int64_t)w * h <= AT_MEDIA_MAX_PIXELS);
        seen = rgb[0] + rgb[3 * (size_t)w * (size_t)h - 1];
        at_free(rgb);
    }
    if (at_media_load_image(path, &rgb, &w, &h, NULL) == ATTUNE_OK)
        at_free(rgb);
    if (at_media_load_audio(path, 1, &pcm, &n, NULL) == ATTUNE_OK) {
        FUZZ_CHECK(n <= AT_MEDIA_AUDIO_RATE);
        at_free(pcm);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const at_media_options o = {
        .rate = 8, .max_pixels = 1 << 18, .threads = 1, .no_sandbox = 1, .speech_s = speech_s};
    const char *path = fuzz_file(data, size);

    read_timed(path, &o);
    read_pipe(data, size, &o);
    read_otherwise(path, size ? data[size - 1] % 8 : 0);
    read_from(path, (int)size);
    load_whole(path, data, size);
    return 0;
}
