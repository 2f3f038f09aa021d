#include "train/settings_shared.h"
#include "eval/evidence.h"

#define MOTION(m, most, help) AT_NUMBER(at_clip_motion, m, #m, 0, 0, most, help)
static const at_field motion_list[] = {
    MOTION(flip, 1, "probability of a clip in the mirror"),
    MOTION(shift, 0.5, "most, of the side"),
    MOTION(turn, 180, "most, degrees"),
    MOTION(zoom, 1, "most, log of the factor"),
    MOTION(light, 1, "most, relative change of contrast and brightness"),
    AT_FIELDS_END,
};
static const at_fields motion_fields = {motion_list, sizeof(at_clip_motion), NULL};

#define OVER_TIME(m, def, most, help) AT_NUMBER(at_temporal_losses, m, #m, def, 0, most, help)
static const at_field temporal_losses_list[] = {
    OVER_TIME(expression, 1, 1000, "weight of FER+'s votes"),
    OVER_TIME(basic, 0.5, 1000, "weight of FER2013's labels"),
    OVER_TIME(smoothing, 0, 0.9, "of the labels"),
    OVER_TIME(class_balance, 0.25, 4, "classes weigh (1 / their share) to this power"),
    AT_FIELDS_END,
};
static const at_fields temporal_losses_fields = {temporal_losses_list, sizeof(at_temporal_losses),
                                                 NULL};

#define TEMPORAL(m, def, least, most, help) \
    AT_NUMBER(at_temporal_settings, m, #m, def, least, most, help)
static const at_field temporal_list[] = {
    AT_HEAD(at_temporal_settings, "`temporal`: what a face's frames say together"),
    AT_NEEDED_FILE(at_temporal_settings, model, "model",
                   "a whole model, whose detector and face stream stay as they are"),
    AT_SHARED(at_temporal_settings, data, at_pictures_fields),
    AT_OBJECT(at_temporal_settings, temporal, "temporal", at_temporal_encoder_fields,
              "Transformer over the frames of a window, whose logits are added to FER+'s and "
              "FER2013's mean over these; it starts at zero"),
    AT_SHARED(at_temporal_settings, plan, at_plan_fields),
    TEMPORAL(batch, 32, 2, 1024, "clips a step"),
    TEMPORAL(most, 0, 0, 10000000, "stills of each set to learn from; 0: all there are"),
    TEMPORAL(judged, 0, 0, 10000000, "stills of each set to be judged by; 0: all there are"),
    TEMPORAL(versions, 2, 2, 64,
             "clips of each still: every second one is the one before with a mouth that talks"),
    TEMPORAL(frames, 12, 2, AT_MEAN_SIGHTINGS, "of a clip"),
    TEMPORAL(rate_min, 4, 0.5, 60, "frames a second, at least"),
    TEMPORAL(rate_max, 10, 0.5, 60, "at most"),
    AT_OBJECT(at_temporal_settings, motion, "motion", motion_fields,
              "how far a clip's face and light go to and fro"),
    AT_LIST(at_temporal_settings, harm, harms, "harms", &at_harm_fields, 0,
            "how clips are degraded, each by one of them all along"),
    TEMPORAL(clean, 0.4, 0, 1, "probability that a clip is not"),
    TEMPORAL(
        taught, 0, 0, 1,
        "share of what is to be learned that is the network's own answer to the still, in place "
        "of its label"),
    AT_OBJECT(at_temporal_settings, losses, "losses", temporal_losses_fields,
              "what counts how much"),
    TEMPORAL(dropout, 0.3, 0, 0.95, "before the last weights"),
    AT_FIELDS_END,
};

static const char *wrong_temporal(const void *value)
{
    const at_temporal_settings *s = value;
    return s->rate_min > s->rate_max ? "rate_min is over rate_max"
                                     : at_wrong_batch(s->batch, &s->plan);
}
const at_fields at_temporal_fields = {temporal_list, sizeof(at_temporal_settings), wrong_temporal};
