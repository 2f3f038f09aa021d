#include "experiments/experiment.h"
#include "experiments/page.h"
#include "experiments/rows.h"

#include <stddef.h>

#define FIGURES at_figure_columns, AT_FIGURE_COLUMNS

const at_experiment at_experiments[] = {
    {"table1", "Table 1: histograms of gradients and logistic regression, with the face covered",
     "daisee_frames, ferplus; yunet_n.safetensors",
     "The paper has 84.75, 86.00, 84.38 and 80.25 % on 800 samples of DAiSEE, with macro F1 of 0.23 to "
     "0.25.",
     FIGURES, at_table1, NULL, 0},
    {"table2", "Table 2: histograms of gradients against MobileNetV2",
     "the same; mobilenet_v2_imagenet.safetensors or --model",
     "The paper has 84.75 % and 93.88 %, with macro F1 of 0.234 and 0.242.", FIGURES, at_table2,
     NULL, 0},
    {"table3", "Table 3: MobileNetV2 with class weights, class by class",
     "daisee_frames; mobilenet_v2_imagenet.safetensors or --model",
     "The paper has 64.45 % with a macro F1 of 0.63, and a recall of 0.99 for frustration.",
     at_class_columns, AT_CLASS_COLUMNS, at_table3, NULL, 0},
    {"table4", "Table 4: face, voice, and every way of fusing them",
     "ferplus, ravdess_speech16k; javanese_av for clips with both",
     "The paper has 61.58 % (macro F1 0.60) by the face alone and 82.20 % (0.79) by the voice alone; of "
     "both fused it has no figure.",
     FIGURES, at_table4, NULL, 0},
    {"table5", "Table 5: how long a batch of 32 takes", "nothing",
     "The paper has 975.6 ms a batch with a deviation of 20.4 ms, 32.8 samples a second, of MobileNetV2 "
     "alone.",
     at_latency_columns, AT_LATENCY_COLUMNS, at_table5, NULL, 0},
    {"fig3", "Figure 3: which answers each label gets", "as table2 and table3; ravdess_speech16k",
     "The paper draws MobileNetV2's matrix on DAiSEE and says that most samples were predicted to be "
     "engagement.",
     at_confusion_columns, AT_CONFUSION_COLUMNS, at_fig3, at_draw_confusions, 1},
    {"fig4", "Figure 4: where in the face the activation lies", "ferplus",
     "The paper shows Grad-CAM maps and says that activation is highest in the eyes and the area around "
     "the mouth.",
     at_activation_columns, AT_ACTIVATION_COLUMNS, at_fig4, NULL, 0},
    {"fig5", "Figure 5: accuracy and macro F1 against the share of the face covered",
     "daisee_frames, ferplus, ravdess_speech16k; mobilenet_v2_imagenet.safetensors or --model",
     "The paper has 61.58, 56.78, 49.09 and 42.27 % by the face alone, with macro F1 of 0.60, 0.54, 0.45 "
     "and 0.35.",
     FIGURES, at_fig5, at_draw_covered, 0},
    {"grid",
     "Both streams degraded at once: is the fused answer right more often than the better stream's?",
     "ferplus, ravdess_speech16k; javanese_av for clips with both",
     "The paper promises graceful degradation (3.4) and has no figure of both streams degraded.",
     at_grid_columns, AT_GRID_COLUMNS, at_grid, NULL, 0},
    {"reliability",
     "Reliability with and without each part: does it tell right answers from wrong ones?",
     "ferplus, ravdess_speech16k; voices_more and javanese_av for strangers",
     "The paper weighs each stream by the distance of its embeddings from a reference, with scale adjustment "
     "and adaptive normalisation beyond a threshold (3.4), and has no figure of what that is worth.",
     at_reliability_columns, AT_RELIABILITY_COLUMNS, at_reliability, NULL, 0},
};

int at_experiment_count(void)
{
    return sizeof at_experiments / sizeof *at_experiments;
}

const char *attune_experiment_name(int i, const char **title, const char **needs)
{
    if (i < 0 || i >= at_experiment_count())
        return NULL;
    if (title)
        *title = at_experiments[i].title;
    if (needs)
        *needs = at_experiments[i].needs;
    return at_experiments[i].name;
}
