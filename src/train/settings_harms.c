#include "train/settings_shared.h"
#include <math.h>

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
const at_fields at_face_augment_fields = {face_augment_list, sizeof(at_face_augment), NULL};

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
const at_fields at_voice_augment_fields = {voice_augment_list, sizeof(at_voice_augment),
                                           wrong_sound};

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
const at_fields at_harm_fields = {harm_list, sizeof(at_harm_settings), wrong_harm};
