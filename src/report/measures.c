#include "report/measures.h"

/* The table is read beside attune_quality as an array of floats. */
_Static_assert(AT_MEASURES == 12, "a new measure needs its line");
_Static_assert(sizeof(attune_quality) % sizeof(float) == 0, "floats only");

#define SHARE ""
#define FACE  ATTUNE_FACE
#define VOICE ATTUNE_VOICE

const at_measure at_measures[AT_MEASURES] = {
    [AT_MEASURE(sharpness)] = {"sharpness", "sharpness of the face, 1 as of a clean, close one",
                               SHARE, 4, FACE, "sharpness", 1},
    [AT_MEASURE(brightness)] = {"brightness", "mean luma of the face", SHARE, 4, FACE, "brightness",
                                1},
    [AT_MEASURE(contrast)] = {"contrast", "deviation of the face's luma, times 2", SHARE, 4, FACE,
                              "contrast", 1},
    [AT_MEASURE(face_size)] = {"face_size", "distance from the eyes to the mouth in the source",
                               "px", 1, FACE, "face size", 80},
    [AT_MEASURE(detector_score)] = {"detector_score", "confidence of the face detector", SHARE, 4,
                                    FACE, NULL, 1},
    [AT_MEASURE(coverage)] = {"coverage",
                              "share of the face judged covered, or outside the picture", SHARE, 4,
                              FACE, "covered", 1},
    [AT_MEASURE(face_share)] = {"face_share", "share of the window's frames with this face", SHARE,
                                4, FACE, NULL, 1},
    [AT_MEASURE(snr_db)] = {"snr_db", "estimated ratio of the voice to the noise", "dB", 1, VOICE,
                            "signal to noise", 40},
    [AT_MEASURE(speech_share)] = {"speech_share",
                                  "share of the window with sound that stands out as speech does",
                                  SHARE, 4, VOICE, NULL, 1},
    [AT_MEASURE(yaw)] = {"yaw", "how far the face is turned, > 0 to the picture's right", "degrees",
                         1, FACE, NULL, 90},
    [AT_MEASURE(pitch)] = {"pitch", "how far up it is turned (a rough estimate)", "degrees", 1,
                           FACE, NULL, 90},
    [AT_MEASURE(roll)] = {"roll", "how far it is rolled clockwise in the picture; 0: upright",
                          "degrees", 1, FACE, NULL, 180},
};
