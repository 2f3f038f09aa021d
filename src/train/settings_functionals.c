#include "train/settings_shared.h"

#define EXPERT(m, def, least, most, help) \
    AT_NUMBER(at_functionals_settings, m, #m, def, least, most, help)
static const at_field functionals_list[] = {
    AT_HEAD(at_functionals_settings, "`functionals`: the voice stream's linear expert"),
    AT_FILE(at_functionals_settings, model, "model", NULL,
            "a voice stream, which is written again with the expert; without: the figures alone"),
    AT_SHARED(at_functionals_settings, data, at_voices_fields),
    AT_TEXT(at_functionals_settings, noise, "noise", NULL,
            "folder of background noise; the first 70 % of each file are used"),
    EXPERT(seed, 1, -1e15, 1e15, "of everything random"),
    EXPERT(rows, 300, 10, AT_MAX_VOICE_ROWS,
           "longest stretch, frames of 10 ms; longer sounds are cut at random"),
    EXPERT(versions, 3, 1, 100, "of each sound: as it is, and the others augmented"),
    AT_OBJECT(at_functionals_settings, augment, "augment", at_voice_augment_fields,
              "harm done to sounds"),
    EXPERT(steps, 300, 1, 100000, "most, of the search for the minimum"),
    EXPERT(centred, 1, 0, 1,
           "1: learn from each voice a second time, less what is usual of its person"),
    EXPERT(penalty, 0.05, 1e-6, 100,
           "of half the squares of the weights of the columns' functionals, beside the mean loss"),
    EXPERT(penalty_prosody, 0.02, 1e-6, 100, "of the prosody's"),
    EXPERT(weight, 0.35, 0, 10,
           "that the columns' logits have beside the networks', 1 each; 0: they are not learned"),
    EXPERT(weight_prosody, 0.7, 0, 10, "that the prosody's have"),
    EXPERT(lacking, 1, 0, 100, "as `losses.lacking` of the voice stream"),
    AT_FIELDS_END,
};

static const char *wrong_functionals(const void *value)
{
    const at_functionals_settings *s = value;
    for (int i = 0; i < s->data.sets; i++)
        if (s->data.set[i].train)
            return NULL;
    return "no set has a part to learn from";
}
const at_fields at_functionals_fields = {functionals_list, sizeof(at_functionals_settings),
                                         wrong_functionals};
