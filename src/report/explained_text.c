/* explained_text.c - an explanation's figures, as JSON and as lines for a person. */
#include "report/explained.h"

#include "base/file.h"
#include "base/json.h"
#include "base/visible.h"
#include "report/json_movement.h"
#include "report/text.h"

#include <math.h>
#include <stdlib.h>

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *seconds(int64_t us)
{
    return at_json_real((double)us / 1e6);
}

static json_t *text(const char *s)
{
    char clean[4096];

    return s ? json_string(at_visible_copy(clean, sizeof clean, s)) : json_null();
}

static json_t *regions(const double value[ATTUNE_REGIONS])
{
    return json_pack("{so so so so}", attune_region_name(0), at_json_real(value[0]),
                     attune_region_name(1), at_json_real(value[1]), attune_region_name(2),
                     at_json_real(value[2]), attune_region_name(3), at_json_real(value[3]));
}
_Static_assert(ATTUNE_REGIONS == 4 && ATTUNE_MODALITIES == 2, "what is packed");

static json_t *modalities(const float *value)
{
    return json_pack("{so so}", attune_modality_name(0), at_json_real((double)value[0]),
                     attune_modality_name(1), at_json_real((double)value[1]));
}

static json_t *movement(const at_movement_sums *usual, const attune_window *w, int m)
{
    double mean = at_movements_usual_known(usual) ? at_movement_mean(usual, m) : NAN;
    json_t *one = at_json_movement(m);

    at_json_put(&one, "made", at_json_real(at_movement_of(w, m)));
    at_json_put(&one, "usual", at_json_real(mean));
    return one;
}

static json_t *movements(const attune_explanation *x, const attune_window *w)
{
    const at_movement_sums *usual = at_explained_usual(x, w);
    int chosen[AT_MOVEMENTS_SHOWN], n = at_movements_telling(usual, w, chosen);
    json_t *list = json_array();

    for (int i = 0; i < n; i++)
        at_json_append(&list, movement(usual, w, chosen[i]));
    return list;
}

static json_t *overlay(const attune_explanation *x, const at_shown *s)
{
    const attune_overlay *o = &s->overlay;
    const attune_window *w = &o->window;
    int answer = at_explained_answer(w);
    double share[ATTUNE_REGIONS], area[ATTUNE_REGIONS];

    for (int k = 0; k < ATTUNE_REGIONS; k++) {
        share[k] = (double)o->share[k];
        area[k] = (double)o->area[k];
    }
    return json_pack(
        "{ss ss so so so si sb so so ss so so so so so so so}", "file", s->file, "kind",
        attune_overlay_kind_name(o->kind), "start_s", seconds(w->start_us), "end_s",
        seconds(w->end_us), "moment_s", seconds(o->t_us), "track", (int)w->track, "withheld",
        w->abstain, "answer", answer < 0 ? json_null() : json_string(attune_emotion_names[answer]),
        "answer_probability", at_json_real(answer < 0 ? NAN : (double)w->emotion7[answer]), "class",
        o->class_name, "class_probability_by_this_picture", at_json_real((double)o->probability),
        "reliability", modalities(w->reliability), "weight", modalities(w->weight), "condition",
        modalities(w->condition), "movements", movements(x, w), "activation", regions(share),
        "area", regions(area));
}

static json_t *mean(const attune_explanation *x, int kind)
{
    at_activation a = at_explained_activation(x, kind);

    return json_pack("{si so so}", "overlays", a.overlays, "activation", regions(a.share), "area",
                     regions(a.area));
}

static json_t *overlays(const attune_explanation *x)
{
    json_t *list = json_array();

    for (int i = 0; i < x->n; i++)
        at_json_append(&list, overlay(x, &x->list[i]));
    return list;
}

char *at_explained_json(const attune_explanation *x)
{
    json_t *root = json_pack(
        "{ss so ss ss? so sb sI sI sI so s{so so so so} ss ss}", "attune", attune_version(),
        "input", text(x->setup.input), "method",
        "Grad-CAM (Selvaraju 2017) of the face network's expression head, of one picture each",
        "precision", x->setup.model ? attune_model_meta(x->setup.model, "precision") : NULL,
        "class", text(x->setup.class_name), "interrupted", x->interrupted, "windows",
        (json_int_t)x->stats.windows, "windows_abstained", (json_int_t)x->stats.abstained,
        "windows_abstained_with_face", (json_int_t)x->withheld_faces, "overlays", overlays(x),
        "mean", "all", mean(x, -1), attune_overlay_kind_name(0), mean(x, 0),
        attune_overlay_kind_name(1), mean(x, 1), attune_overlay_kind_name(2), mean(x, 2),
        "files_of_earlier_runs", x->earlier, "notice", at_notice_meaning);
    char *json = at_json_write(root, JSON_INDENT(2) | JSON_REAL_PRECISION(12));

    json_decref(root);
    return json;
}
_Static_assert(ATTUNE_OVERLAY_KINDS == 3, "what is packed");

/* ---- lines ----------------------------------------------------------------------------------- */

static void put_shares(FILE *f, const double share[ATTUNE_REGIONS])
{
    char percent[AT_CLOCK_SIZE];

    for (int k = 0; k < ATTUNE_REGIONS; k++)
        fprintf(f, " %9s", isnan(share[k]) ? "-" : at_text_percent(percent, share[k]));
    fputc('\n', f);
}

static void put_head(FILE *f)
{
    fprintf(f, "  %-42s", "activation in");
    for (int k = 0; k < ATTUNE_REGIONS; k++)
        fprintf(f, " %9s", attune_region_name(k));
    fputc('\n', f);
}

static void put_overlay(FILE *f, const attune_explanation *x, int i)
{
    const attune_overlay *o = &x->list[i].overlay;
    double share[ATTUNE_REGIONS];
    char time[AT_CLOCK_SIZE], line[96];

    for (int k = 0; k < ATTUNE_REGIONS; k++)
        share[k] = (double)o->share[k];
    if (x->stats.still)
        snprintf(line, sizeof line, "%d  face %u, %s", i + 1, (unsigned)o->window.track,
                 o->class_name);
    else
        snprintf(line, sizeof line, "%d  %s, at %s, %s", i + 1, attune_overlay_kind_name(o->kind),
                 at_text_clock(time, (double)o->t_us / 1e6, 1), o->class_name);
    fprintf(f, "  %-42s", line);
    put_shares(f, share);
}

char *at_explained_text(const attune_explanation *x)
{
    at_activation all = at_explained_activation(x, -1);
    char *text_out = NULL, name[512], count[AT_CLOCK_SIZE];
    size_t size;
    FILE *f = open_memstream(&text_out, &size);

    if (!f)
        return NULL;
    fprintf(f, "%s: %s\n", at_text_basename(name, sizeof name, x->setup.input),
            at_text_count(count, x->n, "overlay"));
    put_head(f);
    for (int i = 0; i < x->n; i++)
        put_overlay(f, x, i);
    fprintf(f, "  %-42s", "mean");
    put_shares(f, all.share);
    fprintf(f, "  %-42s", "an even map");
    put_shares(f, all.area);
    if (*x->earlier)
        fprintf(f, "  also there: %s: of an earlier run, not of this one\n", x->earlier);
    fprintf(f, "  %s/explain.html shows faces: give it only to those who may see them\n",
            at_visible_copy(name, sizeof name, x->setup.dir));
    if (at_stream_close(f) != 0) {
        free(text_out);
        return NULL;
    }
    return text_out;
}
