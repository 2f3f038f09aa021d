#include "train/settings_shared.h"

static const at_field set_list[] = {
    AT_NEEDED(at_set_settings, dataset, "dataset", "as `attune eval --help` names it"),
    AT_TEXT(at_set_settings, folder, "folder", NULL,
            "in the data folder; without: the dataset's name"),
    AT_NEEDED(at_set_settings, train, "train", "split that is learned from"),
    AT_NEEDED(at_set_settings, valid, "valid", "split that judges and calibrates"),
    AT_NUMBER(
        at_set_settings, share, "share", 1, 0, 100,
        "of the set drawn an epoch: 0.5 half, 2 twice; 1 alone in `hog`, `detector`, `ranges`"),
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
const at_fields at_pictures_fields = {pictures_list, sizeof(at_pictures_settings), NULL};

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
const at_fields at_voices_fields = {voices_list, sizeof(at_voices_settings), NULL};

const char *at_wrong_share(const at_pictures_settings *data)
{
    for (int i = 0; i < data->sets; i++)
        if (data->set[i].share != 1)
            return "share means nothing here: a set counts by its pictures";
    return NULL;
}
