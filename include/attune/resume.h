/* resume.h - analysing a recording, and going on with it after the program was killed. May change.
 *
 *     attune_analyze_resumable(m, "clip.mp4", &o, &sink, "out", &info, &err);   finished, or killed and called again
 *     attune_resume_forget("out");                                              once its windows are safe elsewhere
 *
 * What is needed to go on is kept in two files of a folder, attune-resume.state and attune-resume.told: which windows
 * were told, and what the session knows: numbers of the faces that it follows, among them what they look like
 * (histograms) and what the networks made of the last seconds' (embeddings); thumbnails, where they are asked for. They are
 * for their owner's eyes alone (rights 0600), and to be removed when they have served. The windows come out bit by bit as
 * they would have without a break, of any number of threads.
 *
 * Gone on is only with what can be read again: files, neither live nor from a pipe; by the same version, model, options,
 * kind of processor, and logs of what was recorded beside (attune_options.beside), of which numbers are kept, and no words.
 * Sound is decoded and cleaned from the start, which is cheap; the networks do not run again.
 *
 * Names, errors and owning as in attune.h. A folder: one thread and one process at a time; who writes a report into it
 * (attune/sink.h) has its lock.
 */
#ifndef ATTUNE_RESUME_H
#define ATTUNE_RESUME_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How far a run that was killed had come with path by these options: 1, and *done_s (nullable) of the recording; 0: nothing
 * was begun. ATTUNE_E_STATE: what was begun is of another recording, or with something else. ATTUNE_E_FORMAT: it is
 * damaged. ATTUNE_E_ARG: path or options are none that can be gone on with. */
int attune_resume_find(const char *folder, const attune_model *m, const char *path,
                       const attune_options *o /* nullable */, double *done_s, attune_error *err);

/* As attune_analyze_file. What was begun is gone on with: first all is told again that was told (sightings too), at once,
 * then what follows. folder is made if it is not there, with the first window. The time that earlier runs took counts
 * as well (info.elapsed_s). Fails besides as attune_resume_find does, and with ATTUNE_E_IO where nothing can be kept, or
 * another run is at it. Where the input is at fault, what was kept is removed. */
int attune_analyze_resumable(const attune_model *m, const char *path,
                             const attune_options *o /* nullable */, const attune_sink *sink,
                             const char *folder, attune_input_info *info, attune_error *err);

/* Removes what is kept in folder, if anything is. */
void attune_resume_forget(const char *folder);

#ifdef __cplusplus
}
#endif
#endif
