/* explain.h - what in a face spoke for an answer, at telling moments of a recording. May change.
 *
 * Grad-CAM overlays (Selvaraju 2017) of the face network's expression head. They tell where in the
 * aligned face the network found what speaks for a class; not why, and nothing of the voice.
 *
 * What this gives shows people: it is in memory, and nowhere else unless the caller puts it there.
 * Names, errors, owning and threads as in attune.h.
 */
#ifndef ATTUNE_EXPLAIN_H
#define ATTUNE_EXPLAIN_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why a window is explained. A window is of one kind. */
enum {
    ATTUNE_MOST_CONFIDENT, /* its likeliest emotion has a high probability, and the face counted */
    ATTUNE_LEAST_RELIABLE, /* its face has a low reliability, and there is an estimate all the same */
    ATTUNE_WITHHELD_WINDOW, /* there is none; those with the least reliable faces */
    ATTUNE_OVERLAY_KINDS
};
/* "most confident", "least reliable", "withheld"; NULL past the last. Static storage. */
const char *attune_overlay_kind_name(int i);

/* Parts of the aligned face, by its landmarks. */
enum {
    ATTUNE_REGION_EYES, /* with lids and brows */
    ATTUNE_REGION_MOUTH,
    ATTUNE_REGION_FACE, /* the rest of the face */
    ATTUNE_REGION_OUTSIDE,
    ATTUNE_REGIONS
};
/* "eyes", "mouth", "face", "outside"; NULL past the last. Static storage. */
const char *attune_region_name(int i);

/* One face at one moment. Pointers live until the callback returns. */
typedef struct attune_overlay {
    int kind;             /* ATTUNE_MOST_CONFIDENT, ... */
    attune_window window; /* that it stands for */
    int64_t t_us; /* the moment: about the window's middle, where the face's expression is nearest
                   * to what all of the window comes to */
    const char *class_name; /* explained; static storage */
    float probability;      /* of it, by the face network alone in this one picture, calibrated */
    float share[ATTUNE_REGIONS]; /* of the activation, sum 1; NaN: nothing speaks for the class */
    float area[ATTUNE_REGIONS];  /* of the pixels: the shares of an even map */
    int face_side, side;         /* pixels */
    const uint8_t *face;         /* (face_side x face_side x 3) as the network sees it */
    const uint8_t
        *overlay; /* (side x side x 3) the same in grey, enlarged, with the map in colour: its
                             * peak is the brightest; the parts of the face are outlined */
} attune_overlay;

enum { ATTUNE_DEFAULT_OVERLAYS = 3, ATTUNE_MAX_OVERLAYS = 32 };

/* Zero is the default for every field. */
typedef struct attune_explain_options {
    attune_options session;
    int windows; /* of each kind, at most ATTUNE_MAX_OVERLAYS; 0: ATTUNE_DEFAULT_OVERLAYS. Fewer come
                  * where there are fewer */
    const char *class_name; /* "happy", "contempt", ...; NULL: the one that each window answers */
    /* Nullable callbacks; a non-zero return ends with ATTUNE_E_INTERRUPTED. Every window as it comes;
     * progress; and after the last window, be it that one of these stopped there, each overlay, by
     * kind, the most telling first. */
    int (*window)(void *user, const attune_window *w);
    int (*progress)(void *user, double done_s, double total_s /* 0 unknown */);
    int (*overlay)(void *user, const attune_overlay *o);
    void *user;
} attune_explain_options;

/* Whether there is a class of that name. ATTUNE_E_ARG: no; err has the names. */
int attune_explain_class_check(const char *name, attune_error *err);

/* path: as attune_analyze_file takes it; read once. Windows of a kind do not overlap where the
 * recording is long enough for that. ATTUNE_E_UNSUPPORTED: there is no picture, or no face in it. */
int attune_explain_file(const attune_model *m, const char *path,
                        const attune_explain_options *o /* nullable */,
                        attune_input_info *info /* nullable */, attune_error *err);

/* ---- as files to read ----------------------------------------------------------------------- */

/* explain.html, explain.json and overlay-NN.png in a folder. They appear together, at finish. */
typedef struct attune_explanation attune_explanation;

/* Zero is the default for every field but dir and input. All pointers [kept]. */
typedef struct attune_explanation_options {
    const char *dir;           /* made if it is not there */
    const char *input;         /* as a reader shall see it named */
    const attune_model *model; /* nullable; what is told of the model */
    const char *class_name;    /* as in attune_explain_options */
    attune_options session;    /* likewise */
} attune_explanation_options;

int attune_explanation_open(attune_explanation **out, const attune_explanation_options *o,
                            attune_error *err);
/* Removes what was not finished, and the folder if it was made for this and is empty. */
void attune_explanation_free(attune_explanation **x);
/* In the order of attune_explain_file. */
int attune_explanation_window(attune_explanation *x, const attune_window *w, attune_error *err);
int attune_explanation_overlay(attune_explanation *x, const attune_overlay *o, attune_error *err);
/* interrupted: the analysis was stopped; what there is up to then is marked and kept. */
int attune_explanation_finish(attune_explanation *x, const attune_input_info *info, int interrupted,
                              attune_error *err);
/* After finish; they live with x: explain.json, and the same as lines for a person. */
const char *attune_explanation_json(const attune_explanation *x);
const char *attune_explanation_text(const attune_explanation *x);

#ifdef __cplusplus
}
#endif
#endif
