/* draw_talking_head.c - makes the demo clip: a drawn head that talks, and is hindered in turn.
 *
 *     draw_talking_head [DIR]        writes DIR/talking_head.mp4 and DIR/phases.json (DIR: demo)
 *     draw_talking_head --stills DIR writes one PNG a phase instead, to look at
 *
 * What happens when is the table below, and phases.json says the same to tests. Between two
 * phases the picture changes over a fraction of a second, mostly at the later one's beginning;
 * the head is out of the picture for the whole of "gone", leaving and coming back outside it.
 */
#include "head_picture.h"
#include "head_voice.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "media/media.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 640, HEIGHT = 480, FPS = 25, VIDEO_KBPS = 200, AUDIO_KBPS = 40 };

typedef enum picture_state { CLEAN, BLURRED, SMALL, DARK, COVERED, GONE } picture_state;
typedef enum voice_state { VOICE_CLEAN, VOICE_NOISY, VOICE_SILENT } voice_state;
static const char *const picture_names[] = {"clean", "blurred", "small", "dark", "covered", "gone"};
static const char *const voice_names[] = {"clean", "noisy", "silent"};

typedef struct phase {
    double start; /* seconds; ends where the next one starts */
    picture_state picture;
    voice_state voice;
    int expression;
} phase;

static const phase phases[] = {
    {0.0, CLEAN, VOICE_CLEAN, ATTUNE_NEUTRAL},    {1.5, CLEAN, VOICE_CLEAN, ATTUNE_HAPPY},
    {3.5, CLEAN, VOICE_SILENT, ATTUNE_SURPRISED}, {6.5, CLEAN, VOICE_NOISY, ATTUNE_ANGRY},
    {9.0, BLURRED, VOICE_CLEAN, ATTUNE_SAD},      {11.5, SMALL, VOICE_CLEAN, ATTUNE_FEARFUL},
    {13.5, DARK, VOICE_CLEAN, ATTUNE_DISGUSTED},  {16.0, COVERED, VOICE_CLEAN, ATTUNE_HAPPY},
    {18.0, GONE, VOICE_CLEAN, ATTUNE_ANGRY},      {21.0, CLEAN, VOICE_CLEAN, ATTUNE_NEUTRAL},
    {22.5, CLEAN, VOICE_CLEAN, ATTUNE_NEUTRAL}, /* the end */
};
enum { PHASES = sizeof phases / sizeof *phases - 1 };

static int fail(const char *what)
{
    fprintf(stderr, "draw_talking_head: %s\n", what);
    return 1;
}

/* ---- what is to be seen at a time --------------------------------------------------------- */

/* 0 before a, 1 after b, smooth between. */
static double ramp(double t, double a, double b)
{
    double u = fmin(1, fmax(0, (t - a) / (b - a)));
    return u * u * (3 - 2 * u);
}

/* How far state is in force at t, with change_s to come and, at its end, to go. */
static double strength(double t, picture_state state, double before, double after)
{
    double most = 0;
    for (int i = 0; i < PHASES; i++)
        if (phases[i].picture == state)
            most = fmax(most, ramp(t, phases[i].start - before, phases[i].start - before + .4) *
                                  (1 - ramp(t, phases[i + 1].start + after - .4,
                                            phases[i + 1].start + after)));
    return most;
}

static head_face face_at(double t, const head_lips *lips)
{
    head_face f = head_expressions[phases[0].expression];
    for (int i = 1; i < PHASES; i++)
        f = head_blend(&f, &head_expressions[phases[i].expression],
                       ramp(t, phases[i].start, phases[i].start + .4));
    f.open = fmin(1, f.open * (1 - .35 * (lips->open > 0.02)) + lips->open);
    f.stretch += .6 * lips->stretch;
    f.press *= 1 - fmin(1, lips->open * 4);
    /* blinks, and eyes that do not quite keep still */
    static const double blinks[] = {1.1, 3.0, 5.6, 7.9, 10.2, 12.4, 14.9, 17.3, 21.7};
    for (size_t i = 0; i < sizeof blinks / sizeof *blinks; i++) {
        double shut = ramp(t, blinks[i] - .09, blinks[i]) *
                      (1 - ramp(t, blinks[i] + .03, blinks[i] + .14));
        f.lid_upper += (-1 - f.lid_upper) * shut;
    }
    f.gaze_x += .35 * sin(t * .9) * sin(t * .37 + 1);
    f.gaze_y += .15 * sin(t * .7 + 2);
    f.brow_outer += .12 * fmax(0, sin(t * 2.1)) * (lips->open > 0.05);
    return f;
}

static head_pose pose_at(double t)
{
    double small = strength(t, SMALL, 0, 0), gone = strength(t, GONE, .4, .4);
    head_pose p = {.scale = 1.15 * pow(.27 / 1.15, small)};
    p.x = 320 + 8 * sin(t * 1.1) + 4 * sin(t * 2.3 + 1) + 560 * gone;
    p.y = 196 + 3 * sin(t * 1.7) + 140 * small;
    p.tilt = .030 * sin(t * .83) + .018 * sin(t * 1.9 + .5) + .12 * gone;
    p.yaw = .5 * sin(t * .71 + .3);
    p.pitch = .35 * sin(t * 1.13 + 2);
    p.hand = strength(t, COVERED, 0, 0);
    return p;
}

