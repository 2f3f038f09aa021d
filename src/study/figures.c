#include "study/figures.h"

#include "data/csv.h"

#include <attune/attune.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void put_number(FILE *f, const json_t *v)
{
    if (json_is_integer(v))
        fprintf(f, ",%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        fprintf(f, ",%.6g", json_real_value(v));
    else
        fputc(',', f);
}

static const json_t *at_key(const json_t *v, const char *a, const char *b)
{
    return json_object_get(json_object_get(v, a), b);
}

static const char *const counts[] = {"duration_s",        "frames",
                                     "frames_with_face",  "windows",
                                     "windows_abstained", "windows_with_face",
                                     "windows_with_voice"};
static const char *const shares[] = {"face", "voice", "estimate"};

enum { COUNTS = sizeof counts / sizeof *counts, SHARES = sizeof shares / sizeof *shares };

void at_figures_put_names(FILE *f)
{
    for (int i = 0; i < COUNTS; i++)
        fprintf(f, ",%s", counts[i]);
    for (int i = 0; i < SHARES; i++)
        fprintf(f, ",share_%s", shares[i]);
    fputs(",expression,engagement", f);
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        fprintf(f, ",mean_%s", attune_emotion_names[i]);
    for (int i = 0; i < ATTUNE_STATES; i++)
        fprintf(f, ",level_%s", attune_state_names[i]);
}

static void put_most(FILE *f, const json_t *topic)
{
    const char *most = json_string_value(json_object_get(topic, "most"));

    fputc(',', f);
    at_csv_put(f, most ? most : "");
}

void at_figures_put(FILE *f, const json_t *root)
{
    const json_t *all = json_object_get(root, "all"), *states = json_object_get(all, "states");
    const json_t *mean = at_key(all, "expression", "mean_probability");

    for (int i = 0; i < COUNTS; i++)
        put_number(f, json_object_get(root, counts[i]));
    for (int i = 0; i < SHARES; i++)
        put_number(f, at_key(json_object_get(root, "presence"), shares[i], "share"));
    put_most(f, json_object_get(all, "expression"));
    put_most(f, json_object_get(all, "engagement"));
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        put_number(f, json_object_get(mean, attune_emotion_names[i]));
    for (int i = 0; i < ATTUNE_STATES; i++)
        put_number(f, at_key(states, attune_state_names[i], "mean_level"));
}

int at_figures_have(const char *name)
{
    char *names = NULL;
    size_t size;
    FILE *f = open_memstream(&names, &size);
    int found = 0;

    if (!f)
        return -1;
    fputs("recording,state,reason,folder", f);
    at_figures_put_names(f);
    if (fclose(f) != 0)
        found = -1;
    for (char *rest = names, *one; !found && (one = strsep(&rest, ","));)
        found = strcasecmp(one, name) == 0;
    free(names);
    return found;
}
