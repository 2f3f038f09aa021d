/* session_scene.h - a session with a picture and a voice before it, and the windows that came out.
 * Every call asserts that it went well. Times are milliseconds. */
#ifndef SESSION_SCENE_H
#define SESSION_SCENE_H

#include "session_fake.h"

enum { MS = 1000, WINDOWS_MAX = 512 };

typedef struct scene {
    attune_session *s;
    attune_window w[WINDOWS_MAX];
    attune_beside said[WINDOWS_MAX]; /* of each, where something is recorded beside */
    int n;
    unsigned char rgb[FAKE_W * FAKE_H * 3];
} scene;

extern const fake_face one_face[FAKE_FACES];

scene *scene_open(const attune_options *o /* nullable */); /* one_face is in the picture */
void scene_close(scene *c);
void drain(scene *c); /* takes the windows that are ready */
void video(scene *c, int64_t t_ms);
/* Someone speaks for four fifths of every second: a second of it from t_ms on. */
const float *voice_at(int64_t t_ms);
int push_voice(scene *c, int64_t t_ms, int64_t ms); /* the session's answer */
void audio(scene *c, int64_t t_ms, int64_t ms);
/* Both, 25 frames a second, sound in pieces of 40 ms. */
void both(scene *c, int64_t from_ms, int64_t to_ms);
void finish(scene *c);
/* n windows end every 500 ms after origin_ms, and reach back 3 s but not before origin_ms. */
void assert_grid(const scene *c, int64_t origin_ms, int n);

#endif
