/* explained.h - what an explanation came to: what its page, its JSON and its text are made from. */
#ifndef AT_REPORT_EXPLAINED_H
#define AT_REPORT_EXPLAINED_H

#include "base/outset.h"
#include "report/outcome.h"

#include <attune/explain.h>
#include <stdio.h>

enum { AT_OVERLAYS = ATTUNE_OVERLAY_KINDS * ATTUNE_MAX_OVERLAYS };

typedef struct at_shown {
    attune_overlay overlay; /* its pictures are in rgb */
    uint8_t *rgb;
    char file[24]; /* "overlay-01.png" */
} at_shown;

/* Means over overlays of which something speaks for their class. */
typedef struct at_activation {
    int overlays;
    double share[ATTUNE_REGIONS], area[ATTUNE_REGIONS]; /* NaN: there are none */
} at_activation;

struct attune_explanation {
    attune_explanation_options setup;
    attune_report_options as_report; /* the same, for what pages share */
    attune_input_info info;
    at_stats stats;
    at_shown list[AT_OVERLAYS];
    int n;
    int64_t withheld_faces; /* windows withheld with a face */
    /* Pictures of an earlier run in the folder, "overlay-09.png, overlay-10.png"; "": none */
    char earlier[AT_OVERLAYS * sizeof "overlay-01.png, "];
    int interrupted;
    at_outset *set;
    char *json, *text;
};

/* explained_figures.c. kind: -1: of all. */
at_activation at_explained_activation(const attune_explanation *x, int kind);
/* What the window answers; -1: it has nothing to go on. */
int at_explained_answer(const attune_window *w);
/* How w's face moves as a rule; NULL: nothing is known of it. */
const at_movement_sums *at_explained_usual(const attune_explanation *x, const attune_window *w);
at_outcome at_explained_outcome(const attune_explanation *x);

/* explained_text.c: fresh texts (free); NULL: memory is out. */
char *at_explained_json(const attune_explanation *x);
char *at_explained_text(const attune_explanation *x);
/* html_strip.c: the streams' weights, conditions and reliabilities in w, and what stands out of its
 * face's movements; in a figure. */
void at_html_strip(const attune_explanation *x, const attune_window *w, FILE *f);
/* html_explained.c */
void at_html_explained(const attune_explanation *x, FILE *f);

#endif
