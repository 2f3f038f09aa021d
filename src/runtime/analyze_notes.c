#include "runtime/analyze_notes.h"

#include "media/confine.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void at_note(attune_input_info *info, const char *fmt, ...)
{
    va_list args;

    if (info->n_notes == ATTUNE_MAX_NOTES)
        return;
    va_start(args, fmt);
    vsnprintf(info->note[info->n_notes++], ATTUNE_NOTE_BYTES, fmt, args);
    va_end(args);
}

static void note_tracks(attune_input_info *info, const at_media_info *media)
{
    if (media->video_tracks > 1)
        at_note(info, "the input has %d picture tracks; number %d was used", media->video_tracks,
                media->video_track);
    if (media->audio_tracks > 1)
        at_note(info, "the input has %d sound tracks; number %d was used%s", media->audio_tracks,
                media->audio_track, media->chosen_by_speech ? ": it has the most speech" : "");
}

static void note_late(attune_input_info *info)
{
    const attune_counts *n = &info->counts;
    double late_s = (double)n->late_audio_us / 1e6;

    if (n->late_frames > 0)
        at_note(info, "%lld %s came too late, and %s left out of windows",
                (long long)n->late_frames, n->late_frames == 1 ? "frame" : "frames",
                n->late_frames == 1 ? "was" : "were");
    if (n->late_audio_us > 0)
        at_note(info, "%.2f s of sound came too late, and were left out of windows", late_s);
}

static void note_dropped(attune_input_info *info, const at_feed_state *state)
{
    if (state->dropped > 0)
        at_note(info, "%lld %s not looked at, so as to keep up with live input",
                (long long)state->dropped, state->dropped == 1 ? "picture was" : "pictures were");
}

/* of: which of two inputs, or "". */
static void note_breaks(attune_input_info *info, const at_live_state *live, const char *of)
{
    int back = live->breaks - live->ended - live->away;

    if (back > 0)
        at_note(info, "%sthe connection broke off %s%d %s, and was gone for %.1f s in all", of,
                live->ended || live->away ? "and came back " : "", back,
                back == 1 ? "time" : "times", live->away_s);
    if (live->ended || live->away)
        at_note(info, "%sthe input broke off and did not come back: %.120s", of, live->why);
}

/* Words for the lowest layer of the sandbox that is missing. */
static void note_held(attune_input_info *info, const at_media_info *media, int no_sandbox)
{
    int missing = 0;

    if (no_sandbox)
        at_note(info, "the input was decoded without a sandbox, as was asked for");
    if (!media->held || media->held == AT_HELD_ALL) /* not held unasked: built with a sanitizer */
        return;
    while (media->held & 1U << missing)
        missing++;
    at_note(info, "the decoder's sandbox lacked a layer (%s)", at_held_name(missing));
}

/* A report without faces says what it cannot know of. */
static void note_unseen(attune_input_info *info)
{
    if (info->counts.frames > 0 && info->counts.frames_with_face == 0 && info->smallest_face > 0)
        at_note(info, "no face was seen; one less than %.0f pixels wide could not be found",
                ceil(info->smallest_face));
}

void at_notes_write(attune_input_info *info, const at_media_info *media, const at_feed_state *state,
                    int no_sandbox)
{
    note_tracks(info, media);
    if (media->opposite_phase)
        at_note(info, "the two channels of the sound are of opposite phase and would cancel each "
                      "other: the left one was used");
    if (media->errors > 0)
        at_note(info, "%lld damaged %s skipped", (long long)media->errors,
                media->errors == 1 ? "packet was" : "packets were");
    note_held(info, media, no_sandbox);
    note_breaks(info, &state->live[0], "");
    note_breaks(info, &state->live[1], "the microphone: ");
    note_dropped(info, state);
    note_late(info);
    note_unseen(info);
}