/* ---- what the camera makes of it ---------------------------------------------------------- */

/* A running mean of 2 r + 1 pixels along lines of n pixels that are step apart (in bytes). */
static void box_blur(uint8_t *line, uint8_t *copy, int n, ptrdiff_t step, int r)
{
    for (int c = 0; c < 3; c++) {
        int sum = 0;
        for (int i = 0; i < n; i++)
            copy[i] = line[i * step + c];
        for (int i = -r; i <= r; i++)
            sum += copy[i < 0 ? 0 : i];
        for (int i = 0; i < n; i++) {
            line[i * step + c] = (uint8_t)((sum + r) / (2 * r + 1));
            int in = i + r + 1, out = i - r;
            sum += copy[in < n ? in : n - 1] - copy[out < 0 ? 0 : out];
        }
    }
}

/* Three running means each way come close to a Gaussian of deviation sqrt(r (r + 1)). */
static void blur(uint8_t *rgb, int w, int h, int r)
{
    uint8_t copy[WIDTH > HEIGHT ? WIDTH : HEIGHT];
    for (int pass = 0; pass < 3 && r > 0; pass++) {
        for (int y = 0; y < h; y++)
            box_blur(rgb + (ptrdiff_t)y * w * 3, copy, w, 3, r);
        for (int x = 0; x < w; x++)
            box_blur(rgb + x * 3, copy, h, (ptrdiff_t)w * 3, r);
    }
}

/* Little light: dim, and the sensor's noise shows. */
static void darken(uint8_t *rgb, int w, int h, double amount, int number)
{
    at_rng rng;
    at_rng_seed(&rng, 5, (uint64_t)number);
    double gain = pow(.11, amount);
    for (int i = 0; i < w * h; i++) {
        double noise = 2.2 * amount * (double)at_rng_normal(&rng);
        for (int c = 0; c < 3; c++)
            rgb[3 * i + c] = (uint8_t)fmin(255, fmax(0, rgb[3 * i + c] * gain + noise));
    }
}

static void to_rgb(cairo_surface_t *s, uint8_t *rgb)
{
    cairo_surface_flush(s);
    const unsigned char *data = cairo_image_surface_get_data(s);
    int stride = cairo_image_surface_get_stride(s);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint32_t pixel;
            memcpy(&pixel, data + (ptrdiff_t)y * stride + 4 * x, 4);
            uint8_t *to = rgb + 3 * ((ptrdiff_t)y * WIDTH + x);
            to[0] = (uint8_t)(pixel >> 16);
            to[1] = (uint8_t)(pixel >> 8);
            to[2] = (uint8_t)pixel;
        }
}

static void from_rgb(const uint8_t *rgb, cairo_surface_t *s)
{
    cairo_surface_flush(s);
    unsigned char *data = cairo_image_surface_get_data(s);
    int stride = cairo_image_surface_get_stride(s);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            const uint8_t *p = rgb + 3 * ((ptrdiff_t)y * WIDTH + x);
            uint32_t pixel = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
            memcpy(data + (ptrdiff_t)y * stride + 4 * x, &pixel, 4);
        }
    cairo_surface_mark_dirty(s);
}

/* ---- the film ----------------------------------------------------------------------------- */

typedef struct film {
    int frames;
    size_t samples;
    float *pcm;      /* (samples) */
    head_lips *lips; /* (frames) */
    uint8_t *rgb;    /* (HEIGHT x WIDTH x 3) */
    cairo_surface_t *room, *stage;
} film;

static void film_free(film *f)
{
    at_free(f->pcm);
    at_free(f->lips);
    at_free(f->rgb);
    cairo_surface_destroy(f->room);
    cairo_surface_destroy(f->stage);
}

static int film_init(film *f)
{
    double seconds = phases[PHASES].start;
    f->frames = (int)lround(seconds * FPS);
    f->samples = (size_t)lround(seconds * AT_MEDIA_AUDIO_RATE);
    f->pcm = at_alloc(f->samples, sizeof *f->pcm);
    f->lips = at_alloc((size_t)f->frames, sizeof *f->lips);
    f->rgb = at_alloc(HEIGHT, WIDTH * 3);
    f->room = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
    f->stage = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
    if (!f->pcm || !f->lips || !f->rgb || cairo_surface_status(f->room) != CAIRO_STATUS_SUCCESS ||
        cairo_surface_status(f->stage) != CAIRO_STATUS_SUCCESS)
        return 0;
    cairo_t *cr = cairo_create(f->room);
    head_draw_room(cr, WIDTH, HEIGHT);
    cairo_destroy(cr);
    to_rgb(f->room, f->rgb);
    blur(f->rgb, WIDTH, HEIGHT, 5); /* out of focus */
    from_rgb(f->rgb, f->room);

    head_speech speech[PHASES];
    int lines = 0;
    for (int i = 0; i < PHASES; i++)
        if (phases[i].voice != VOICE_SILENT)
            speech[lines++] =
                (head_speech){phases[i].start + .1, phases[i + 1].start, phases[i].expression};
    head_voice_speak(speech, lines, f->pcm, f->samples, f->lips, f->frames, FPS);
    for (int i = 0; i < PHASES; i++)
        if (phases[i].voice == VOICE_NOISY)
            head_voice_disturb(f->pcm, f->samples, phases[i].start, phases[i + 1].start, -3);
    head_voice_microphone(f->pcm, f->samples, 2e-4);
    return 1;
}

