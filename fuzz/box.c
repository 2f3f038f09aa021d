/* A decoder's child that lies: what its parent takes of it is what a reader may give out, and lies where both may
 * look. The input is a list of what the child says: fine messages, with bytes of them changed. */
#include "fuzz.h"

#include "media/av_wire.h"
#include "vision/picture.h"

#include <string.h>

enum { SIDE = 32, MAX_PIXELS = 1 << 16, RECORD = 4 };

static volatile unsigned seen; /* so that the reading is not optimised away */

static at_wire_message fine(int kind, int64_t t_us)
{
    at_wire_message m = {.kind = kind, .t_us = t_us, .samples = 100, .info = {.has_video = 1}};

    m.status = ATTUNE_E_FORMAT;
    m.picture = (at_wire_picture){.format = AV_PIX_FMT_YUV420P, .w = 40, .h = 24, .slots = 1};
    return m;
}

/* The sanitizer looks at each byte. */
static void look(const at_wire_message *m, uint8_t *shared)
{
    const at_wire_picture *p = &m->picture;
    const at_rect some = {0, 0, 1, 1};
    AVFrame *f = av_frame_alloc();
    at_av_picture work = {0};
    at_media_packet packet = {0};
    at_picture_work part = {0};
    at_image rgb = {0};
    at_rect all = some;

    f->format = p->format;
    f->width = p->w;
    f->height = p->h;
    f->color_range = p->range;
    f->colorspace = p->space;
    FUZZ_CHECK(at_wire_place(f, shared + p->offset) > 0);
    FUZZ_CHECK(at_wire_slots(at_wire_slot_bytes(p->format, p->w, p->h),
                             at_wire_shared_bytes(MAX_PIXELS)) >= 1);
    FUZZ_CHECK(at_av_picture_lend(&work, f, (AVRational){p->aspect_num, p->aspect_den},
                                  at_turn_of(p->orientation), "box", &packet, NULL) == 0);
    FUZZ_CHECK(packet.frame == f && at_picture_check(&packet.picture) == ATTUNE_OK);
    at_picture_size(&packet.picture, &all.w, &all.h);
    FUZZ_CHECK(at_picture_part(&rgb, &part, &packet.picture, &all, SIDE, SIDE) == ATTUNE_OK);
    seen = rgb.data[0];
    at_picture_work_free(&part);
    at_image_free(&rgb);
    at_av_picture_free(&work);
    av_frame_free(&f);
}

/* Samples that came, here any bytes of the message: each is one, or there is a fault. */
static void hear(const at_wire_message *m)
{
    float pcm[SIDE];

    memcpy(pcm, &m->picture, sizeof pcm);
    if (at_wire_sound_fault(pcm, SIDE))
        return;
    for (int i = 0; i < SIDE; i++)
        FUZZ_CHECK(pcm[i] >= -1 && pcm[i] <= 1);
}

/* Whether the parent goes on. */
static int take(at_wire_state *s, const at_wire_message *m, uint8_t *shared)
{
    const at_wire_state before = *s;
    const char *fault = at_wire_fault(s, m);

    if (fault) {
        FUZZ_CHECK(*fault && s->opened == before.opened && s->ended == before.ended);
        FUZZ_CHECK(s->last_frame_us == before.last_frame_us);
        return 0;
    }
    FUZZ_CHECK(!before.ended && (before.opened || m->kind <= AT_WIRE_OPENED || m->status < 0));
    FUZZ_CHECK(memchr(m->info.truncated_reason, 0, sizeof m->info.truncated_reason));
    FUZZ_CHECK(m->kind != AT_WIRE_FAILED || memchr(m->text, 0, sizeof m->text));
    if (m->kind == AT_WIRE_SOUND) {
        FUZZ_CHECK(m->samples > 0 && m->samples <= AT_AV_PIECE);
        hear(m);
    }
    if (m->kind == AT_WIRE_PICTURE) {
        FUZZ_CHECK(m->t_us > before.last_frame_us && m->t_us >= 0);
        look(m, shared);
    }
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t *shared;
    const size_t bytes = at_wire_shared_bytes(MAX_PIXELS);
    at_wire_state s = {.last_frame_us = -1, .max_pixels = MAX_PIXELS, .shared_bytes = bytes};
    at_wire_message m = fine(AT_WIRE_HELD, 0);

    FUZZ_CHECK(at_media_load_libraries(NULL) == ATTUNE_OK);
    if (!shared)
        shared = calloc(bytes, 1);
    FUZZ_CHECK(shared);
    for (size_t i = 0; i + RECORD <= size; i += RECORD) {
        const size_t at = (size_t)(data[i + 1] | data[i + 2] << 8) % sizeof m;
        if (data[i] >= AT_WIRE_HELD && data[i] <= AT_WIRE_FAILED) {
            if (!take(&s, &m, shared))
                return 0;
            m = fine(data[i], data[i + 3]);
        } else {
            ((uint8_t *)&m)[at] = data[i + 3];
        }
    }
    take(&s, &m, shared);
    return 0;
}
