#include "train/settings_shared.h"

static const at_field detector_losses_list[] = {
    AT_NUMBER(at_detector_losses, box, "box", 1, 0, 1000, "weight of the boxes"),
    AT_NUMBER(at_detector_losses, landmarks, "landmarks", 1, 0, 1000, "weight of the landmarks"),
    AT_FIELDS_END,
};
static const at_fields detector_losses_fields = {detector_losses_list, sizeof(at_detector_losses),
                                                 NULL};

#define DETECTOR(m, def, least, most, help) \
    AT_NUMBER(at_detector_settings, m, #m, def, least, most, help)
static const at_field detector_list[] = {
    AT_HEAD(at_detector_settings, "`detector`: finds faces in bad pictures"),
    AT_SHARED(at_detector_settings, data, at_pictures_fields),
    AT_FILE(at_detector_settings, init, "init", "yunet_n.safetensors", "what it starts from"),
    AT_FILE(at_detector_settings, detector, "detector", "yunet_n.safetensors",
            "the teacher, whose answers on the clean scene are the targets"),
    AT_SHARED(at_detector_settings, plan, at_plan_fields),
    DETECTOR(batch, 8, 1, 256, "scenes a step"),
    DETECTOR(side, 320, 64, 1024, "of a scene, a multiple of 32"),
    DETECTOR(scenes, 4000, 1, 10000000, "an epoch"),
    DETECTOR(silent, 0, 0, 0.9, "share of scenes without an upright face: textures, turned faces"),
    DETECTOR(eval_scenes, 300, 1, 100000, "of an evaluation, each under ten conditions"),
    AT_OBJECT(at_detector_settings, losses, "losses", detector_losses_fields,
              "what counts how much"),
    AT_FIELDS_END,
};

static const char *wrong_detector(const void *value)
{
    const at_detector_settings *s = value;
    const char *share = at_wrong_share(&s->data);
    return s->side % 32           ? "side must be a multiple of 32"
           : s->scenes < s->batch ? "scenes must be at least batch"
           : (double)s->batch * s->side * s->side > AT_MOST_PIXELS
               ? "batch and side are too large together"
           : share ? share
                   : at_wrong_batch(s->batch, &s->plan);
}
const at_fields at_detector_fields = {detector_list, sizeof(at_detector_settings), wrong_detector};
