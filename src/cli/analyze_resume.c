/* analyze_resume.c - attune analyze --resume of one recording: what it finds. */
#include "cli/analyze.h"
#include "report/text.h"

#include <attune/resume.h>
#include <stdio.h>
#include <sys/stat.h>

static int is_before(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec <= b.tv_nsec;
}

/* Whether what was made in folder came after this of the input; NULL: it has none. A copy that keeps its original's time has
 * come here since all the same. */
static int is_older(const char *input, const char *folder)
{
    struct stat in, out;
    char path[4200];

    if (!input)
        return 1;
    snprintf(path, sizeof path, "%s/summary.json", folder);
    return stat(input, &in) == 0 && stat(path, &out) == 0 && is_before(in.st_mtim, out.st_mtim) &&
           is_before(in.st_ctim, out.st_mtim);
}

static void print_summary(const char *folder)
{
    char part[4096];
    size_t n;

    snprintf(part, sizeof part, "%s/summary.json", folder);
    FILE *f = fopen(part, "rbe");
    while (f && (n = fread(part, 1, sizeof part, f)) > 0)
        fwrite(part, 1, n, stdout);
    if (f)
        fclose(f);
    fflush(stdout);
}

int at_analyze_resumes(at_job *job, const char *input, const attune_report_options *setup,
                       attune_error *err)
{
    char name[256];
    double done_s = 0;
    int rc = attune_resume_find(setup->dir, job->model, input, &setup->session, &done_s, err);

    if (rc < 0)
        return rc;
    at_text_basename(name, sizeof name, input);
    if (rc == 1) {
        if (!job->quiet)
            fprintf(stderr, "attune: %s: going on at %.1f s\n", name, done_s);
        return 1;
    }
    rc = attune_report_stands(setup, err);
    if (rc < 0)
        return rc;
    if (rc == 1 && is_older(input, setup->dir) && is_older(job->signal, setup->dir) &&
        is_older(job->chat, setup->dir)) {
        if (!job->quiet)
            at_print_line(stderr, "attune: %s: is finished already in %s: nothing is to be done",
                          name, setup->dir);
        if (job->json)
            print_summary(setup->dir);
        attune_resume_forget(setup->dir); /* it was killed while it did */
        return 0;
    }
    if (!job->quiet)
        at_print_line(stderr, "attune: %s: nothing was begun in %s: from the beginning", name,
                      setup->dir);
    return 1;
}
