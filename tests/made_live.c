#include "made_live.h"

#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

attune_model *model;
int can_keep;
int16_t samples[SECONDS * SECOND];
const attune_options options = {.rate = 8,
                                .window_s = 3,
                                .hop_s = 0.5,
                                .lag_s = 1,
                                .max_tracks = 1,
                                .min_face = 24,
                                .threads = 1};
static const char *store_path;

int make_live(void **state)
{
    static float voice[LONG];
    attune_error err;
    attune_store *store;
    assert_int_equal(make_folder(state), 0);
    store_path = made_in_folder("s.db");
    can_keep = attune_store_open(&store, store_path, 0, &err) != ATTUNE_E_UNSUPPORTED;
    attune_store_free(&store);
    if (access(attune_default_model(), R_OK) != 0)
        return 0;
    assert_int_equal(attune_model_load(&model, NULL, &err), ATTUNE_OK);
    make_bursts(voice);
    add_white(voice, LONG, 1e-3F, 1);
    for (int i = 0; i < SECONDS * SECOND; i++)
        samples[i] = (int16_t)(32767 * (voice[i] < -1 ? -1 : voice[i] > 1 ? 1 : voice[i]));
    return 0;
}

int remove_live(void **state)
{
    attune_model_free(&model);
    return remove_folder(state);
}

/* One component, tables of two codes each (ITU-T T.81). */
size_t make_jpeg(uint8_t *out)
{
    static const uint8_t frame[] = {0xff, 0xc0, 0, 11, 8, 0, 16, 0, 32, 1, 1, 0x11, 0};
    static const uint8_t scan[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0, 0, 0xff, 0xd9};
    uint8_t *p = out;
    *p++ = 0xff, *p++ = 0xd8;
    *p++ = 0xff, *p++ = 0xdb, *p++ = 0, *p++ = 67, *p++ = 0;
    memset(p, 1, 64);
    p += 64;
    memcpy(p, frame, sizeof frame);
    p += sizeof frame;
    for (int table = 0; table < 2; table++) {
        *p++ = 0xff, *p++ = 0xc4, *p++ = 0, *p++ = 21, *p++ = table ? 0x10 : 0, *p++ = 1, *p++ = 1;
        memset(p, 0, 15);
        p += 15;
        *p++ = 1;
    }
    memcpy(p, scan, sizeof scan);
    return (size_t)(p + sizeof scan - out);
}

attune_store *opened_store(void)
{
    attune_store *s;
    assert_int_equal(attune_store_open(&s, store_path, 0, NULL), ATTUNE_OK);
    return s;
}

json_t *latest_kept(attune_store *s)
{
    char *text;
    assert_int_equal(attune_store_sessions_json(s, &text, NULL), ATTUNE_OK);
    json_t *all = json_loads(text, 0, NULL);
    json_t *one = json_incref(json_array_get(json_object_get(all, "sessions"), 0));
    json_decref(all);
    free(text);
    return one;
}

int is_kept(attune_store *s)
{
    json_t *one = latest_kept(s);
    json_decref(one);
    return one != NULL;
}
