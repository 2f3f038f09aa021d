/* hints.h - what a person could do about their input, from the qualities of their last window. Pure. */
#ifndef AT_REPORT_HINTS_H
#define AT_REPORT_HINTS_H

#include <attune/attune.h>

typedef enum at_hint {
    AT_HINT_NO_FACE,      /* none, or hardly ever */
    AT_HINT_FACE_DARK,    /* the face is: light from the front helps */
    AT_HINT_FACE_BRIGHT,  /* washed out */
    AT_HINT_FACE_COVERED, /* by a hand, hair, a mask, or the picture's edge */
    AT_HINT_SMALL_FACE,   /* far away: nearer helps */
    AT_HINT_BLURRED,
    AT_HINT_TURNED,   /* away from the camera */
    AT_HINT_NO_VOICE, /* sound comes, but nobody speaks in it */
    AT_HINT_NOISE,    /* what stands out of the sound is hardly a voice, or drowns */
    AT_HINTS
} at_hint;

/* "no_face", ...; NULL past the last. Static storage. */
const char *at_hint_name(int i);
/* What is so, and what to do about it: the page of a live session (serve/page/words.js) says the same.
 * Static storage. */
const char *at_hint_what(at_hint i);
const char *at_hint_todo(at_hint i);

/* Bits (1u << at_hint). has_video, has_audio: of that stream something came lately; nothing is said
 * of one that is not there. */
unsigned at_hints_of(const attune_window *w, int has_video, int has_audio);
/* The same where newer pictures than the window's show no face. */
unsigned at_hints_without_face(unsigned said);

#endif
