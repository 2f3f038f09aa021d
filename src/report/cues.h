/* cues.h - what was perceived, second by second, in words: for subtitles. */
#ifndef AT_REPORT_CUES_H
#define AT_REPORT_CUES_H

#include <attune/attune.h>
#include <stdio.h>

/* Zero-initialised: none yet. */
typedef struct at_cues {
    int64_t start_us, end_us; /* of the latest cue */
    int number;               /* of the latest, from 1 */
} at_cues;

/* Whether w is told: each cue shows the windows that end with it. *first: it begins a cue. */
int at_cue_shows(at_cues *c, const attune_window *w, int *first);

/* "00:00:01.000", with point as the mark before the milliseconds. */
void at_cue_time(FILE *f, int64_t us, char point);
/* "face 1: happy 70 %, engaged" and the end of the line. */
void at_cue_estimate(FILE *f, const attune_window *w);

#endif
