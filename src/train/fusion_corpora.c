#include "train/fusion_corpora.h"
#include "data/pairs.h"
#include <string.h>

static int read_stream(at_fusion_corpora *c, int stream, const at_job *job, const char *dataset,
                       const char *folder, const at_fold_settings *parts, attune_error *err)
{
    if (!parts->train)
        return ATTUNE_OK;
    c->folder[stream] = folder ? folder : dataset;
    const int status = at_job_corpus(job, dataset, folder, parts->train, 0, &c->train[stream], err);
    return status ? status
                  : at_job_corpus(job, dataset, folder, parts->valid, 0, &c->valid[stream], err);
}

static int read_pairs(at_fusion_corpora *c, int stream, const at_job *job,
                      const at_corpus_settings *s, attune_error *err)
{
    return read_stream(c, stream, job, s->dataset, s->folder, &s->parts, err);
}

static int read_beside(at_fusion_corpora *c, int stream, const at_job *job,
                       const at_beside_settings *s, attune_error *err)
{
    const at_fold_settings parts = {s->train, s->valid};
    return read_stream(c, stream, job, s->dataset, s->folder, &parts, err);
}

static int check_apart(const at_fusion_corpora *c, attune_error *err)
{
    int status = ATTUNE_OK;
    for (int i = 0; i < ATTUNE_STREAMS; i++)
        for (int k = 0; k < ATTUNE_STREAMS && !status; k++)
            if (c->train[i].count && c->valid[k].count)
                status = at_parts_apart(&c->train[i], &c->valid[k],
                                        strcmp(c->folder[i], c->folder[k]) == 0, err);
    return status;
}

int at_fusion_corpora_read(at_fusion_corpora *out, const at_job *job, attune_error *err)
{
    const at_fusion_settings *s = job->settings;
    memset(out, 0, sizeof *out);
    int status = read_pairs(out, ATTUNE_FACE, job, &s->faces, err);
    status = status ? status : read_pairs(out, ATTUNE_VOICE, job, &s->voices, err);
    status = status ? status : read_beside(out, ATTUNE_SIGNAL, job, &s->signals, err);
    status = status ? status : read_beside(out, ATTUNE_CHAT, job, &s->chats, err);
    return status ? status : check_apart(out, err);
}

void at_fusion_corpora_free(at_fusion_corpora *c)
{
    for (int m = 0; m < ATTUNE_STREAMS; m++) {
        at_corpus_free(&c->train[m]);
        at_corpus_free(&c->valid[m]);
    }
}
