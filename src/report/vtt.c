/* vtt.c - timeline.vtt: what was perceived, second by second, to lay over the video in a player
 * (WebVTT, W3C 2019). */
#include "report/sinks.h"

static const int64_t cue_us = 1000000;

typedef struct at_cues {
    int64_t end_us; /* of the latest cue */
} at_cues;

static int head(FILE *f, void *state)
{
    (void)state;
    fprintf(f, "WEBVTT\n\nNOTE\n%s\n", at_notice_meaning);
    return ATTUNE_OK;
}

static void put_time(FILE *f, int64_t us)
{
    int64_t ms = us / 1000;

    fprintf(f, "%02lld:%02d:%02d.%03d", (long long)(ms / 3600000), (int)(ms / 60000 % 60),
            (int)(ms / 1000 % 60), (int)(ms % 1000));
}

static int likeliest(const float *p, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        best = p[i] > p[best] ? i : best;
    return best;
}

static void put_estimate(FILE *f, const attune_window *w)
{
    int emotion = likeliest(w->emotion7, ATTUNE_EMOTIONS);

    if (w->track)
        fprintf(f, "face %u: ", (unsigned)w->track);
    else
        fputs(w->used ? "voice: " : "", f);
    if (w->abstain) {
        fputs("too little to go on\n", f);
        return;
    }
    fprintf(f, "%s %.0f %%", attune_emotion_names[emotion], 100 * (double)w->emotion7[emotion]);
    if (w->has_state)
        fprintf(f, ", %s", attune_engagement_names[likeliest(w->engagement3, ATTUNE_ENGAGEMENTS)]);
    fputc('\n', f);
}

/* Each cue shows the windows that end with it. */
static int cue(FILE *f, void *state, const attune_window *w)
{
    at_cues *c = state;

    if (w->end_us != c->end_us) {
        if (w->end_us - c->end_us < cue_us)
            return ATTUNE_OK;
        fputc('\n', f);
        put_time(f, w->end_us - c->end_us < 2 * cue_us ? c->end_us : w->end_us - cue_us);
        fputs(" --> ", f);
        put_time(f, w->end_us);
        fputc('\n', f);
        c->end_us = w->end_us;
    }
    put_estimate(f, w);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_vtt = {
    .info = {"vtt", "timeline.vtt", "subtitles: what was perceived, second by second"},
    .state_size = sizeof(at_cues),
    .open = head,
    .window = cue,
};
