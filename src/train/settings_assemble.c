#include "train/settings_shared.h"

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
    AT_HEAD(at_assemble_settings, "`assemble`: the model that is shipped"),
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
