#include "data/face_clips.h"

#include "vision/face_input.h"

#include <math.h>
#include <string.h>

enum { ACROSS, DOWN, TURN, ZOOM, GAIN, LIFT };

/* Half of what it may be stays, half comes and goes as heads do that sway. */
static at_clip_wave draw_wave(float most, at_rng *r)
{
    const float slowest = 0.1f, fastest = 0.7f;
    at_clip_wave w;
    w.middle = 0.5f * most * at_rng_range(r, -1, 1);
    w.swing = 0.5f * most * at_rng_float(r);
    w.hertz = at_rng_range(r, slowest, fastest);
    w.phase = at_rng_float(r);
    return w;
}

static float at_moment(const at_clip_wave *w, int64_t t_us)
{
    return w->middle + w->swing * sinf(6.2831853f * (w->hertz * (float)t_us / 1e6f + w->phase));
}

static int render(const at_face_sample *s, const float m[6], at_image *dst)
{
    const attune_picture picture = at_picture_of(&s->image);
    at_picture_work work = {0};
    const int status = at_face_input_by(dst, &work, &picture, m, AT_FACE_SIDE);
    at_picture_work_free(&work);
    return status;
}

static int find_line(at_face_clip *c)
{
    const at_face face = at_align_reference();
    at_image still = {0};
    const int status = render(c->still, c->still->m, &still);
    if (status == ATTUNE_OK)
        c->line = at_talk_line(&still, &face);
    at_image_free(&still);
    return status;
}

int at_face_clip_draw(at_face_clip *out, const at_face_sample *still, const at_clip_motion *most,
                      int talks, uint64_t seed, uint64_t stream)
{
    const float range[AT_CLIP_WAVES] = {[ACROSS] = most->shift * AT_FACE_SIDE,
                                        [DOWN] = most->shift * AT_FACE_SIDE,
                                        [TURN] = most->turn,
                                        [ZOOM] = most->zoom,
                                        [GAIN] = most->light,
                                        [LIFT] = 127.5f * most->light};
    at_rng r;
    at_rng_seed(&r, seed, stream);
    *out = (at_face_clip){.still = still, .talks = talks};
    for (int i = 0; i < AT_CLIP_WAVES; i++)
        out->wave[i] = draw_wave(range[i], &r);
    out->mirrored = at_rng_float(&r) < most->flip;
    out->talk = at_talk_draw(&r);
    return talks ? find_line(out) : ATTUNE_OK;
}

/* The reference face where the frame has it; what was on its left in the picture is so in the mirror. */
static at_face face_in(const at_face_move *move)
{
    static const int mirrored[AT_LANDMARKS] = {1, 0, 2, 4, 3};
    const at_face aligned = at_align_reference();
    at_face face = aligned;
    float m[6] = {1, 0, 0, 0, 1, 0};
    at_face_moved(m, move);
    for (int i = 0; i < AT_LANDMARKS; i++)
        for (int k = 0; k < 2; k++)
            face.landmark[move->mirrored ? mirrored[i] : i][k] =
                m[3 * k] * aligned.landmark[i][0] + m[3 * k + 1] * aligned.landmark[i][1] +
                m[3 * k + 2];
    return face;
}

int at_face_clip_frame(const at_face_clip *c, int64_t t_us, at_image *dst, at_face *where)
{
    const at_face_move move = {.x = at_moment(&c->wave[ACROSS], t_us),
                               .y = at_moment(&c->wave[DOWN], t_us),
                               .turn = at_moment(&c->wave[TURN], t_us),
                               .zoom = at_moment(&c->wave[ZOOM], t_us),
                               .mirrored = c->mirrored};
    float m[6];
    memcpy(m, c->still->m, sizeof m);
    at_face_moved(m, &move);
    *where = face_in(&move);
    int status = render(c->still, m, dst);
    if (status == ATTUNE_OK && c->talks)
        status = at_talk_open(dst, where, c->line, at_talk_at(&c->talk, t_us), c->talk.teeth);
    if (status == ATTUNE_OK)
        at_face_lit(dst, 1 + at_moment(&c->wave[GAIN], t_us), at_moment(&c->wave[LIFT], t_us), 0);
    return status;
}
