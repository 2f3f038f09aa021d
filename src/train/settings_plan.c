#include "train/settings_shared.h"
#include <string.h>

#define RATE(m, def, least, most, help) \
    AT_NUMBER(at_optimiser_settings, m, #m, def, least, most, help)
static const at_field optimiser_list[] = {
    RATE(lr, 1e-3, 1e-9, 10, "learning rate at its peak"),
    RATE(floor, 1e-5, 0, 10, "where the cosine ends, and the least that a plateau makes of it"),
    RATE(warmup, 0.05, 0, 1, "share of all steps spent rising"),
    RATE(decay, 0.01, 0, 10,
         "AdamW's; of dense weights only, not of depthwise ones, batch norm and biases"),
    RATE(beta1, 0.9, 0.001, 0.9999, "AdamW's"),
    RATE(beta2, 0.999, 0.001, 0.999999, "AdamW's"),
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

const char *at_wrong_batch(int batch, const at_loop_plan *plan)
{
    return batch % plan->shards ? "batch must be a multiple of shards" : NULL;
}
