/* stand_in.h - empty libraries in the place of such as others ask for and never call.
 *
 * FFmpeg's libraries ask for some fifty others, which bring eighty more: encoders, drawings, hardware, networks. The
 * loader takes some 25 ms for them, most of a decoder's start, and none of it is called where files of the kinds
 * that media allows are read. stand_in.py makes of each a library with its name, of 1 to 3 KiB, in which the functions
 * that are asked for lie where nothing can run: who calls one ends. Loaded first, it is taken for the one that it
 * stands for.
 *
 * That holds for the whole process and for good, so it is for one that decodes and does nothing else.
 */
#ifndef AT_BASE_STAND_IN_H
#define AT_BASE_STAND_IN_H

#include <stddef.h>

typedef struct at_stand_in {
    const char *soname; /* for which it stands */
    const unsigned char *image;
    size_t bytes;
} at_stand_in;

enum { AT_STAND_INS = 64 };

/* Loads those n (at most AT_STAND_INS) whose library is not there yet: all or, where one cannot be, none, since
 * libraries of which some are real ask the others for more. Once in a process, before other threads load libraries. */
void at_stand_in_load(const at_stand_in *s, int n);
/* Takes back those for which nobody asked since. */
void at_stand_in_unload(void);
/* How many are there. */
int at_stand_in_count(void);

#endif
