/* Hostile clips, pictures and sounds: the reader's promises on what it gives out. */
#include "fuzz.h"

#include "base/mem.h"
#include "media/media.h"
#include "vision/picture.h"

#include <math.h>

enum { SIDE = 96, PACKETS = 50 };

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

static void read_timed(const char *path)
{
    const at_media_options o = {.rate = 8, .max_pixels = 1 << 18, .threads = 1, .no_sandbox = 1};
    at_media *m = NULL;
    at_media_packet p;
    attune_error err = {0};
    int64_t last_us = -1;
    int rc = at_media_open(&m, path, &o, &err);

    FUZZ_CHECK((rc == ATTUNE_OK) == (m != NULL));
    FUZZ_CHECK(rc == ATTUNE_OK || err.text[0] != '\0');
    for (int i = 0; m != NULL && i < PACKETS && (rc = at_media_next(m, &p, &err)) == 1; i++)
        if (p.kind == AT_MEDIA_VIDEO)
            check_frame(&p, &last_us);
        else
            check_sound(&p);
    at_media_free(&m);
    FUZZ_CHECK(m == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *rgb = NULL;
    float *pcm = NULL;
    int w, h;
    size_t n;
    const char *path = fuzz_file(data, size);

    read_timed(path);
    if (at_media_load_image_mem(data, size, "picture", &rgb, &w, &h, NULL) == ATTUNE_OK) {
        FUZZ_CHECK(w > 0 && h > 0 && (int64_t)w * h <= AT_MEDIA_MAX_PIXELS);
        seen = rgb[0] + rgb[3 * (size_t)w * (size_t)h - 1];
        at_free(rgb);
    }
    if (at_media_load_audio(path, 1, &pcm, &n, NULL) == ATTUNE_OK) {
        FUZZ_CHECK(n <= AT_MEDIA_AUDIO_RATE);
        at_free(pcm);
    }
    return 0;
}
