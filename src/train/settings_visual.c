#include "train/settings_shared.h"
#include <string.h>

static const at_field stage_list[] = {
    AT_NUMBER(at_stage_settings, from, "from", 0, 0, 1, "share of the run"),
    AT_NUMBER(at_stage_settings, side, "side", AT_FACE_SIDE, 32, 512,
              "of the pictures from there on"),
    AT_FIELDS_END,
};
static const at_fields stage_fields = {stage_list, sizeof(at_stage_settings), NULL};

static const at_field model_list[] = {
    AT_NEEDED_FILE(at_model_settings, model, "model", "a face stream of ours, or a whole model"),
    AT_FIELDS_END,
};
static const at_fields model_fields = {model_list, sizeof(at_model_settings), NULL};

#define LOSS(m, def, most, help) AT_NUMBER(at_visual_losses, m, #m, def, 0, most, help)
static const at_field visual_losses_list[] = {
    LOSS(expression, 1, 1000, "weight of FER+'s votes"),
    LOSS(basic, 0.5, 1000, "weight of FER2013's labels"),
    LOSS(state, 0.3, 1000, "weight of DAiSEE's levels, each of the four"),
    LOSS(dominant, 0, 1000, "weight of the one of DAiSEE's states that is the highest"),
    LOSS(engagement, 0.2, 1000, "weight of WACV's engagement"),
    LOSS(covered, 0.2, 1000, "weight of the share of the face that `augment.occlude` hides"),
    LOSS(units, 0, 1000, "weight of the facial movements that `teacher` saw"),
    LOSS(pose, 0, 1000, "weight of the head's pose, likewise"),
    LOSS(smoothing, 0, 0.9, "of the labels"),
    LOSS(ensemble, 0.5, 1,
         "share of FER+'s and FER2013's labels that is what the `ensemble` says in their place"),
    LOSS(class_balance, 0.25, 4, "classes weigh (1 / their share) to this power"),
    LOSS(level_balance, 0.5, 4, "the same for states and engagement"),
    AT_FIELDS_END,
};
static const at_fields visual_losses_fields = {visual_losses_list, sizeof(at_visual_losses), NULL};

#define VISUAL(m, def, least, most, help) \
    AT_NUMBER(at_visual_settings, m, #m, def, least, most, help)
static const at_field visual_list[] = {
    AT_HEAD(at_visual_settings, "`visual`: the face stream"),
    AT_SHARED(at_visual_settings, data, at_pictures_fields),
    AT_FILE(
        at_visual_settings, init, "init", NULL,
        "a face stream of ours, a whole model, or weights with batch norm folded in (ImageNet's): batch norm is "
        "then set so that the network starts out equal"),
    AT_FILE(at_visual_settings, detector, "detector", "yunet_n.safetensors",
            "finds and aligns the faces: YuNet's file, a trained detector's or a whole model's"),
    AT_FILE(at_visual_settings, teacher, "teacher", NULL,
            "what a teacher saw of movements and pose: set,file,found,yaw,pitch,roll,... as CSV, "
            "packed by gzip or not"),
    AT_LIST(
        at_visual_settings, ensemble, models, "ensemble", &model_fields, 0,
        "networks that are asked once for every training picture as it is; the mean of what they "
        "say stands for a share of its labels"),
    AT_OBJECT(at_visual_settings, spatial, "spatial", at_spatial_encoder_fields,
              "Transformer over the places of the last map, whose logits are added to FER+'s and "
              "FER2013's; new ones start at zero"),
    AT_TEXT(
        at_visual_settings, frozen, "frozen", NULL,
        "what of `init` stays as it is: `trunk`, the network without its heads, or `network`, all "
        "but the spatial encoder; without: nothing"),
    AT_SHARED(at_visual_settings, plan, at_plan_fields),
    VISUAL(batch, 32, 2, 1024, "pictures a step, of all sets mixed"),
    AT_LIST(at_visual_settings, size, sizes, "sizes", &stage_fields, 0,
            "sides of the pictures over the run; without: 112 throughout"),
    AT_OBJECT(at_visual_settings, augment, "augment", at_face_augment_fields,
              "harm done to pictures"),
    AT_OBJECT(at_visual_settings, losses, "losses", visual_losses_fields, "what counts how much"),
    VISUAL(mixup, 0, 0, 1,
           "alpha of the Beta distribution that pairs of FER pictures are mixed by; 0: off"),
    VISUAL(dropout, 0.3, 0, 0.95, "before the heads"),
    VISUAL(statistics_batches, 40, 1, 10000,
           "over which batch norm's statistics are averaged before each evaluation"),
    AT_FIELDS_END,
};

static const char *wrong_frozen(const at_visual_settings *s)
{
    if (!s->frozen)
        return NULL;
    if (strcmp(s->frozen, "trunk") != 0 && strcmp(s->frozen, "network") != 0)
        return "frozen must be \"trunk\" or \"network\"";
    if (!s->init)
        return "frozen needs init";
    return strcmp(s->frozen, "network") == 0 && !s->spatial.layers
               ? "with frozen \"network\" and no spatial encoder nothing learns"
               : NULL;
}

static const char *wrong_visual(const void *value)
{
    const at_visual_settings *s = value;
    int side = AT_FACE_SIDE;
    for (int i = 0; i < s->sizes; i++)
        side = s->size[i].side > side ? s->size[i].side : side;
    const char *wrong = at_wrong_batch(s->batch, &s->plan);
    return wrong ? wrong
           : (double)s->batch * side * side > AT_MOST_PIXELS
               ? "batch and sizes are too large together"
               : wrong_frozen(s);
}
const at_fields at_visual_fields = {visual_list, sizeof(at_visual_settings), wrong_visual};
