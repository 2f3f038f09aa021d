/* made_windows.h - windows as a session might give them, for the tests of what is made of them. */
#ifndef MADE_WINDOWS_H
#define MADE_WINDOWS_H

#include <attune/attune.h>

enum { MADE_HOP_US = 500000 };

/* The window that ends with the n-th hop (from 1) and finds one expression likeliest, in a face
 * (track not 0) and a voice that are there all the time. */
attune_window made_window(int n, int emotion, uint32_t track);
attune_window made_voice(int n, int emotion); /* one that belongs to no face */
attune_window made_nothing(int n);            /* nobody seen or heard */

#endif
