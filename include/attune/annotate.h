/* annotate.h - a clip again, with what was told of it drawn in. May change.
 *
 * What this writes shows people, even with their faces hidden: give it only to those who may see them.
 * Names, errors and owning as in attune.h; different calls are independent.
 */
#ifndef ATTUNE_ANNOTATE_H
#define ATTUNE_ANNOTATE_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero is the default for every field. */
typedef struct attune_annotate_options {
    /* Faces are made unrecognisable: four by four fields of one colour each, over more than the face, from
     * 0.6 s before it is found to 0.6 s after. They are those of the report, and what a detector finds in
     * every frame, with less certainty than is asked for elsewhere. What neither finds stays as it is: there
     * is no guarantee. The voice stays, too */
    int anonymise;
    const char *model;            /* whose detector finds faces to hide; NULL: the default model */
    int no_audio;                 /* leave the sound out */
    int video_track, audio_track; /* as in attune_options */
    int (*progress)(void *user, double done_s,
                    double total_s /* 0 unknown */); /* nullable; non-zero
                                                                                 * stops */
    void *user;
    int no_sandbox; /* as in attune_options */
    uint64_t reserved[7];
} attune_annotate_options;

/* report: the folder of attune_report_options.dir, with timeline.jsonl. input: the clip that it is of,
 * which is read twice to anonymise it; out: an .mp4, .mkv or .mov, written whole or not at all. The box of
 * each face, its likeliest expression, the bands of all expressions and the streams' weights, at each moment
 * those of the window that tells of it; mono 16 kHz sound. ATTUNE_E_UNSUPPORTED in builds without cairo. */
int attune_annotate(const char *report, const char *input, const char *out,
                    const attune_annotate_options *o /* nullable */, attune_error *err);

#ifdef __cplusplus
}
#endif
#endif
