/* What a recording that was broken off is gone on with: the same of everything that its estimates depend on. Needs the
 * built-in model; a run is broken off by its progress. */
#include "base/digest.h"
#include "base/rng.h"
#include "made_wav.h"
#include "model/ranges.h"
#include "temp_folder.h"

#include <attune/log.h>
#include <attune/resume.h>

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { RATE = 16000, SECONDS = 4 };

static const char *sound, *model_path, *ranges_path, *out;
static const char told[] = "out/attune-resume.told";
static attune_model *model;
static at_weights *weights;

static void make_sound(void)
{
    static int16_t x[RATE * SECONDS];
    at_rng rng;

    at_rng_seed(&rng, 1, 0);
    for (int i = 0; i < RATE * SECONDS; i++)
        x[i] = (int16_t)at_rng_below(&rng, 4000);
    sound = put_wav("a.wav", RATE, 1, x, RATE * SECONDS);
}

/* Ranges in which nothing but the face's maps reach so far. */
static int put_ranges(float most)
{
    at_range_array list[AT_MB_RANGE_ARRAYS];
    at_mb_ranges r;

    for (int i = 0; i < AT_MB_BLOCKS; i++)
        r.widened[i] = r.depthwise[i] = r.map[i] = most;
    at_mb_range_arrays(&r, list);
    return at_ranges_save(list, AT_MB_RANGE_ARRAYS, weights, ranges_path, NULL);
}

static int set_up(void **state)
{
    const char *root = getenv("ATTUNE_SRC");
    char real[4096];

    if (make_folder(state) != 0 || !realpath(root ? root : ".", real))
        return 1;
    strncat(real, "/models/default.safetensors", sizeof real - strlen(real) - 1);
    model_path = made_in_folder("m.safetensors");
    ranges_path = made_in_folder("m.int8.safetensors");
    out = made_in_folder("out");
    make_sound();
    return symlink(real, model_path) || at_weights_load(&weights, model_path, NULL) ||
           put_ranges(6) || attune_model_load(&model, model_path, NULL);
}

static int tear_down(void **state)
{
    attune_model_free(&model);
    at_weights_free(&weights);
    attune_resume_forget(out);
    return remove_folder(state);
}

static const attune_options usual = {.no_video = 1, .threads = 1, .no_sandbox = 1};

static int stop(void *user, double done_s, double of_s)
{
    (void)user, (void)of_s;
    return done_s >= SECONDS / 2.0;
}

static void break_off(const attune_options *o)
{
    const attune_sink sink = {.progress = stop};

    attune_resume_forget(out);
    assert_int_equal(attune_analyze_resumable(model, sound, o, &sink, out, NULL, NULL),
                     ATTUNE_E_INTERRUPTED);
}

static int find(const attune_options *o)
{
    attune_error err = {0};
    double done_s = -1;
    const int rc = attune_resume_find(out, model, sound, o, &done_s, &err);

    if (rc == 1)
        assert_true(done_s > 0 && done_s <= SECONDS);
    else if (rc < 0)
        assert_non_null(strstr(
            err.text, "attune-resume.state: was made by another version, model or processor, or "
                      "with other options"));
    return rc;
}

static void use(attune_precision p)
{
    attune_error err = {0};

    if (attune_model_set_precision(model, p, &err) < 0)
        fail_msg("%s", err.text);
}

static void by_the_same_options(void **state)
{
    attune_options other = usual;

    (void)state;
    assert_int_equal(find(&usual), 0);
    break_off(&usual);
    assert_int_equal(find(&usual), 1);
    other.threads = 2;
    assert_int_equal(find(&other), 1); /* which change no estimate */
#define ANOTHER(field, value) \
    (other = usual, other.field = (value), assert_int_equal(find(&other), ATTUNE_E_STATE))
    ANOTHER(rate, 7);
    ANOTHER(window_s, 2);
    ANOTHER(hop_s, 0.4);
    ANOTHER(lag_s, 2);
    ANOTHER(max_tracks, 2);
    ANOTHER(min_face, 40);
    ANOTHER(no_video, 0);
    ANOTHER(no_baseline, 1);
    ANOTHER(causal, 1);
    ANOTHER(audio_track, 1);
    ANOTHER(video_track, 1);
    ANOTHER(pcm_rate, 8000);
    ANOTHER(thumbnails, 64);
    ANOTHER(no_sandbox, 0);
#undef ANOTHER
}

