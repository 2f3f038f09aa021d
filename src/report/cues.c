#include "report/cues.h"

static const int64_t cue_us = 1000000;

int at_cue_shows(at_cues *c, const attune_window *w, int *first)
{
    int64_t since_us = w->end_us - c->end_us;

    *first = since_us != 0;
    if (!*first)
        return c->number > 0;
    if (since_us < cue_us)
        return 0;
    c->start_us = since_us < 2 * cue_us ? c->end_us : w->end_us - cue_us;
    c->end_us = w->end_us;
    c->number++;
    return 1;
}

void at_cue_time(FILE *f, int64_t us, char point)
{
    int64_t ms = us / 1000;

    fprintf(f, "%02lld:%02d:%02d%c%03d", (long long)(ms / 3600000), (int)(ms / 60000 % 60),
            (int)(ms / 1000 % 60), point, (int)(ms % 1000));
}

static int likeliest(const float *p, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        best = p[i] > p[best] ? i : best;
    return best;
}

/* Why it is, as the pages and the terminal's screen say it. */
static const char *withheld(const attune_window *w)
{
    return w->weight[ATTUNE_FACE] + w->weight[ATTUNE_VOICE] > 0 ? "no expression is likely enough"
                                                                : "too little to go on";
}

void at_cue_estimate(FILE *f, const attune_window *w)
{
    int emotion = likeliest(w->emotion7, ATTUNE_EMOTIONS);

    if (w->track)
        fprintf(f, "face %u: ", (unsigned)w->track);
    else
        fputs(w->used ? "voice: " : "", f);
    if (w->abstain) {
        fprintf(f, "%s\n", withheld(w));
        return;
    }
    fprintf(f, "%s %.0f %%", attune_emotion_names[emotion], 100 * (double)w->emotion7[emotion]);
    if (w->has_state)
        fprintf(f, ", %s", attune_engagement_names[likeliest(w->engagement3, ATTUNE_ENGAGEMENTS)]);
    fputc('\n', f);
}
