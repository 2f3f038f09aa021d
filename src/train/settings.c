#include "train/settings.h"
#include "eval/evidence.h"
#include "fusion/kind.h"
#include "signal/embed.h"
#include "model/audio.h"
#include <attune/log.h>
#include <math.h>
#include <string.h>

/* Of a batch: some 700 MiB of floats. */
static const double most_pixels = 6e7;

#define HEAD(T, what) \
    AT_NEEDED(T, kind, "kind", what), AT_NEEDED(T, name, "name", "of the files that are written")

/* ---- all that trains ------------------------------------------------------------------------ */

#define RATE(m, def, least, most, help) \
    AT_NUMBER(at_optimiser_settings, m, #m, def, least, most, help)
static const at_field optimiser_list[] = {
    RATE(lr, 1e-3, 1e-9, 10, "learning rate at its peak"),
    RATE(floor, 1e-5, 0, 10, "where the cosine ends, and the least that a plateau makes of it"),
    RATE(warmup, 0.05, 0, 1, "share of all steps spent rising"),
    RATE(decay, 0.01, 0, 10,
         "AdamW's; of dense weights only, not of depthwise ones, batch norm and biases"),
    RATE(beta1, 0.9, 0, 0.9999, "AdamW's"),
    RATE(beta2, 0.999, 0, 0.999999, "AdamW's"),
    RATE(clip, 0, 0, 1e9, "largest norm of the gradient; 0: off"),
    RATE(ema, 0.999, 0, 0.999999,
         "averaging of weights; evaluation and the model use the averages; 0: off"),
    RATE(lr_heads, 3, 0, 1000, "factor for the face stream's heads"),
    RATE(lr_early, 0.3, 0, 1000, "factor for the face stream's stem and first four blocks"),
    AT_FIELDS_END,
};
static const at_fields optimiser_fields = {optimiser_list, sizeof(at_optimiser_settings), NULL};

static const at_field plateau_list[] = {
    AT_NUMBER(
        at_plateau_settings, patience, "patience", 0, 0, 100000,
        "evaluations without a better score, after which the rate is lowered; 0: it follows a "
        "cosine instead"),
    AT_NUMBER(at_plateau_settings, factor, "factor", 0.5, 0.001, 0.999, "by which it is lowered"),
    AT_FIELDS_END,
};
static const at_fields plateau_fields = {plateau_list, sizeof(at_plateau_settings), NULL};

static const at_field stopping_list[] = {
    AT_NUMBER(
        at_stopping_settings, patience, "patience", 0, 0, 100000,
        "evaluations without a better score, after which it ends; 0: it does not. The best is in "
        "`NAME.best.safetensors`"),
    AT_NUMBER(at_stopping_settings, least, "least", 0, 0, 100000,
              "epochs that are run in any case"),
    AT_FIELDS_END,
};
static const at_fields stopping_fields = {stopping_list, sizeof(at_stopping_settings), NULL};

static const at_field plan_list[] = {
    AT_NUMBER(at_loop_plan, seed, "seed", 1, -1e15, 1e15, "of everything random"),
    AT_NUMBER(at_loop_plan, epochs, "epochs", 10, 1, 100000, "how often all is seen"),
    AT_NUMBER(at_loop_plan, eval_every, "eval_every", 1, 1, 100000,
              "epochs between evaluations; the last is always evaluated"),
    AT_NUMBER(
        at_loop_plan, shards, "shards", 1, 1, AT_MAX_SHARDS,
        "parts of a batch that are computed apart, on one machine or many; batch norm and mixup see "
        "a part alone"),
    AT_NUMBER(at_loop_plan, checkpoint_minutes, "checkpoint_minutes", 5, 0, 10080,
              "between checkpoints, besides those at each epoch's end"),
    AT_TEXT(
        at_loop_plan, precision, "precision", "f32",
        "`f32`, or `mixed`: what is kept for the backward pass lies in half floats, with dynamic "
        "loss scaling; weights, sums and losses stay f32"),
    AT_OBJECT(at_loop_plan, optimiser, "optimiser", optimiser_fields,
              "AdamW; its rate falls as a cosine does, or with each plateau"),
    AT_OBJECT(at_loop_plan, plateau, "plateau", plateau_fields, "reduce on plateau"),
    AT_OBJECT(at_loop_plan, early_stop, "early_stop", stopping_fields, "early stopping"),
    AT_FIELDS_END,
};

int at_plan_is_mixed(const at_loop_plan *plan)
{
    return plan->precision && strcmp(plan->precision, "mixed") == 0;
}

static const char *wrong_plan(const void *value)
{
    const at_loop_plan *p = value;
    return at_plan_is_mixed(p) || strcmp(p->precision, "f32") == 0
               ? NULL
               : "precision must be \"f32\" or \"mixed\"";
}
const at_fields at_plan_fields = {plan_list, sizeof(at_loop_plan), wrong_plan};

static const char *wrong_batch(int batch, const at_loop_plan *plan)
{
    return batch % plan->shards ? "batch must be a multiple of shards" : NULL;
}

/* ---- pictures ------------------------------------------------------------------------------- */

static const at_field set_list[] = {
    AT_NEEDED(at_set_settings, dataset, "dataset", "as `attune eval --help` names it"),
    AT_TEXT(at_set_settings, folder, "folder", NULL,
            "in the data folder; without: the dataset's name"),
    AT_NEEDED(at_set_settings, train, "train", "split that is learned from"),
    AT_NEEDED(at_set_settings, valid, "valid", "split that judges and calibrates"),
    AT_NUMBER(at_set_settings, share, "share", 1, 0, 100,
              "of the set drawn an epoch: 0.5 half, 2 twice"),
    AT_TEXT(at_set_settings, also, "also", NULL,
            "`fer2013`: take that set's label of the same pictures too"),
    AT_FIELDS_END,
};
static const at_fields set_fields = {set_list, sizeof(at_set_settings), NULL};

static const at_field pictures_list[] = {
    AT_LIST(at_pictures_settings, set, sets, "data", &set_fields, 1,
            "pictures that are learned from"),
    AT_FIELDS_END,
};
static const at_fields pictures_fields = {pictures_list, sizeof(at_pictures_settings), NULL};

/* ---- visual --------------------------------------------------------------------------------- */

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

#define AUGMENT(m, most, help) AT_NUMBER(at_face_augment, m, #m, 0, 0, most, help)
static const at_field face_augment_list[] = {
    AUGMENT(flip, 1, "probability of mirroring"),
    AUGMENT(shift, 0.5, "most, of the side"),
    AUGMENT(turn, 180, "most, degrees"),
    AUGMENT(zoom, 1, "most, log of the factor"),
    AUGMENT(light, 1, "most, relative change of contrast and brightness"),
    AUGMENT(grey, 1, "probability of dropping colour"),
    AUGMENT(occlude, 1, "probability of covering a part"),
    AUGMENT(blur, 1, "probability of blur or motion"),
    AUGMENT(small, 1, "probability of a lower resolution"),
    AUGMENT(compress, 1, "probability of blocks or noise"),
    AUGMENT(dark, 1, "probability of low light, gamma or less contrast"),
    AUGMENT(strength, 1, "the most that a harm is of its full level"),
    AUGMENT(covers, 1, "the most that `occlude` hides of the face, times `strength`; 0: 0.5"),
    AT_FIELDS_END,
};
static const at_fields face_augment_fields = {face_augment_list, sizeof(at_face_augment), NULL};

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

#define SPATIAL(m, def, least, most, help) \
    AT_NUMBER(at_encoder_shape, m, #m, def, least, most, help)
static const at_field spatial_list[] = {
    SPATIAL(layers, 0, 0, AT_ENCODER_LAYERS, "of attention and feed-forward; 0: no encoder"),
    SPATIAL(width, 96, 1, AT_ENCODER_WIDTH, "of a place's token, a multiple of `heads`"),
    SPATIAL(heads, 4, 1, AT_ENCODER_HEADS, "looks that each place has at the others"),
    AT_FIELDS_END,
};

static const char *wrong_encoder(const void *value)
{
    const at_encoder_shape *s = value;
    return s->width % s->heads ? "width is no multiple of heads" : NULL;
}
static const at_fields spatial_fields = {spatial_list, sizeof(at_encoder_shape), wrong_encoder};

#define VISUAL(m, def, least, most, help) \
    AT_NUMBER(at_visual_settings, m, #m, def, least, most, help)
static const at_field visual_list[] = {
    HEAD(at_visual_settings, "`visual`: the face stream"),
    AT_SHARED(at_visual_settings, data, pictures_fields),
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
    AT_OBJECT(at_visual_settings, spatial, "spatial", spatial_fields,
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
    AT_OBJECT(at_visual_settings, augment, "augment", face_augment_fields, "harm done to pictures"),
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
    const char *wrong = wrong_batch(s->batch, &s->plan);
    return wrong                                          ? wrong
           : (double)s->batch * side * side > most_pixels ? "batch and sizes are too large together"
                                                          : wrong_frozen(s);
}
const at_fields at_visual_fields = {visual_list, sizeof(at_visual_settings), wrong_visual};

/* ---- hog ------------------------------------------------------------------------------------ */

#define HOG(m, def, least, most, help) AT_NUMBER(at_hog_settings, m, #m, def, least, most, help)
static const at_field hog_list[] = {
    HEAD(at_hog_settings,
         "`hog`: faces told by histograms of oriented gradients, the paper's baseline"),
    AT_SHARED(at_hog_settings, data, pictures_fields),
    AT_FILE(at_hog_settings, detector, "detector", "yunet_n.safetensors",
            "finds and aligns the faces: YuNet's file, a trained detector's or a whole model's"),
    HOG(c, 1, 1e-9, 1e9, "inverse of the penalty on the weights, as scikit-learn's"),
    HOG(class_balance, 0, 0, 4, "classes weigh (1 / their share) to this power"),
    HOG(tolerance, 1e-5, 1e-9, 1, "of the gradient's largest component"),
    HOG(iterations, 1000, 1, 1000000, "most"),
    AT_FIELDS_END,
};

static const char *wrong_share(const at_pictures_settings *data)
{
    for (int i = 0; i < data->sets; i++)
        if (data->set[i].share != 1)
            return "share means nothing where all pictures are learned from at once";
    return NULL;
}

static const char *wrong_hog(const void *value)
{
    return wrong_share(&((const at_hog_settings *)value)->data);
}
const at_fields at_hog_fields = {hog_list, sizeof(at_hog_settings), wrong_hog};

/* ---- ranges --------------------------------------------------------------------------------- */

static const at_field ranges_list[] = {
    HEAD(at_ranges_settings, "`ranges`: how far a model's activations go, for `--precision int8`"),
    AT_NEEDED_FILE(at_ranges_settings, model, "model", "a whole model"),
    AT_SHARED(at_ranges_settings, data, pictures_fields),
    AT_NUMBER(at_ranges_settings, pictures, "pictures", 1000, 1, 1000000,
              "most of each set, evenly spaced; of its training part only"),
    AT_NUMBER(at_ranges_settings, scenes, "scenes", 300, 1, 1000000,
              "made of them, which the detector is watched on"),
    AT_NUMBER(at_ranges_settings, side, "side", 256, 64, 1024, "of scenes, a multiple of 32"),
    AT_NUMBER(at_ranges_settings, seed, "seed", 1, -1e15, 1e15, "of scenes"),
    AT_FIELDS_END,
};

static const char *wrong_ranges(const void *value)
{
    const at_ranges_settings *s = value;
    return s->side % 32 ? "side must be a multiple of 32" : wrong_share(&s->data);
}
const at_fields at_ranges_fields = {ranges_list, sizeof(at_ranges_settings), wrong_ranges};

/* ---- audio ---------------------------------------------------------------------------------- */

static const at_field fold_list[] = {
    AT_NEEDED(at_fold_settings, train, "train", "split that is learned from"),
    AT_NEEDED(at_fold_settings, valid, "valid", "split that judges"),
    AT_FIELDS_END,
};
static const at_fields fold_fields = {fold_list, sizeof(at_fold_settings), NULL};

static const at_field voice_set_list[] = {
    AT_NEEDED(at_set_settings, dataset, "dataset", "as `attune eval --help` names it"),
    AT_TEXT(at_set_settings, folder, "folder", NULL,
            "in the data folder; without: the dataset's name"),
    AT_TEXT(at_set_settings, train, "train", NULL, "split that is learned from; without: none"),
    AT_TEXT(at_set_settings, valid, "valid", NULL,
            "split that judges and calibrates; without: none"),
    AT_NUMBER(at_set_settings, share, "share", 1, 0, 100,
              "of the set drawn an epoch: 0.5 half, 2 twice"),
    AT_FIELDS_END,
};
static const at_fields voice_set_fields = {voice_set_list, sizeof(at_set_settings), NULL};

static const at_field voices_list[] = {
    AT_LIST(at_voices_settings, set, sets, "data", &voice_set_fields, 1,
            "voices that are learned from; a set may lack classes"),
    AT_FIELDS_END,
};
static const at_fields voices_fields = {voices_list, sizeof(at_voices_settings), NULL};

#define SOUND(m, def, least, most, help) AT_NUMBER(at_voice_augment, m, #m, def, least, most, help)
static const at_field voice_augment_list[] = {
    SOUND(speed_p, 0, 0, 1, "probability of another speed"),
    SOUND(speed_min, 1, 0.5, 2, "slowest"),
    SOUND(speed_max, 1, 0.5, 2, "fastest"),
    SOUND(pitch_p, 0, 0, 1, "probability of another pitch"),
    SOUND(pitch_max, 0, 0, 12, "most, semitones up or down"),
    SOUND(band_p, 0, 0, 1, "probability of the telephone's band"),
    SOUND(gain_p, 0, 0, 1, "probability of another level"),
    SOUND(gain_max, 0, 0, 60, "most, dB up or down"),
    SOUND(noise_p, 0, 0, 1, "probability of noise"),
    SOUND(snr_min, 0, -40, 100, "dB, with the most noise"),
    SOUND(snr_max, 0, -40, 100, "dB, with the least noise"),
    AT_FIELDS_END,
};

static const char *wrong_sound(const void *value)
{
    const at_voice_augment *a = value;
    return a->speed_min > a->speed_max ? "speed_min is over speed_max"
           : a->snr_min > a->snr_max   ? "snr_min is over snr_max"
                                       : NULL;
}
static const at_fields voice_augment_fields = {voice_augment_list, sizeof(at_voice_augment),
                                               wrong_sound};

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
    HEAD(at_audio_settings, "`audio`: the voice stream"),
    AT_SHARED(at_audio_settings, data, voices_fields),
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
    AT_OBJECT(at_audio_settings, augment, "augment", voice_augment_fields, "harm done to sounds"),
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
               : wrong_batch(s->batch, &s->plan);
}
const at_fields at_audio_fields = {audio_list, sizeof(at_audio_settings), wrong_audio};

/* ---- functionals ---------------------------------------------------------------------------- */

#define EXPERT(m, def, least, most, help) \
    AT_NUMBER(at_functionals_settings, m, #m, def, least, most, help)
static const at_field functionals_list[] = {
    HEAD(at_functionals_settings, "`functionals`: the voice stream's linear expert"),
    AT_FILE(at_functionals_settings, model, "model", NULL,
            "a voice stream, which is written again with the expert; without: the figures alone"),
    AT_SHARED(at_functionals_settings, data, voices_fields),
    AT_TEXT(at_functionals_settings, noise, "noise", NULL,
            "folder of background noise; the first 70 % of each file are used"),
    EXPERT(seed, 1, -1e15, 1e15, "of everything random"),
    EXPERT(rows, 300, 10, AT_MAX_VOICE_ROWS,
           "longest stretch, frames of 10 ms; longer sounds are cut at random"),
    EXPERT(versions, 3, 1, 100, "of each sound: as it is, and the others augmented"),
    AT_OBJECT(at_functionals_settings, augment, "augment", voice_augment_fields,
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

/* ---- detector ------------------------------------------------------------------------------- */

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
    HEAD(at_detector_settings, "`detector`: finds faces in bad pictures"),
    AT_SHARED(at_detector_settings, data, pictures_fields),
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
    return s->side % 32           ? "side must be a multiple of 32"
           : s->scenes < s->batch ? "scenes must be at least batch"
           : (double)s->batch * s->side * s->side > most_pixels
               ? "batch and side are too large together"
               : wrong_batch(s->batch, &s->plan);
}
const at_fields at_detector_fields = {detector_list, sizeof(at_detector_settings), wrong_detector};

/* ---- fusion --------------------------------------------------------------------------------- */

/* One corpus, by default that one. */
#define CORPUS(list, fields, def)                                                                 \
    static const at_field list[] = {                                                              \
        AT_TEXT(at_corpus_settings, dataset, "dataset", def, "as `attune eval --help` names it"), \
        AT_TEXT(at_corpus_settings, folder, "folder", NULL,                                       \
                "in the data folder; without: the dataset's name"),                               \
        AT_NEEDED(at_corpus_settings, parts.train, "train", "split that is learned from"),        \
        AT_NEEDED(at_corpus_settings, parts.valid, "valid", "split that judges and calibrates"),  \
        AT_FIELDS_END,                                                                            \
    };                                                                                            \
    static const at_fields fields = {list, sizeof(at_corpus_settings), NULL}
CORPUS(pair_faces_list, pair_faces_fields, "ferplus");
CORPUS(pair_voices_list, pair_voices_fields, "ravdess");

static const at_field harm_list[] = {
    AT_NEEDED(at_harm_settings, kind, "kind", "a degradation of pictures or of sound"),
    AT_NUMBER(at_harm_settings, level, "level", 0, -1000, 1000,
              "at worst, in its unit; drawn from a third of the way there"),
    AT_FIELDS_END,
};

static const char *wrong_harm(const void *value)
{
    const at_harm_settings *h = value;
    const at_degrade_kind kind = at_degrade_find(h->kind);
    if (kind == AT_DEGRADE_KINDS)
        return "there is no degradation of that kind";
    if (kind == AT_DEGRADE_NOISES || kind == AT_DEGRADE_BABBLE)
        return "that degradation needs recordings";
    const float none = at_degradations[kind].none, most = at_degradations[kind].most;
    return (h->level - none) * (most - none) <= 0 || fabsf(h->level - none) > fabsf(most - none)
               ? "the level is none that does harm"
               : NULL;
}
static const at_fields harm_fields = {harm_list, sizeof(at_harm_settings), wrong_harm};

/* What was recorded beside the samples of a corpus, by its manifest's columns. */
#define BESIDE(of)                                                                             \
    AT_TEXT(at_beside_settings, dataset, "dataset", "manifest",                                \
            "whose column `" of "` names a file for each sample"),                             \
        AT_TEXT(at_beside_settings, folder, "folder", NULL,                                    \
                "in the data folder; without: the dataset's name"),                            \
        AT_TEXT(at_beside_settings, train, "train", NULL,                                      \
                "split that is learned from; without: there is no " of),                       \
        AT_TEXT(at_beside_settings, valid, "valid", NULL, "split that judges and calibrates"), \
        AT_NUMBER(at_beside_settings, absent, "absent", 0.5, 0, 1,                             \
                  "probability that a pair is without, beside those that have none"),          \
        AT_TEXT(at_beside_settings, log_time, "log_time", NULL, "as `attune analyze --log-time`")
static const at_field signals_list[] = {
    BESIDE("signal"),
    AT_TEXT(at_beside_settings, columns, "columns", NULL,
            "names of its columns, with commas between: those that a session must have too"),
    AT_TEXT(at_beside_settings, events, "events", NULL,
            "of those that count what happens at a moment"),
    AT_FIELDS_END,
};
static const at_field chats_list[] = {BESIDE("chat"), AT_FIELDS_END};

static const char *wrong_beside(const void *value)
{
    const at_beside_settings *b = value;
    if (b->log_time && attune_log_time_of(b->log_time) < 0)
        return "log_time is s, ms, us, date, mdy or dmy";
    return (b->train != NULL) != (b->valid != NULL) ? "train and valid go together" : NULL;
}

static const char *wrong_signals(const void *value)
{
    const at_beside_settings *b = value;
    at_signal_scale s;
    if ((b->train != NULL) != (b->columns != NULL) || (b->events && !b->columns))
        return "train and columns go together";
    return b->columns && at_signal_names(&s, b->columns, b->events, "", NULL) < 0
               ? "columns are names with commas between, and events some of them"
               : wrong_beside(value);
}
static const at_fields signals_fields = {signals_list, sizeof(at_beside_settings), wrong_signals};
static const at_fields chats_fields = {chats_list, sizeof(at_beside_settings), wrong_beside};

#define FUSION(m, def, least, most, help) \
    AT_NUMBER(at_fusion_settings, m, #m, def, least, most, help)
static const at_field fusion_list[] = {
    HEAD(at_fusion_settings, "`fusion`: what is made of both streams together"),
    AT_NEEDED(at_fusion_settings, fusion, "fusion", "`concat`, `tensor`, `attention` or `hybrid`"),
    AT_NEEDED_FILE(at_fusion_settings, model, "model",
                   "a whole model, whose detector, networks and calibration stay as they are"),
    AT_OBJECT(at_fusion_settings, faces, "faces", pair_faces_fields, "one side of the pairs"),
    AT_OBJECT(at_fusion_settings, voices, "voices", pair_voices_fields, "the other"),
    AT_OBJECT(at_fusion_settings, signals, "signals", signals_fields,
              "a signal beside them, matched by label too"),
    AT_OBJECT(at_fusion_settings, chats, "chats", chats_fields, "and a chat"),
    AT_SHARED(at_fusion_settings, plan, at_plan_fields),
    FUSION(batch, 64, 2, 1024, "pairs a step"),
    FUSION(pairs, 2000, 2, 10000000, "label-matched pairs an epoch, matched anew each time"),
    FUSION(judged, 700, 1, 100000, "label-matched pairs of an evaluation, under each condition"),
    FUSION(most, 3500, 0, 10000000,
           "faces, and voices, of a part: as many of each emotion; 0: all there are"),
    FUSION(versions, 4, 1, 64, "of each sample: as it is, and the others degraded"),
    FUSION(sights, 3, 1, 30, "frames that a face is seen in"),
    FUSION(tokens, 24, 1, 250, "moments of a voice that are kept, at most"),
    AT_LIST(at_fusion_settings, harm, harms, "harms", &harm_fields, 0, "how samples are degraded"),
    FUSION(clean, 0.4, 0, 1, "probability that a sample is taken as it is"),
    FUSION(missing, 0.2, 0, 0.9, "probability that one of the two streams is left out"),
    FUSION(dropout, 0.3, 0, 0.95, "before the last layer"),
    FUSION(smoothing, 0.1, 0, 0.9, "of the labels"),
    FUSION(trust, 1, 0.01, 1,
           "of `hybrid`: by how much what was learned counts beside the streams' own answers"),
    AT_FIELDS_END,
};

static const char *wrong_fusion(const void *value)
{
    const at_fusion_settings *s = value;
    const at_fusion_kind *kind = at_fusion_kind_find(s->fusion);
    return !kind || !at_fusion_is_learned(kind) ? "fusion is no kind that is learned"
           : kind->two && (s->signals.train || s->chats.train)
               ? "that fusion is of face and voice alone"
           : s->trust < 1 && !kind->hears ? "trust is for a fusion that hears the streams' answers"
           : s->pairs < s->batch          ? "pairs must be at least batch"
                                          : wrong_batch(s->batch, &s->plan);
}
const at_fields at_fusion_fields = {fusion_list, sizeof(at_fusion_settings), wrong_fusion};

/* ---- temporal ------------------------------------------------------------------------------- */

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

#define FRAMES(m, def, least, most, help) AT_NUMBER(at_encoder_shape, m, #m, def, least, most, help)
static const at_field temporal_encoder_list[] = {
    FRAMES(layers, 1, 1, AT_ENCODER_LAYERS, "of attention and feed-forward"),
    FRAMES(width, 64, 1, AT_ENCODER_WIDTH, "of a frame's token, a multiple of `heads`"),
    FRAMES(heads, 4, 1, AT_ENCODER_HEADS, "looks that each frame has at the others"),
    AT_FIELDS_END,
};
static const at_fields temporal_encoder_fields = {temporal_encoder_list, sizeof(at_encoder_shape),
                                                  wrong_encoder};

#define TEMPORAL(m, def, least, most, help) \
    AT_NUMBER(at_temporal_settings, m, #m, def, least, most, help)
static const at_field temporal_list[] = {
    HEAD(at_temporal_settings, "`temporal`: what a face's frames say together"),
    AT_NEEDED_FILE(at_temporal_settings, model, "model",
                   "a whole model, whose detector and face stream stay as they are"),
    AT_SHARED(at_temporal_settings, data, pictures_fields),
    AT_OBJECT(at_temporal_settings, temporal, "temporal", temporal_encoder_fields,
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
    AT_LIST(at_temporal_settings, harm, harms, "harms", &harm_fields, 0,
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
                                     : wrong_batch(s->batch, &s->plan);
}
const at_fields at_temporal_fields = {temporal_list, sizeof(at_temporal_settings), wrong_temporal};

/* ---- assemble ------------------------------------------------------------------------------- */

static const at_field stream_list[] = {
    AT_NEEDED_FILE(at_stream_settings, model, "model", "the trained file, or a whole model"),
    AT_NEEDED_FILE(at_stream_settings, recipe, "recipe", "whose parts calibrate it"),
    AT_NUMBER(
        at_stream_settings, trust, "trust", 1, 0.01, 1,
        "how far its answers are trusted on people that it never met: they are tempered by it, "
        "and weighed by it beside another stream's"),
    AT_FIELDS_END,
};
static const at_fields stream_fields = {stream_list, sizeof(at_stream_settings), NULL};

static const at_field assemble_list[] = {
    HEAD(at_assemble_settings, "`assemble`: the model that is shipped"),
    AT_FILE(at_assemble_settings, detector, "detector", "detector.safetensors",
            "a detector's file, a whole model's, or YuNet's own"),
    AT_OBJECT(at_assemble_settings, visual, "visual", stream_fields, "the face stream"),
    AT_OBJECT(at_assemble_settings, audio, "audio", stream_fields, "the voice stream"),
    AT_FILE(
        at_assemble_settings, temporal, "temporal", NULL,
        "a trained Transformer over frames, or a whole model with one; without: the one that the "
        "face stream's file has, if any"),
    AT_FILE(at_assemble_settings, fusion, "fusion", NULL,
            "a trained fusion, or a whole model with one; without: what `metadata.fusion` names"),
    AT_NUMBER(at_assemble_settings, floor, "floor", 0.2, 0, 1,
              "condition under which a stream is left out"),
    AT_NUMBER(at_assemble_settings, doubt, "doubt", 0, 0, 1,
              "least probability of the likeliest emotion: windows under it are withheld"),
    AT_NUMBER(at_assemble_settings, reference_pictures, "reference_pictures", 2000, 2, 10000000,
              "most training pictures of each set in the clean reference"),
    AT_NUMBER(at_assemble_settings, answers, "answers", 0, 0, 1,
              "1: write what is calibrated on into `NAME.answers.safetensors`"),
    AT_ANY(at_assemble_settings, metadata, "metadata",
           "texts (or JSON, kept as text) for the file's header"),
    AT_FIELDS_END,
};
const at_fields at_assemble_fields = {assemble_list, sizeof(at_assemble_settings), NULL};

/* ---- chain ---------------------------------------------------------------------------------- */

static const at_field judged_list[] = {
    AT_NEEDED(at_judged_settings, dataset, "dataset", "as `attune eval --help` names it"),
    AT_TEXT(at_judged_settings, folder, "folder", NULL,
            "in the data folder; without: the dataset's name"),
    AT_NEEDED(at_judged_settings, split, "split", "the part"),
    AT_FIELDS_END,
};
static const at_fields judged_fields = {judged_list, sizeof(at_judged_settings), NULL};

static const at_field chain_list[] = {
    HEAD(at_chain_settings, "`chain`: recipes one after the other"),
    AT_LIST(at_chain_settings, step, steps, "steps", NULL, 1,
            "recipes, in order; what is finished is not run again"),
    AT_TEXT(at_chain_settings, model, "model", NULL, "in the output folder, judged at the end"),
    AT_LIST(at_chain_settings, judged, judgements, "evaluate", &judged_fields, 0,
            "parts that the model is judged by, figures in `NAME.results.json`"),
    AT_FIELDS_END,
};

static const char *wrong_chain(const void *value)
{
    const at_chain_settings *s = value;
    return s->judgements && !s->model ? "evaluate needs model" : NULL;
}
const at_fields at_chain_fields = {chain_list, sizeof(at_chain_settings), wrong_chain};

/* ---- kinds ---------------------------------------------------------------------------------- */

static const struct {
    const char *kind;
    const at_fields *fields;
} kinds[] = {
    {"visual", &at_visual_fields},     {"hog", &at_hog_fields},
    {"audio", &at_audio_fields},       {"functionals", &at_functionals_fields},
    {"detector", &at_detector_fields}, {"temporal", &at_temporal_fields},
    {"fusion", &at_fusion_fields},     {"assemble", &at_assemble_fields},
    {"ranges", &at_ranges_fields},     {"chain", &at_chain_fields},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *at_recipe_kind(int i)
{
    return i >= 0 && i < KINDS ? kinds[i].kind : NULL;
}

const at_fields *at_fields_of_kind(const char *kind)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].fields;
    return NULL;
}
