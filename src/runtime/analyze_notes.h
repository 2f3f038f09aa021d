/* analyze_notes.h - what a reader of a report should know of how the input was taken. Private to
 * runtime. */
#ifndef AT_RUNTIME_ANALYZE_NOTES_H
#define AT_RUNTIME_ANALYZE_NOTES_H

#include "base/error.h"
#include "runtime/feed.h"

/* Fills info's notes, from info->counts, media, of live input how it went, and attune_options.no_sandbox. */
void at_notes_write(attune_input_info *info, const at_media_info *media, const at_feed_state *state,
                    int no_sandbox);

/* Adds one, if there is room. */
void at_note(attune_input_info *info, const char *fmt, ...) AT_PRINTF(2, 3);

#endif