static void by_the_same_ranges_of_activations(void **state)
{
    (void)state;
    use(ATTUNE_PRECISION_F32);
    assert_null(attune_model_meta(model, "ranges"));
    break_off(&usual);
    use(ATTUNE_PRECISION_INT8);
    assert_int_equal(find(&usual), ATTUNE_E_STATE);
    break_off(&usual);
    assert_int_equal(find(&usual), 1);
    assert_int_equal(put_ranges(5), ATTUNE_OK);
    assert_int_equal(find(&usual), 1); /* those that were loaded */
    use(ATTUNE_PRECISION_INT8);
    assert_int_equal(find(&usual), ATTUNE_E_STATE);
    assert_int_equal(put_ranges(6), ATTUNE_OK);
    use(ATTUNE_PRECISION_INT8);
    assert_int_equal(find(&usual), 1);
    use(ATTUNE_PRECISION_F32);
    assert_int_equal(find(&usual), ATTUNE_E_STATE);
}

static int resume(const attune_options *o, attune_error *err)
{
    const attune_sink nobody = {0};

    return attune_analyze_resumable(model, sound, o, &nobody, out, NULL, err);
}

/* A byte of a file becomes another. */
static void change(const char *path, long at, unsigned char to)
{
    FILE *f = fopen(path, "r+b");

    assert_non_null(f);
    assert_int_equal(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    assert_int_equal(fputc(to, f), to);
    assert_int_equal(fclose(f), 0);
}

static void by_all_that_was_told(void **state)
{
    attune_options o = usual;
    attune_error err = {0};

    (void)state;
    o.causal = 1; /* windows are told at once */
    break_off(&o);
    change(in_folder(told), -20, 0x5a);
    assert_int_equal(resume(&o, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "attune-resume.told: is damaged"));
}

/* What earlier runs took, and the digest to it. */
static void put_spent(double spent_s)
{
    enum {
        HEAD = 24,
        STAMPS = 3 * 8 + 8
    }; /* a name and the digest; of the input, and of what is beside */
    static unsigned char state[1 << 20];
    char path[96];
    uint64_t digest;
    at_digest d;
    int text;

    snprintf(path, sizeof path, "%s/attune-resume.state", out);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    const size_t size = fread(state, 1, sizeof state, f);
    assert_true(size > HEAD && size < sizeof state);
    memcpy(&text, state + HEAD, sizeof text);
    memcpy(state + HEAD + sizeof text + text + STAMPS, &spent_s, sizeof spent_s);
    at_digest_begin(&d);
    at_digest_add(&d, state + HEAD, size - HEAD);
    digest = at_digest_of(&d);
    memcpy(state + HEAD - sizeof digest, &digest, sizeof digest);
    rewind(f);
    assert_int_equal(fwrite(state, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void after_a_time_that_runs_may_take(void **state)
{
    const double never[] = {-1, 1e10, INFINITY, NAN};
    attune_input_info info;
    attune_error err = {0};
    const attune_sink nobody = {0};

    (void)state;
    break_off(&usual);
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        put_spent(never[i]);
        assert_int_equal(attune_resume_find(out, model, sound, &usual, NULL, &err),
                         ATTUNE_E_FORMAT);
        assert_non_null(strstr(err.text, "attune-resume.state: is damaged"));
    }
    put_spent(5000);
    assert_int_equal(attune_analyze_resumable(model, sound, &usual, &nobody, out, &info, NULL), 0);
    assert_true(info.elapsed_s > 5000 && info.elapsed_s < 6000);
}

static void by_one_run_at_a_time(void **state)
{
    attune_error err = {0};

    (void)state;
    break_off(&usual);
    const int other = open(in_folder(told), O_RDONLY);
    assert_int_equal(flock(other, LOCK_SH), 0);
    assert_int_equal(resume(&usual, &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, "attune-resume.told: another run is at it"));
    close(other);
    assert_int_equal(resume(&usual, &err), ATTUNE_OK);
}

/* A file of the same size and time whose sound ends earlier, by what its header says. */
static void by_as_much_sound(void **state)
{
    enum { LENGTH = 40 }; /* of the samples, in WAV's header: of 128000 bytes, 1280 */
    struct stat s;
    attune_error err = {0};

    (void)state;
    break_off(&usual);
    assert_int_equal(stat(sound, &s), 0);
    change(sound, LENGTH, 0);
    change(sound, LENGTH + 1, 5);
    change(sound, LENGTH + 2, 0);
    assert_int_equal(
        utimensat(AT_FDCWD, sound, (const struct timespec[2]){s.st_atim, s.st_mtim}, 0), 0);
    assert_int_equal(resume(&usual, &err), ATTUNE_E_STATE);
    assert_non_null(strstr(err.text, "a.wav: is another than when it was begun with"));
    make_sound();
}

/* ---- a signal whose reading is stopped ------------------------------------------------------ */

static int asked, stop_at;

static int is_to_stop(void *user)
{
    (void)user;
    return ++asked == stop_at;
}

/* Enough rows for somebody to be asked between two of a packet whether to read on. */
static void put_signal(const char *name)
{
    enum { ROWS = 40000, WIDTH = 60 };
    FILE *f = create_in_folder(name);

    fprintf(f, "time,x\n");
    for (int i = 0; i < ROWS; i++)
        fprintf(f, "%.6f,%*d\n", (double)i * SECONDS / ROWS, WIDTH, i % 97);
    assert_int_equal(fclose(f), 0);
}

/* Pictures without a face. */
static void put_pictures(const char *name)
{
    enum { W = 64, H = 48, FPS = 8 };
    static uint8_t grey[W * H * 3 / 2];
    FILE *f = create_in_folder(name);

    fprintf(f, "YUV4MPEG2 W%d H%d F%d:1 C420jpeg\n", W, H, FPS);
    for (int i = 0; i < SECONDS * FPS; i++) {
        memset(grey, 100 + i, sizeof grey);
        fprintf(f, "FRAME\n");
        fwrite(grey, 1, sizeof grey, f);
    }
    assert_int_equal(fclose(f), 0);
}

static void add_picture(void *user, const attune_sighting *x)
{
    at_digest_add(user, &x->picture, sizeof x->picture);
    at_digest_add(user, &x->t_us, sizeof x->t_us);
}

static int add_window(void *user, const attune_window *w)
{
    at_digest_add(user, &w->start_us, sizeof w->start_us);
    at_digest_add(user, w->emotion7, sizeof w->emotion7);
    at_digest_add(user, &w->beside->signal[0], sizeof w->beside->signal[0]);
    return 0;
}

/* All pictures, or on from where the run before was stopped; stop: at the first time that somebody is asked. */
static int run_with_signal(int stop, at_digest *d)
{
    const attune_log_options how = {.stop = is_to_stop};
    const attune_sink sink = {.user = d, .window = add_window};
    attune_beside_setup beside = {0};
    attune_options o = {.no_audio = 1,
                        .threads = 1,
                        .no_sandbox = 1,
                        .beside = &beside,
                        .on_sighting = add_picture,
                        .on_sighting_user = d};
    attune_error err = {0};

    stop_at = 0;
    assert_int_equal(attune_log_open(&beside.signal_log, in_folder("s.csv"), &how, &err),
                     ATTUNE_OK);
    stop_at = stop ? asked + 1 : 0;
    beside.signals = attune_log_signals(beside.signal_log);
    at_digest_begin(d);
    const int rc = attune_analyze_resumable(model, in_folder("p.y4m"), &o, &sink, out, NULL, &err);
    attune_log_free(&beside.signal_log);
    return rc;
}

/* A packet is taken whole or not at all, whenever it is stopped. */
static void by_whole_packets(void **state)
{
    at_digest once, stopped, rest;

    (void)state;
    put_signal("s.csv");
    put_pictures("p.y4m");
    attune_resume_forget(out);
    assert_int_equal(run_with_signal(0, &once), ATTUNE_OK);
    attune_resume_forget(out);
    assert_int_equal(run_with_signal(1, &stopped), ATTUNE_E_INTERRUPTED);
    assert_int_not_equal(at_digest_of(&stopped), at_digest_of(&once));
    assert_int_equal(run_with_signal(0, &rest), ATTUNE_OK);
    assert_int_equal(at_digest_of(&rest), at_digest_of(&once));
    attune_resume_forget(out);
}

static void without_what_comes_once(void **state)
{
    attune_error err = {0};

    (void)state;
    assert_int_equal(attune_resume_find(out, model, "-", &usual, NULL, &err), ATTUNE_E_ARG);
    assert_int_equal(attune_resume_find(out, model, "/dev/null", &usual, NULL, &err), ATTUNE_E_ARG);
    assert_int_equal(attune_resume_find(out, model, temp_folder, &usual, NULL, &err), ATTUNE_E_ARG);
    assert_int_equal(attune_resume_find(out, model, "/nowhere", &usual, NULL, &err), ATTUNE_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_same_options),
        cmocka_unit_test(by_the_same_ranges_of_activations),
        cmocka_unit_test(by_all_that_was_told),
        cmocka_unit_test(by_one_run_at_a_time),
        cmocka_unit_test(by_as_much_sound),
        cmocka_unit_test(by_whole_packets),
        cmocka_unit_test(without_what_comes_once),
        cmocka_unit_test(after_a_time_that_runs_may_take),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
