/* html_words.c - numbers and findings, in the words of a page. */
#include "report/html.h"

#include <string.h>

static const char *unbroken(char out[AT_NUMBER_SIZE], const char *text)
{
    char *p = out;

    for (; *text; text++) {
        if (*text == ' ') {
            memcpy(p, "&#160;", 6);
            p += 6;
        } else {
            *p++ = *text;
        }
    }
    *p = 0;
    return out;
}

const char *at_html_percent(char out[AT_NUMBER_SIZE], double share)
{
    char text[AT_CLOCK_SIZE];

    return unbroken(out, at_text_percent(text, share));
}

const char *at_html_duration(char out[AT_NUMBER_SIZE], double seconds)
{
    char text[AT_CLOCK_SIZE];

    return unbroken(out, at_text_duration(text, seconds));
}

const char *at_html_interval(char out[AT_NUMBER_SIZE], const at_interval *i)
{
    snprintf(out, AT_NUMBER_SIZE, "%.0f&#8288;&#8211;&#8288;%.0f&#160;%%", 100 * i->low,
             100 * i->high);
    return out;
}

const char *at_html_levels(char out[AT_NUMBER_SIZE], const at_interval *i)
{
    snprintf(out, AT_NUMBER_SIZE, "%.1f&#8288;&#8211;&#8288;%.1f", i->low, i->high);
    return out;
}

static void put_span(FILE *f, const at_stretch *s)
{
    char from[AT_CLOCK_SIZE], to[AT_CLOCK_SIZE];
    int tenths = s->end_us < INT64_C(600000000);

    fprintf(f, "%s&#8211;%s", at_text_clock(from, (double)s->start_us / 1e6, tenths),
            at_text_clock(to, (double)s->end_us / 1e6, tenths));
}

void at_html_stretch(FILE *f, const at_stretch *s)
{
    char length[AT_NUMBER_SIZE];

    fprintf(f, "%s (", at_html_duration(length, (double)(s->end_us - s->start_us) / 1e6));
    put_span(f, s);
    fputc(')', f);
}

const char *at_html_subject(char out[32], const at_subject *s)
{
    if (s->track)
        snprintf(out, 32, "face %u", (unsigned)s->track);
    else
        snprintf(out, 32, "the voice");
    return out;
}

void at_html_states(FILE *f, const at_subject *s)
{
    if (s->enough_s > 0) {
        at_html_unusual(f, s);
        return;
    }
    for (int i = 0; i < ATTUNE_STATES; i++) {
        at_topic t = (at_topic)(AT_TOPIC_STATE + i);
        fprintf(f, "%s%s %s", i ? ", " : "", attune_state_names[i],
                at_topic_class(t, at_topic_most(&s->topic[t])));
    }
}

void at_html_bar(FILE *f, const char *colour, int class, double share)
{
    char number[12] = "";

    if (class >= 0)
        snprintf(number, sizeof number, "%d", class);
    fprintf(f,
            "<td class=\"bar\"><svg width=\"100%%\" height=\"11\" aria-hidden=\"true\">"
            "<rect class=\"%s%s\" width=\"%.1f%%\" height=\"11\" rx=\"2\"/></svg></td>",
            colour, number, 100 * share);
}

void at_html_unusual(FILE *f, const at_subject *s)
{
    int n = 0;

    for (int i = 0; i < ATTUNE_STATES; i++) {
        const at_departure *d = at_subject_unusual(s, i);
        if (!d)
            continue;
        fprintf(f, "%s%s %s than usual (%+.1f levels, ", n++ ? ", " : "", attune_state_names[i],
                at_departure_levels(d) > 0 ? "higher" : "lower", at_departure_levels(d));
        put_span(f, &d->when);
        fputc(')', f);
    }
    fputs(n ? "" : "nothing unusual", f);
}
