#include "train/settings_shared.h"
#include "model/audio.h"

static const at_field fold_list[] = {
    AT_NEEDED(at_fold_settings, train, "train", "split that is learned from"),
    AT_NEEDED(at_fold_settings, valid, "valid", "split that judges"),
    AT_FIELDS_END,
};
static const at_fields fold_fields = {fold_list, sizeof(at_fold_settings), NULL};

#define MASK(m, most, help) AT_NUMBER(at_spec_masks, m, #m, 0, 0, most, help)
static const at_field mask_list[] = {
    MASK(freq_masks, 20, "bands hidden"),
    MASK(freq_width, AT_MEL_BANDS, "most, bands"),
    MASK(time_masks, 20, "stretches hidden"),
    MASK(time_width, AT_MAX_VOICE_ROWS, "most, frames of 10 ms"),
    MASK(time_share, 1, "most, of the sound; 0: 1"),
    MASK(mfcc_p, 1, "probability of hiding the MFCC"),
    AT_FIELDS_END,
};
static const at_fields mask_fields = {mask_list, sizeof(at_spec_masks), NULL};

static const at_field audio_losses_list[] = {
    AT_NUMBER(at_audio_losses, smoothing, "smoothing", 0.1, 0, 0.9, "of the labels"),
    AT_NUMBER(
        at_audio_losses, lacking, "lacking", 1, 0, 100,
        "by how much the logits of classes that a set lacks are lowered in its voices; 0: they "
        "are wrong answers like all others, 100: they are left open"),
    AT_NUMBER(at_audio_losses, class_balance, "class_balance", 0.5, 0, 4,
              "classes weigh (1 / their share) to this power"),
    AT_FIELDS_END,
};
static const at_fields audio_losses_fields = {audio_losses_list, sizeof(at_audio_losses), NULL};

#define AUDIO(m, def, least, most, help) AT_NUMBER(at_audio_settings, m, #m, def, least, most, help)
static const at_field audio_list[] = {
    AT_HEAD(at_audio_settings, "`audio`: the voice stream"),
    AT_SHARED(at_audio_settings, data, at_voices_fields),
    AT_LIST(at_audio_settings, fold, folds, "folds", &fold_fields, 0,
            "one run each with other parts of the first set, `NAME.foldK`, and the mean recall at "
            "the end"),
    AT_FILE(at_audio_settings, init, "init", NULL,
            "a voice stream of ours to start from, or a whole model, with as many members"),
    AT_TEXT(at_audio_settings, noise, "noise", NULL,
            "folder of background noise; the first 70 % of each file are used"),
    AT_SHARED(at_audio_settings, plan, at_plan_fields),
    AUDIO(members, 1, 1, AT_AUDIO_MAX_MEMBERS,
          "networks that learn side by side and answer with the mean of their logits"),
    AUDIO(batch, 32, 2, AT_AUDIO_MAX_BATCH, "voices a step"),
    AUDIO(rows, 300, 10, AT_MAX_VOICE_ROWS,
          "longest sound, frames of 10 ms; longer ones are cut at random"),
    AUDIO(versions, 6, 1, 100,
          "augmented copies made of each sound before training; epochs draw from them"),
    AT_OBJECT(at_audio_settings, augment, "augment", at_voice_augment_fields,
              "harm done to sounds"),
    AT_OBJECT(at_audio_settings, masks, "masks", mask_fields, "SpecAugment"),
    AT_OBJECT(at_audio_settings, losses, "losses", audio_losses_fields, "what counts how much"),
    AUDIO(mixup, 0, 0, 1,
          "alpha of the Beta distribution that pairs of voices are mixed by; 0: off"),
    AUDIO(dropout, 0.3, 0, 0.95, "after each layer and before the head"),
    AT_FIELDS_END,
};

static const char *wrong_audio(const void *value)
{
    const at_audio_settings *s = value;
    const at_set_settings *first = &s->data.set[0];
    return !s->folds && (!first->train || !first->valid)
               ? "needs data[0].train and data[0].valid, or folds"
               : at_wrong_batch(s->batch, &s->plan);
}
const at_fields at_audio_fields = {audio_list, sizeof(at_audio_settings), wrong_audio};
