/* drawn_faces.h - small pictures drawn and written at test time, for tests of what trains on
 * pictures. */
#ifndef AT_TESTS_DRAWN_FACES_H
#define AT_TESTS_DRAWN_FACES_H

#include "data/faces.h"

enum { DRAWN_FACES = 5, DRAWN_MAX_SIDE = 160 };

/* Picture i, rows without padding: coloured, lopsided, each of another size. */
void drawn_face(int i, uint8_t rgb[3 * DRAWN_MAX_SIDE * DRAWN_MAX_SIDE], int *w, int *h);
/* The same as a file in the test's folder (temp_folder.h); its path. */
const char *drawn_face_write(int i);

/* All of them, loaded without a detector by that many threads; expression i. The files are gone
 * afterwards. */
at_faces drawn_faces_load(int threads);

#endif
