/* index.c - index.html over the reports of several inputs. */
#include "base/error.h"
#include "base/mem.h"
#include "base/outset.h"
#include "report/html.h"
#include "report/index.h"
#include "report/plot.h"
#include "report/sinks.h"
#include "report/outcome.h"
#include "report/text.h"

#include <string.h>

const char at_index_file[] = "index.html";

struct attune_index {
    at_outset *own; /* NULL: who made the index sees to its file */
    FILE *f;
};

static void begin(attune_index *x)
{
    at_html_open(x->f, "all inputs", 0, 0);
    at_plot_defs(x->f);
    fputs("<p class=\"brand\">attune</p>\n<h1>All inputs</h1>\n<div class=\"wide\"><table>\n"
          "<tr><th>input</th><th class=\"n\">length</th><th>expression over time</th>"
          "<th>mostly</th><th>engagement</th><th class=\"n\">face</th><th class=\"n\">voice</th>"
          "<th class=\"n\">withheld</th></tr>\n",
          x->f);
}

int attune_index_open(attune_index **out, const char *dir, attune_error *err)
{
    attune_index *x = at_calloc(1, sizeof *x);
    int rc = x ? at_outset_open(&x->own, dir, err) : at_fail_nomem(err);

    *out = NULL;
    rc = rc < 0 ? rc : at_outset_add(x->own, at_index_file, &x->f, err);
    if (rc < 0) {
        attune_index_free(&x);
        return rc;
    }
    begin(x);
    *out = x;
    return ATTUNE_OK;
}

int at_index_open_in(attune_index **out, at_outset *set, attune_error *err)
{
    attune_index *x = *out = at_calloc(1, sizeof *x);
    int rc = x ? at_outset_add(set, at_index_file, &x->f, err) : at_fail_nomem(err);

    if (rc < 0)
        attune_index_free(out);
    else
        begin(x);
    return rc;
}

void attune_index_free(attune_index **x)
{
    if (*x) {
        at_outset_free(&(*x)->own);
        at_free(*x);
        *x = NULL;
    }
}

/* Of a path in a link: all but what RFC 3986 calls unreserved, and the slash. */
static void put_url(FILE *f, const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~/";

    for (; *s; s++)
        if (strchr(plain, *s))
            fputc(*s, f);
        else
            fprintf(f, "%%%02X", (unsigned)(unsigned char)*s);
}

static void put_class(FILE *f, const at_stats *s, at_topic t)
{
    const at_topic_stats *topic = &s->all.topic[t];
    int class = at_topic_most(topic);

    if (class < 0)
        fputs("<td>&#8211;</td>", f);
    else if (!at_subject_enough(&s->all, t))
        fputs("<td class=\"note\">too little to say</td>", f);
    else
        fprintf(f, "<td>%s</td>", at_topic_class(t, class));
}

static void put_share(FILE *f, int there, double share)
{
    char percent[AT_CLOCK_SIZE];

    fprintf(f, "<td class=\"n\">%s</td>", there ? at_text_percent(percent, share) : "&#8211;");
}

int attune_index_add(attune_index *x, const char *folder, const attune_report *r)
{
    return at_index_add(x, folder,
                        at_sink_is_chosen(at_report_outcome(r).setup->sinks, &at_sink_html), r);
}

int at_index_add(attune_index *x, const char *folder, int page, const attune_report *r)
{
    at_outcome o = at_report_outcome(r);
    const at_stats *s = o.stats;
    FILE *f = x->f;
    char name[512], time[AT_CLOCK_SIZE];

    fputs("<tr><td><a href=\"", f);
    put_url(f, folder);
    fprintf(f, "/%s\">", page ? at_sink_html.info.file : "");
    at_text_html(f, at_text_basename(name, sizeof name, o.setup->input));
    fprintf(f, "</a>%s%s</td><td class=\"n\">%s</td><td class=\"over\">",
            o.info->truncated ? " (ended early)" : "", o.interrupted ? " (stopped)" : "",
            at_text_clock(time, o.info->duration_s, 0));
    at_plot_strip(s, f);
    fputs("</td>", f);
    put_class(f, s, AT_TOPIC_EXPRESSION);
    put_class(f, s, AT_TOPIC_ENGAGEMENT);
    put_share(f, o.info->has_video, at_presence_share(&s->presence[ATTUNE_FACE]));
    put_share(f, o.info->has_audio, at_presence_share(&s->presence[ATTUNE_VOICE]));
    put_share(f, 1, 1 - at_presence_share(&s->estimate));
    fputs("</tr>\n", f);
    return ferror(f) ? ATTUNE_E_IO : ATTUNE_OK;
}

int attune_index_add_failed(attune_index *x, const char *input, const char *reason)
{
    FILE *f = x->f;
    char name[512];

    fputs("<tr><td>", f);
    at_text_html(f, at_text_basename(name, sizeof name, input));
    fputs("</td><td colspan=\"7\" class=\"warn\">", f);
    at_text_html(f, reason);
    fputs("</td></tr>\n", f);
    return ferror(f) ? ATTUNE_E_IO : ATTUNE_OK;
}

static void put_key(FILE *f)
{
    fputs("<ul class=\"legend inline\">", f);
    for (int k = 0; k < ATTUNE_EMOTIONS; k++) {
        fprintf(f, "<li><i class=\"e%d\"></i>%s</li>", at_plot_emotion_order[k],
                attune_emotion_names[at_plot_emotion_order[k]]);
    }
    fputs("<li><svg class=\"strip\" viewBox=\"0 0 24 14\" width=\"24\" height=\"14\" "
          "aria-hidden=\"true\"><rect class=\"hatch\" width=\"24\" height=\"14\"/></svg>"
          "no estimate</li></ul>\n",
          f);
}

int attune_index_finish(attune_index *x, attune_error *err)
{
    FILE *f = x->f;

    fputs("</table></div>\n", f);
    put_key(f);
    fprintf(f, "<p class=\"note\">%s</p>\n<div class=\"notice\"><p>%s</p></div>\n",
            at_notice_meaning, at_notice_law);
    at_html_close(f);
    return x->own ? at_outset_commit(x->own, err) : ATTUNE_OK;
}
