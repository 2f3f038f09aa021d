/* openface_windows.c - openface-windows.csv: a row a window and face under OpenFace's names. What is told
 * of a face is of the last few seconds. */
#include "report/openface_columns.h"
#include "report/sinks.h"

typedef struct at_openface {
    int64_t row_us; /* end of the latest row */
    int number;     /* of the moment, from 1 */
} at_openface;

static int head(FILE *f, void *state, const attune_report_options *setup)
{
    (void)state, (void)setup;
    at_openface_head(f);
    fputs(",box_x,box_y,box_w,box_h,withheld", f);
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        fprintf(f, ",emotion_%s", attune_emotion_names[i]);
    for (int i = 0; i < ATTUNE_ENGAGEMENTS; i++)
        fprintf(f, ",engagement_%s", attune_engagement_names[i]);
    for (int i = 0; i < ATTUNE_STATES; i++)
        fprintf(f, ",level_%s", attune_state_names[i]);
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        fprintf(f, ",reliability_%s,weight_%s", attune_modality_name(m), attune_modality_name(m));
    fputc('\n', f);
    return ATTUNE_OK;
}

static double level(const float *p)
{
    double sum = 0;

    for (int k = 1; k < ATTUNE_LEVELS; k++)
        sum += k * (double)p[k];
    return sum;
}

static void put_ours(FILE *f, const attune_window *w)
{
    for (int i = 0; i < 4; i++)
        at_openface_own(f, (double)w->box[i], w->track != 0, 1);
    fprintf(f, ",%d", w->abstain != 0);
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        at_openface_own(f, (double)w->emotion7[i], 1, 4);
    for (int i = 0; i < ATTUNE_ENGAGEMENTS; i++)
        at_openface_own(f, (double)w->engagement3[i], w->has_state, 4);
    for (int i = 0; i < ATTUNE_STATES; i++)
        at_openface_own(f, level(w->state4[i]), w->has_state, 4);
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        at_openface_own(f, (double)w->reliability[m], 1, 4);
        at_openface_own(f, (double)w->weight[m], 1, 4);
    }
}

static int row(FILE *f, void *state, const attune_window *w)
{
    at_openface *o = state;
    int seen = w->track != 0 && at_face_there(w);

    o->number += o->number == 0 || w->end_us != o->row_us;
    o->row_us = w->end_us;
    at_openface_row(f, o->number, w->track, w->end_us, seen, &w->quality, w->unit);
    put_ours(f, w);
    fputc('\n', f);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_openface_windows = {
    .info = {"openface-windows", "openface-windows.csv",
             "a row a window and face under OpenFace's names", .extra = 1},
    .state_size = sizeof(at_openface),
    .open = head,
    .window = row,
};
