#include "report/outcome.h"

#include <stddef.h>
#include <string.h>

const char at_notice_meaning[] =
    "These are estimates of perceived expression, of how a face looks and a voice sounds to "
    "others. They are not measurements of what a person feels or thinks.";
const char at_notice_law[] =
    "In the European Union, inferring the emotions of people in education institutions and at "
    "the workplace is prohibited outside medical and safety uses (Regulation (EU) 2024/1689, "
    "Art. 5(1)(f), since 2 February 2025). attune is meant for research and for a learner's own "
    "use on an own device. Do not base a decision about a person on these figures.";

double at_realtime_factor(const attune_input_info *info)
{
    return info->elapsed_s > 0 ? info->duration_s / info->elapsed_s : 0;
}

/* list (nullable): key, value, ..., NULL. */
static const char *listed(const char *const *list, const char *key)
{
    for (; list && list[0]; list += 2)
        if (!strcmp(list[0], key))
            return list[1];
    return NULL;
}

const char *at_fact(const attune_report_options *setup, int i, const char **key)
{
    static const char *const keys[] = {"name",     "version", "precision", "summary", "trained_on",
                                       "training", "results", "limits",    "licence", "date"};

    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const char *value = setup->model ? attune_model_meta(setup->model, keys[k])
                                         : listed(setup->facts, keys[k]);
        if (value && *value && i-- == 0) {
            *key = keys[k];
            return value;
        }
    }
    return NULL;
}

int at_one_at_a_time(const at_stats *s)
{
    return !s->several;
}

int at_is_glimpse(const at_stats *s, const at_subject *face)
{
    return !s->still && (double)at_stats_length_us(s) / 1e6 >= 2 * AT_GLIMPSE_S &&
           face->seen_s < AT_GLIMPSE_S;
}

int at_glimpses(const at_stats *s)
{
    int n = 0;

    for (int i = 0; i < s->faces; i++)
        n += at_is_glimpse(s, s->face[i]);
    return n;
}

const at_thumbnail *at_shown_thumbnail(const at_outcome *o, const at_subject *face)
{
    if (at_is_glimpse(o->stats, face) || !o->thumbnails)
        return NULL;
    return at_thumbnail_of(o->thumbnails, face->track);
}

int at_shows_thumbnails(const at_outcome *o)
{
    for (int i = 0; i < o->stats->faces; i++)
        if (at_shown_thumbnail(o, o->stats->face[i]))
            return 1;
    return 0;
}

int at_one_person(const at_stats *s)
{
    return !s->several && s->faces <= 1;
}
