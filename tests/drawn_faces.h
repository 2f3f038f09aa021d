/* drawn_faces.h - small pictures drawn and written at test time, for tests of what trains on
 * pictures. */
#ifndef AT_TESTS_DRAWN_FACES_H
#define AT_TESTS_DRAWN_FACES_H

#include "data/faces.h"

enum { DRAWN_FACES = 5, DRAWN_MAX_SIDE = 160, DRAWN_PATH = 128 };

/* Group set-up and tear-down: a folder for the files. */
int drawn_faces_folder(void **state);
int drawn_faces_remove(void **state);
/* name in that folder. */
void drawn_path(char path[DRAWN_PATH], const char *name);

/* Picture i, rows without padding: coloured, lopsided, each of another size. */
void drawn_face(int i, uint8_t rgb[3 * DRAWN_MAX_SIDE * DRAWN_MAX_SIDE], int *w, int *h);
/* The same as a file. */
void drawn_face_write(int i, char path[DRAWN_PATH]);

/* All of them, loaded without a detector by that many threads; expression i. The files are gone
 * afterwards. */
at_faces drawn_faces_load(int threads);

#endif
