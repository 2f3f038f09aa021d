/* sounds.h - synthetic sound for the tests of dsp: 16 kHz mono. */
#ifndef AT_TESTS_SOUNDS_H
#define AT_TESTS_SOUNDS_H

#include <stddef.h>
#include <stdint.h>

#include "dsp/features.h"

enum { SECOND = AT_SAMPLE_RATE, LONG = 6 * SECOND, BURSTS = 3, BURST = SECOND * 4 / 5 };

void add_tone(float *x, size_t n, double hz, double amplitude);
void add_white(float *x, size_t n, float deviation, uint64_t seed);

/* A voiced burst: harmonics of a wavering pitch under two formants, raised and lowered softly. */
void add_burst(float *x, size_t n, double pitch, float amplitude);

/* x (LONG): silence with BURSTS bursts of BURST samples. Returns the bursts' mean square. */
extern const size_t burst_start[BURSTS];
double make_bursts(float *x);

#endif
