/* made_overlays.h - overlays as an explanation might be given them. */
#ifndef MADE_OVERLAYS_H
#define MADE_OVERLAYS_H

#include <attune/explain.h>

/* That of a window of made_windows.h; speaks: something in the face speaks for the class, half of it
 * in the mouth. */
attune_overlay made_overlay(int kind, const attune_window *w, int speaks);

#endif
