/* srt.c - timeline.srt: the subtitles of timeline.vtt, for players that know SubRip alone. */
#include "report/cues.h"
#include "report/sinks.h"

static int cue(FILE *f, void *state, const attune_window *w)
{
    at_cues *c = state;
    int first;

    if (!at_cue_shows(c, w, &first))
        return ATTUNE_OK;
    if (first) {
        fprintf(f, "%s%d\n", c->number > 1 ? "\n" : "", c->number);
        at_cue_time(f, c->start_us, ',');
        fputs(" --> ", f);
        at_cue_time(f, c->end_us, ',');
        fputc('\n', f);
    }
    at_cue_estimate(f, w);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_srt = {
    .info = {"srt", "timeline.srt", "the same subtitles as SubRip", .extra = 1},
    .state_size = sizeof(at_cues),
    .window = cue,
};
