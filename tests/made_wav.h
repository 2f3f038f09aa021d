/* made_wav.h - sound of 16 bits as a WAV file in the test's folder (temp_folder.h). */
#ifndef AT_TESTS_MADE_WAV_H
#define AT_TESTS_MADE_WAV_H

#include <stddef.h>
#include <stdint.h>

/* x (n x channels); NULL: silence. Its path. */
const char *put_wav(const char *name, unsigned rate, unsigned channels, const int16_t *x, size_t n);

#endif
