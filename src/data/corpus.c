#include "data/corpus.h"

#include "base/error.h"
#include "base/mem.h"
#include "data/readers.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    at_task task;
    at_corpus_reader *read;
    const char *help;
} corpora[] = {
    {"ferplus", AT_TASK_FACE8, at_corpus_ferplus,
     "FER2013{Train,Valid,Test}/*.png with fer2013new.csv (ten annotators' votes)"},
    {"fer2013", AT_TASK_FACE7, at_corpus_fer2013,
     "[train|valid|test/]{angry,disgust,fear,happy,neutral,sad,surprise}/, or FER+'s folders with "
     "fer2013_labels.csv"},
    {"ravdess", AT_TASK_VOICE8, at_corpus_ravdess,
     "Actor_NN/MM-VC-EE-II-SS-RR-AA.{wav,flac,mp4}; speech only"},
    {"daisee-frames", AT_TASK_STATE4, at_corpus_daisee_frames,
     "manifest.csv: split,file,clip,subject,boredom,engagement,confusion,frustration"},
    {"daisee", AT_TASK_STATE4, at_corpus_daisee,
     "DataSet/{Train,Validation,Test}/subject/clip/clip.avi with Labels/*Labels.csv"},
    {"wacv-engagement", AT_TASK_ENGAGEMENT3, at_corpus_wacv,
     "{0_disengaged,1_partial,2_engaged}/imgN_*.jpg, N the person"},
    {"crema-d", AT_TASK_EMOTION7, at_corpus_crema,
     "VideoFlash/ or AudioWAV/ with 1001_DFA_ANG_XX names"},
    {"folder", AT_TASK_EMOTION7, at_corpus_folder,
     "one folder of pictures or clips an emotion, by its name (happy, happiness, joy, ...)"},
};

enum { CORPORA = sizeof corpora / sizeof *corpora };

const char *at_corpus_name(int i)
{
    return i >= 0 && i < CORPORA ? corpora[i].name : NULL;
}

const char *at_corpus_help(int i)
{
    return i >= 0 && i < CORPORA ? corpora[i].help : NULL;
}

at_sample *at_corpus_add(at_corpus *c, const char *path)
{
    if (c->count == c->capacity) {
        int capacity = c->capacity ? 2 * c->capacity : 1024;
        at_sample *grown = realloc(c->list, (size_t)capacity * sizeof *grown);
        if (!grown)
            return NULL;
        c->list = grown;
        c->capacity = capacity;
    }
    at_sample *s = &c->list[c->count];
    memset(s, 0, sizeof *s);
    s->path = strdup(path);
    if (!s->path)
        return NULL;
    s->expression = s->engagement = -1;
    for (int i = 0; i < ATTUNE_STATES; i++)
        s->state[i] = -1;
    c->count++;
    return s;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int count_people(const at_corpus *c)
{
    const char **names = malloc((size_t)c->count * sizeof *names + 1);
    if (!names)
        return 0;
    int people = 0;
    for (int i = 0; i < c->count; i++)
        names[i] = c->list[i].person;
    qsort(names, (size_t)c->count, sizeof *names, by_text);
    for (int i = 0; i < c->count; i++)
        people += *names[i] && (i == 0 || strcmp(names[i], names[i - 1]) != 0);
    free(names);
    return people;
}

int at_corpus_read(at_corpus *out, const char *dataset, const char *root, const char *split,
                   attune_error *err)
{
    memset(out, 0, sizeof *out);
    int which = 0;
    while (which < CORPORA && strcmp(corpora[which].name, dataset) != 0)
        which++;
    if (which == CORPORA)
        return at_fail(err, ATTUNE_E_ARG,
                       "%s: not a data set attune reads (ferplus fer2013 ravdess daisee-frames "
                       "daisee wacv-engagement crema-d folder)",
                       dataset);
    if (!at_path_is_dir(root))
        return at_fail(err, ATTUNE_E_IO, "%s: not a folder", root);
    out->dataset = corpora[which].name;
    out->task = corpora[which].task;
    int status = corpora[which].read(out, root, split, err);
    if (status == ATTUNE_OK && out->count == 0)
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: no sample of %s, split '%s' (%s)%s", root,
                         dataset, split, corpora[which].help,
                         out->missing ? "; its lists name files that are not there" : "");
    if (status < 0)
        at_corpus_free(out);
    else
        out->people = count_people(out);
    return status;
}

void at_corpus_free(at_corpus *c)
{
    for (int i = 0; i < c->count; i++)
        free(c->list[i].path);
    free(c->list);
    memset(c, 0, sizeof *c);
}

const char *const *at_task_classes(at_task task, int *count)
{
    static const char *const face8[] = {"neutral", "happiness", "surprise", "sadness",
                                        "anger",   "disgust",   "fear",     "contempt"};
    static const char *const face7[] = {"angry",   "disgust", "fear",    "happy",
                                        "neutral", "sad",     "surprise"};
    static const char *const voice8[] = {"neutral", "calm",    "happy",   "sad",
                                         "angry",   "fearful", "disgust", "surprised"};
    switch (task) {
    case AT_TASK_FACE8: *count = 8; return face8;
    case AT_TASK_FACE7: *count = 7; return face7;
    case AT_TASK_VOICE8: *count = 8; return voice8;
    case AT_TASK_STATE4: *count = ATTUNE_STATES; return attune_state_names;
    case AT_TASK_ENGAGEMENT3: *count = ATTUNE_ENGAGEMENTS; return attune_engagement_names;
    case AT_TASK_EMOTION7: break;
    }
    *count = ATTUNE_EMOTIONS;
    return attune_emotion_names;
}
