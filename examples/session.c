/* session.c - attune in a program of your own: frames and sound from anywhere in, windows out.
 *
 *     ffmpeg -v error -i clip.mp4 -vf scale=640:360 -f rawvideo -pix_fmt rgb24 frames.rgb
 *     ffmpeg -v error -i clip.mp4 -ac 1 -ar 16000 -f f32le voice.f32
 *     session 640 360 25 frames.rgb voice.f32
 *
 * Here they are read from two files of bare numbers; a program that has a camera and a microphone
 * pushes what these give it, with their times. Build it against the installed library:
 *
 *     cc -o session session.c $(pkg-config --cflags --libs attune)
 *
 * Installed where nobody looks for libraries (make install PREFIX=~/.local), it is found so:
 *
 *     export PKG_CONFIG_PATH=~/.local/lib/pkgconfig
 *     cc -o session session.c $(pkg-config --cflags --libs attune) \
 *         -Wl,-rpath,$(pkg-config --variable=libdir attune)
 *
 * With libattune.a in the place of -lattune the program carries attune with it; the libraries that
 * attune uses (libavformat and so on) are then named as well.
 */
#include <attune/attune.h>

#include <stdio.h>
#include <stdlib.h>

enum { RATE = 16000, PIECE = RATE / 25 }; /* samples of sound a second, and in one push */

static void print_window(const attune_window *w)
{
    int best = 0;

    for (int e = 1; e < ATTUNE_EMOTIONS; e++)
        best = w->emotion7[e] > w->emotion7[best] ? e : best;
    printf("%6.1f s  face %u  ", (double)w->end_us / 1e6, (unsigned)w->track);
    if (w->abstain)
        printf("withheld: too little to go on\n");
    else
        printf("%s %.0f %%  (trust in face %.2f, in voice %.2f)\n", attune_emotion_names[best],
               100 * (double)w->emotion7[best], (double)w->reliability[ATTUNE_FACE],
               (double)w->reliability[ATTUNE_VOICE]);
}

/* Windows are to be taken after every push. */
static int take_windows(attune_session *s)
{
    attune_window w;
    int rc;

    while ((rc = attune_session_next(s, &w)) == 1)
        print_window(&w);
    return rc;
}

/* The next piece of sound, if its time has come. */
static int push_sound(attune_session *s, FILE *voice, int64_t *heard, int64_t until_us)
{
    float pcm[PIECE];
    int rc = ATTUNE_OK;
    size_t n;

    while (rc == ATTUNE_OK && voice && *heard * 1000000 / RATE < until_us &&
           (n = fread(pcm, sizeof *pcm, PIECE, voice)) > 0) {
        rc = attune_session_push_audio(s, *heard * 1000000 / RATE, pcm, n);
        *heard += (int64_t)n;
        rc = rc < 0 ? rc : take_windows(s);
    }
    return rc;
}

static int push_all(attune_session *s, FILE *frames, FILE *voice, int w, int h, double fps)
{
    size_t size = (size_t)w * (size_t)h * 3;
    unsigned char *rgb = malloc(size);
    int64_t heard = 0;
    int rc = rgb ? ATTUNE_OK : ATTUNE_E_NOMEM;

    for (int64_t i = 0; rc == ATTUNE_OK && fread(rgb, 1, size, frames) == size; i++) {
        int64_t t = (int64_t)((double)i * 1e6 / fps);
        rc = attune_session_push_video(s, t, rgb, w, h, 3 * (ptrdiff_t)w);
        rc = rc < 0 ? rc : take_windows(s);
        rc = rc < 0 ? rc : push_sound(s, voice, &heard, t);
    }
    rc = rc < 0 ? rc : push_sound(s, voice, &heard, INT64_MAX);
    rc = rc < 0 ? rc : attune_session_finish(s);
    free(rgb);
    return rc < 0 ? rc : take_windows(s);
}

int main(int argc, char **argv)
{
    attune_model *model = NULL;
    attune_session *session = NULL;
    attune_error err = {0};
    attune_options options = {.no_audio = argc < 6};
    FILE *frames = argc > 4 ? fopen(argv[4], "rb") : NULL;
    FILE *voice = argc > 5 ? fopen(argv[5], "rb") : NULL;
    int w = argc > 4 ? atoi(argv[1]) : 0, h = argc > 4 ? atoi(argv[2]) : 0;
    double fps = argc > 4 ? atof(argv[3]) : 0;
    int rc = ATTUNE_E_ARG;

    if (!frames || (argc > 5 && !voice) || w < 1 || h < 1 || w > 16384 || h > 16384 || !(fps > 0)) {
        fprintf(stderr, "usage: session WIDTH HEIGHT FPS frames.rgb [voice.f32]\n");
    } else {
        rc = attune_model_load(&model, NULL, &err); /* NULL: the default model */
        rc = rc < 0 ? rc : attune_session_open(&session, model, &options, &err);
        rc = rc < 0 ? rc : push_all(session, frames, voice, w, h, fps);
        if (rc < 0)
            fprintf(stderr, "session: %s (status %d)\n", err.text, rc);
    }
    attune_session_free(&session);
    attune_model_free(&model);
    if (frames)
        fclose(frames);
    if (voice)
        fclose(voice);
    return rc < 0;
}
