#include "train/settings_shared.h"

#define HOG(m, def, least, most, help) AT_NUMBER(at_hog_settings, m, #m, def, least, most, help)
static const at_field hog_list[] = {
    AT_HEAD(at_hog_settings,
            "`hog`: faces told by histograms of oriented gradients, the paper's baseline"),
    AT_SHARED(at_hog_settings, data, at_pictures_fields),
    AT_FILE(at_hog_settings, detector, "detector", "yunet_n.safetensors",
            "finds and aligns the faces: YuNet's file, a trained detector's or a whole model's"),
    HOG(c, 1, 1e-9, 1e9, "inverse of the penalty on the weights, as scikit-learn's"),
    HOG(class_balance, 0, 0, 4, "classes weigh (1 / their share) to this power"),
    HOG(tolerance, 1e-5, 1e-9, 1, "of the gradient's largest component"),
    HOG(iterations, 1000, 1, 1000000, "most"),
    AT_FIELDS_END,
};

static const char *wrong_hog(const void *value)
{
    return at_wrong_share(&((const at_hog_settings *)value)->data);
}
const at_fields at_hog_fields = {hog_list, sizeof(at_hog_settings), wrong_hog};