static void film_draw(film *f, int number)
{
    double t = (double)number / FPS;
    head_pose pose = pose_at(t);
    head_face face = face_at(t, &f->lips[number]);
    cairo_t *cr = cairo_create(f->stage);
    cairo_set_source_surface(cr, f->room, 0, 0);
    cairo_paint(cr);
    head_draw(cr, &pose, &face);
    cairo_destroy(cr);
    to_rgb(f->stage, f->rgb);
    blur(f->rgb, WIDTH, HEIGHT, (int)lround(6 * strength(t, BLURRED, 0, 0)));
    double dark = strength(t, DARK, 0, 0);
    if (dark > 0)
        darken(f->rgb, WIDTH, HEIGHT, dark, number);
}

static int write_clip(film *f, const char *path, attune_error *err)
{
    at_media_writer *w = NULL;
    at_media_writer_options o = {.w = WIDTH,
                                 .h = HEIGHT,
                                 .fps = FPS,
                                 .video_kbps = VIDEO_KBPS,
                                 .preset = "veryslow",
                                 .audio = 1,
                                 .audio_kbps = AUDIO_KBPS};
    size_t part = AT_MEDIA_AUDIO_RATE / FPS;
    int ret = at_media_writer_open(&w, path, &o, err);
    for (int i = 0; ret >= 0 && i < f->frames; i++) {
        film_draw(f, i);
        ret = at_media_writer_video(w, i * INT64_C(1000000) / FPS, f->rgb, WIDTH * 3, err);
        if (ret >= 0)
            ret = at_media_writer_audio(w, f->pcm + (size_t)i * part, part, err);
    }
    if (ret >= 0)
        return at_media_writer_close(&w, err);
    at_media_writer_abandon(&w);
    return ret;
}

static int write_phases(const char *path, attune_error *err)
{
    at_outfile out;
    int ret = at_outfile_open(&out, path, err);
    if (ret < 0)
        return ret;
    fprintf(out.f, "{\n  \"clip\": \"talking_head.mp4\",\n  \"fps\": %d,\n  \"phases\": [\n", FPS);
    for (int i = 0; i < PHASES; i++)
        fprintf(out.f,
                "    {\"start\": %.1f, \"end\": %.1f, \"picture\": \"%s\", \"voice\": \"%s\", "
                "\"expression\": \"%s\"}%s\n",
                phases[i].start, phases[i + 1].start, picture_names[phases[i].picture],
                voice_names[phases[i].voice], attune_emotion_names[phases[i].expression],
                i + 1 < PHASES ? "," : "");
    fprintf(out.f, "  ]\n}\n");
    return at_outfile_commit(&out, err);
}

static int write_stills(film *f, const char *dir)
{
    for (int i = 0; i < PHASES; i++) {
        char path[1024];
        film_draw(f, (int)((phases[i].start + 1.1) * FPS));
        from_rgb(f->rgb, f->stage);
        snprintf(path, sizeof path, "%s/%02d-%s-%s.png", dir, i, picture_names[phases[i].picture],
                 attune_emotion_names[phases[i].expression]);
        if (cairo_surface_write_to_png(f->stage, path) != CAIRO_STATUS_SUCCESS)
            return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    int stills = argc > 1 && strcmp(argv[1], "--stills") == 0;
    const char *dir = argc > 1 + stills ? argv[1 + stills] : "demo";
    film f = {0};
    attune_error err = {0};
    char path[1024];
    int ret = 0;
    if (argc > 2 + stills)
        return fail("usage: draw_talking_head [--stills] [DIR]");
    if (at_mkdirs(dir, &err) < 0)
        return fail(err.text);
    if (!film_init(&f)) {
        ret = fail("out of memory");
    } else if (stills) {
        ret = write_stills(&f, dir) ? 0 : fail("cannot write the pictures");
    } else {
        snprintf(path, sizeof path, "%s/talking_head.mp4", dir);
        int done = write_clip(&f, path, &err);
        snprintf(path, sizeof path, "%s/phases.json", dir);
        if (done >= 0)
            done = write_phases(path, &err);
        ret = done < 0 ? fail(err.text) : 0;
    }
    film_free(&f);
    return ret;
}
