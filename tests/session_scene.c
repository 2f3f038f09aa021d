#include "session_scene.h"

#include "sounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const fake_face one_face[FAKE_FACES] = {{120, 60, 100, 3}};

scene *scene_open(const attune_options *o)
{
    scene *c = calloc(1, sizeof *c);
    attune_options options = o ? *o : (attune_options){0};
    attune_error err = {0};
    assert_non_null(c);
    options.threads = 1;
    if (attune_session_open(&c->s, fake_model(), &options, &err) < 0)
        fail_msg("%s", err.text);
    fake_picture(c->rgb, one_face);
    return c;
}

void scene_close(scene *c)
{
    attune_session_free(&c->s);
    assert_null(c->s);
    free(c);
}

void drain(scene *c)
{
    attune_window w;
    int rc;
    while ((rc = attune_session_next(c->s, &w)) == 1) {
        assert_true(c->n < WINDOWS_MAX);
        if (w.beside) {
            c->said[c->n] = *w.beside;
            w.beside = &c->said[c->n];
        }
        c->w[c->n++] = w;
    }
    assert_int_equal(rc, 0);
}

void video(scene *c, int64_t t_ms)
{
    assert_int_equal(attune_session_push_video(c->s, t_ms * MS, c->rgb, FAKE_W, FAKE_H, 3 * FAKE_W),
                     ATTUNE_OK);
    drain(c);
}

/* Someone speaks for four fifths of every second. */
const float *voice_at(int64_t t_ms)
{
    enum { BEAT = SECOND, BEATS = 4 };
    static float voice[(BEATS + 1) * BEAT];
    if (voice[BEAT / 2] == 0) {
        add_white(voice, (size_t)(BEATS + 1) * BEAT, 1e-3, 1);
        for (int i = 0; i < BEATS; i++)
            add_burst(voice + i * BEAT, BURST, 110 + 20 * i, 0.3f);
        memcpy(voice + BEATS * BEAT, voice, BEAT * sizeof *voice); /* a push may wrap round */
    }
    return voice + t_ms * 16 % (BEATS * BEAT);
}

int push_voice(scene *c, int64_t t_ms, int64_t ms)
{
    return attune_session_push_audio(c->s, t_ms * MS, voice_at(t_ms), (size_t)ms * 16);
}

void audio(scene *c, int64_t t_ms, int64_t ms)
{
    for (int64_t done = 0; done < ms; done += 1000) {
        int64_t part = ms - done < 1000 ? ms - done : 1000;
        assert_int_equal(push_voice(c, t_ms + done, part), ATTUNE_OK);
        drain(c);
    }
}

void finish(scene *c)
{
    assert_int_equal(attune_session_finish(c->s), ATTUNE_OK);
    drain(c);
}

void both(scene *c, int64_t from_ms, int64_t to_ms)
{
    for (int64_t t = from_ms; t < to_ms; t += 40) {
        video(c, t);
        audio(c, t, 40);
    }
}

void assert_grid(const scene *c, int64_t origin_ms, int n)
{
    assert_int_equal(c->n, n);
    for (int i = 0; i < n; i++) {
        int64_t end = origin_ms + 500 * (i + 1), start = end - 3000;
        assert_int_equal(c->w[i].end_us, end * MS);
        assert_int_equal(c->w[i].start_us, (start > origin_ms ? start : origin_ms) * MS);
    }
}
