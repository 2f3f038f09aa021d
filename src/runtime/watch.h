/* watch.h - being shown what a session sees of faces, and what its fusion is asked. For runtime and eval. */
#ifndef AT_RUNTIME_WATCH_H
#define AT_RUNTIME_WATCH_H

#include "fusion/fusion.h"
#include "runtime/face_evidence.h"
#include "vision/align.h"

/* All are nullable; pointers are for the call. */
typedef struct at_watch {
    /* Each sighting of a face as it is made: of face f (pixels of the picture), aligned as the network sees
     * it. */
    void (*sighted)(void *user, const at_sighting *s, const at_face *f, const at_image *aligned);
    /* Who was sighted as person was somebody known all along. */
    void (*recognised)(void *user, uint32_t person, uint32_t known);
    /* The evidence (ATTUNE_STREAMS) of each window and subject, without what is usual for the subject, and
     * the window that came of it. */
    void (*asked)(void *user, const at_evidence *evidence, const attune_window *w);
    void *user;
} at_watch;

#endif
