#include "eval/answers.h"

#include "base/file.h"
#include "data/csv.h"

#include <string.h>

static void put_header(FILE *f, const at_corpus *c)
{
    const at_head_info *h = &at_heads[c->head];
    fputs("file,subject,label,answer,withheld,reliability_face,reliability_voice,condition_face,"
          "condition_voice",
          f);
    for (int k = 0; k < h->classes; k++)
        fprintf(f, ",p_%s", h->class_names[k]);
    for (int s = 0; s < ATTUNE_STATES && c->head == AT_HEAD_STATE4; s++) {
        fprintf(f, ",label_%s", attune_state_names[s]);
        for (int k = 0; k < ATTUNE_LEVELS; k++)
            fprintf(f, ",p_%s_%d", attune_state_names[s], k);
    }
    for (int i = 0; i < AT_MOST_LOGITS; i++)
        fprintf(f, ",logit_%d", i);
    fputc('\n', f);
}

static void put_numbers(FILE *f, const float *x, int n, int there)
{
    for (int i = 0; i < n; i++) {
        fputc(',', f);
        if (there)
            fprintf(f, "%.6g", (double)x[i]);
    }
}

static void put_states(FILE *f, const at_sample *s, const at_answer *a)
{
    for (int i = 0; i < ATTUNE_STATES; i++) {
        fputc(',', f);
        if (s->state[i] >= 0)
            fprintf(f, "%d", s->state[i]);
        put_numbers(f, a->state[i], ATTUNE_LEVELS, a->outcome == AT_ANSWERED);
    }
}

static void put_row(FILE *f, const at_sample *s, const at_answer *a, at_head head)
{
    const at_head_info *h = &at_heads[head];
    int label = at_label_of(s, head), answered = a->outcome == AT_ANSWERED;
    const int best = at_likeliest(a->p, h->classes);
    at_csv_put(f, s->path);
    fputc(',', f);
    at_csv_put(f, s->person);
    fprintf(f, ",%s,%s,%s", label < 0 ? "" : h->class_names[label],
            answered ? h->class_names[best] : "", answered ? "" : a->why);
    put_numbers(f, a->reliability, ATTUNE_MODALITIES, answered);
    put_numbers(f, a->condition, ATTUNE_MODALITIES, answered);
    put_numbers(f, a->p, h->classes, answered);
    if (head == AT_HEAD_STATE4)
        put_states(f, s, a);
    put_numbers(f, a->logit, a->logits, answered);
    for (int i = a->logits; i < AT_MOST_LOGITS; i++)
        fputc(',', f);
    fputc('\n', f);
}

int at_answers_write(const char *path, const at_corpus *c, const at_answer *answer,
                     attune_error *err)
{
    at_outfile out;
    int status = at_outfile_open(&out, path, err);
    if (status < 0)
        return status;
    put_header(out.f, c);
    for (int i = 0; i < c->count; i++)
        if (answer[i].outcome != AT_UNREAD)
            put_row(out.f, &c->list[i], &answer[i], c->head);
    return at_outfile_commit(&out, err);
}

int at_qualities_write(const char *path, const char *root, const at_corpus *c,
                       const at_answer *answer, attune_error *err)
{
    at_outfile out;
    int status = at_outfile_open(&out, path, err);
    if (status < 0)
        return status;
    fputs("file,quality\n", out.f);
    for (int i = 0; i < c->count; i++) {
        at_csv_put(out.f, at_corpus_path_within(c->list[i].path, root));
        /* a face that is not found, nothing to hear, or a file that cannot be read is no good picture or
         * sound; a split by quality goes by all rows */
        const at_grade grade = answer[i].grade ? answer[i].grade : AT_LOW_QUALITY;
        fprintf(out.f, ",%s\n", at_grade_names[grade]);
    }
    return at_outfile_commit(&out, err);
}

int at_excluded_write(const char *path, const at_corpus *c, attune_error *err)
{
    at_outfile out;
    int status = at_outfile_open(&out, path, err);
    if (status < 0)
        return status;
    fputs("file,kind,detail\n", out.f);
    for (int i = 0; i < c->excluded_count; i++) {
        const at_excluded *e = &c->excluded[i];
        at_csv_put(out.f, e->path);
        fprintf(out.f, ",%s,", at_exclusion_names[e->kind]);
        at_csv_put(out.f, e->detail);
        fputc('\n', out.f);
    }
    return at_outfile_commit(&out, err);
}
