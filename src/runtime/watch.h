/* watch.h - being shown what a session sees of faces. For runtime and eval. */
#ifndef AT_RUNTIME_WATCH_H
#define AT_RUNTIME_WATCH_H

#include "runtime/face_evidence.h"
#include "vision/align.h"

/* Is shown each sighting of a face as it is made: of face f (pixels of the picture), aligned as the
 * network sees it. Pointers are for the call. sighted NULL: nobody watches. */
typedef struct at_watch {
    void (*sighted)(void *user, const at_sighting *s, const at_face *f, const at_image *aligned);
    void *user;
} at_watch;

#endif
