/* openface.c - openface.csv: a row a picture and face under OpenFace's names, for the scripts that read
 * them. Of pictures that were analysed: a recording's own rate takes --rate. */
#include "report/openface_columns.h"
#include "report/sinks.h"

static int head(FILE *f, void *state, const attune_report_options *setup)
{
    (void)state, (void)setup;
    at_openface_head(f);
    fputs(",box_x,box_y,box_w,box_h", f);
    for (int i = 0; i < ATTUNE_LANDMARKS; i++)
        fprintf(f, ",%s_x,%s_y", attune_landmark_names[i], attune_landmark_names[i]);
    fputs(",covered", f);
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        fprintf(f, ",emotion_%s", attune_emotion_names[i]);
    fputc('\n', f);
    return ATTUNE_OK;
}

static int row(FILE *f, void *state, const attune_sighting *s)
{
    int seen = s->track != 0;

    (void)state;
    at_openface_row(f, s->picture, s->track, s->t_us, seen, &s->quality, s->unit);
    for (int i = 0; i < 4; i++)
        at_openface_own(f, (double)s->box[i], seen, 1);
    for (int i = 0; i < ATTUNE_LANDMARKS; i++) {
        at_openface_own(f, (double)s->landmark[i][0], seen, 1);
        at_openface_own(f, (double)s->landmark[i][1], seen, 1);
    }
    at_openface_own(f, (double)s->quality.coverage, seen, 2);
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        at_openface_own(f, (double)s->emotion7[i], seen, 4);
    fputc('\n', f);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_openface = {
    .info = {"openface", "openface.csv", "a row a picture and face under OpenFace's names",
             .extra = 1, .sightings = 1},
    .open = head,
    .sighting = row,
};
