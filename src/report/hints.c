#include "report/hints.h"

#include <math.h>

/* Where a measure of attune_quality begins to cost: levels at which a person sees what is meant. */
static const float hardly_there = 0.3F; /* share of the frames with the face */
static const float dark = 0.2F;         /* mean luma */
static const float bright = 0.85F;
static const float covered = 0.35F;       /* share of the face */
static const float small_px = 16;         /* between eyes and mouth */
static const float blurred = 0.25F;       /* sharpness */
static const float turned_deg = 35;       /* yaw, pitch */
static const float hardly_speech = 0.05F; /* share of the window */
static const float some_speech = 0.2F;
static const float drowned_db = 6;      /* of the voice over the noise */
static const float hardly_voice = 0.2F; /* condition of what was taken for speech */

static const struct {
    const char *name, *what, *todo;
} hints[] = {
    [AT_HINT_NO_FACE] = {"no_face", "No face is found in the picture.",
                         "Move into view, or turn the camera."},
    [AT_HINT_FACE_DARK] = {"face_dark", "Your face is dark.", "Turn towards a window or a lamp."},
    [AT_HINT_FACE_BRIGHT] = {"face_bright", "Your face is too bright.",
                             "Turn away from the lamp or the sun."},
    [AT_HINT_FACE_COVERED] = {"face_covered", "Only part of your face is seen.",
                              "Take away the hand, or move into the middle of the picture."},
    [AT_HINT_SMALL_FACE] = {"small_face", "Your face is small in the picture.",
                            "Come nearer to the camera."},
    [AT_HINT_BLURRED] = {"blurred", "Your face is blurred.",
                         "Wipe the lens, keep still, or come nearer."},
    [AT_HINT_TURNED] = {"turned", "Your face is turned away.", "It is judged best from the front."},
    [AT_HINT_NO_VOICE] = {"no_voice", "No voice is heard.",
                          "While you are silent the face alone is judged."},
    [AT_HINT_NOISE] = {"noise", "The microphone hears mostly noise.",
                       "Go nearer to it, or use a headset."},
};

const char *at_hint_name(int i)
{
    return i >= 0 && i < AT_HINTS ? hints[i].name : NULL;
}

const char *at_hint_what(at_hint i)
{
    return hints[i].what;
}

const char *at_hint_todo(at_hint i)
{
    return hints[i].todo;
}

/* Comparisons are false for NaN, which stands for what was not measured. */
static unsigned of_face(const attune_window *w)
{
    const attune_quality *q = &w->quality;
    unsigned small = (unsigned)(q->face_size < small_px);

    if (w->track == 0 || !(q->face_share >= hardly_there))
        return 1u << AT_HINT_NO_FACE;
    return (unsigned)(q->brightness < dark) << AT_HINT_FACE_DARK |
           (unsigned)(q->brightness > bright) << AT_HINT_FACE_BRIGHT |
           (unsigned)(q->coverage > covered) << AT_HINT_FACE_COVERED | small << AT_HINT_SMALL_FACE |
           /* a small face is blurred by being small */
           (unsigned)(!small && q->sharpness < blurred) << AT_HINT_BLURRED |
           (unsigned)(fabsf(q->yaw) > turned_deg || fabsf(q->pitch) > turned_deg) << AT_HINT_TURNED;
}

static unsigned of_voice(const attune_window *w)
{
    const attune_quality *q = &w->quality;

    if (!(q->speech_share > hardly_speech))
        return 1u << AT_HINT_NO_VOICE;
    return (unsigned)(q->speech_share > some_speech &&
                      (q->snr_db < drowned_db || w->condition[ATTUNE_VOICE] < hardly_voice))
           << AT_HINT_NOISE;
}

unsigned at_hints_without_face(unsigned said)
{
    const unsigned of_sound = 1u << AT_HINT_NO_VOICE | 1u << AT_HINT_NOISE;

    return (said & of_sound) | 1u << AT_HINT_NO_FACE;
}

unsigned at_hints_of(const attune_window *w, int has_video, int has_audio)
{
    return (has_video ? of_face(w) : 0) | (has_audio ? of_voice(w) : 0);
}
