#include "train/settings_shared.h"
#include "fusion/kind.h"
#include "signal/embed.h"
#include <attune/log.h>

/* One corpus, by default that one. */
#define CORPUS(list, fields, def)                                                                 \
    static const at_field list[] = {                                                              \
        AT_TEXT(at_corpus_settings, dataset, "dataset", def, "as `attune eval --help` names it"), \
        AT_TEXT(at_corpus_settings, folder, "folder", NULL,                                       \
                "in the data folder; without: the dataset's name"),                               \
        AT_NEEDED(at_corpus_settings, parts.train, "train", "split that is learned from"),        \
        AT_NEEDED(at_corpus_settings, parts.valid, "valid", "split that judges and calibrates"),  \
        AT_FIELDS_END,                                                                            \
    };                                                                                            \
    static const at_fields fields = {list, sizeof(at_corpus_settings), NULL}
CORPUS(pair_faces_list, pair_faces_fields, "ferplus");
CORPUS(pair_voices_list, pair_voices_fields, "ravdess");

/* What was recorded beside the samples of a corpus, by its manifest's columns. */
#define BESIDE(of)                                                                             \
    AT_TEXT(at_beside_settings, dataset, "dataset", "manifest",                                \
            "whose column `" of "` names a file for each sample"),                             \
        AT_TEXT(at_beside_settings, folder, "folder", NULL,                                    \
                "in the data folder; without: the dataset's name"),                            \
        AT_TEXT(at_beside_settings, train, "train", NULL,                                      \
                "split that is learned from; without: there is no " of),                       \
        AT_TEXT(at_beside_settings, valid, "valid", NULL, "split that judges and calibrates"), \
        AT_NUMBER(at_beside_settings, absent, "absent", 0.5, 0, 1,                             \
                  "probability that a pair is without, beside those that have none"),          \
        AT_TEXT(at_beside_settings, log_time, "log_time", NULL, "as `attune analyze --log-time`")
static const at_field signals_list[] = {
    BESIDE("signal"),
    AT_TEXT(at_beside_settings, columns, "columns", NULL,
            "names of its columns, with commas between: those that a session must have too"),
    AT_TEXT(at_beside_settings, events, "events", NULL,
            "of those that count what happens at a moment"),
    AT_FIELDS_END,
};
static const at_field chats_list[] = {BESIDE("chat"), AT_FIELDS_END};

static const char *wrong_beside(const void *value)
{
    const at_beside_settings *b = value;
    if (b->log_time && attune_log_time_of(b->log_time) < 0)
        return "log_time is s, ms, us, date, mdy or dmy";
    return (b->train != NULL) != (b->valid != NULL) ? "train and valid go together" : NULL;
}

static const char *wrong_signals(const void *value)
{
    const at_beside_settings *b = value;
    at_signal_scale s;
    if ((b->train != NULL) != (b->columns != NULL) || (b->events && !b->columns))
        return "train and columns go together";
    return b->columns && at_signal_names(&s, b->columns, b->events, "", NULL) < 0
               ? "columns are names with commas between, and events some of them"
               : wrong_beside(value);
}
static const at_fields signals_fields = {signals_list, sizeof(at_beside_settings), wrong_signals};
static const at_fields chats_fields = {chats_list, sizeof(at_beside_settings), wrong_beside};

#define FUSION(m, def, least, most, help) \
    AT_NUMBER(at_fusion_settings, m, #m, def, least, most, help)
static const at_field fusion_list[] = {
    AT_HEAD(at_fusion_settings, "`fusion`: what is made of both streams together"),
    AT_NEEDED(at_fusion_settings, fusion, "fusion", "`concat`, `tensor`, `attention` or `hybrid`"),
    AT_NEEDED_FILE(at_fusion_settings, model, "model",
                   "a whole model, whose detector, networks and calibration stay as they are"),
    AT_OBJECT(at_fusion_settings, faces, "faces", pair_faces_fields, "one side of the pairs"),
    AT_OBJECT(at_fusion_settings, voices, "voices", pair_voices_fields, "the other"),
    AT_OBJECT(at_fusion_settings, signals, "signals", signals_fields,
              "a signal beside them, matched by label too"),
    AT_OBJECT(at_fusion_settings, chats, "chats", chats_fields, "and a chat"),
    AT_SHARED(at_fusion_settings, plan, at_plan_fields),
    FUSION(batch, 64, 2, 1024, "pairs a step"),
    FUSION(pairs, 2000, 2, 10000000, "label-matched pairs an epoch, matched anew each time"),
    FUSION(judged, 700, 1, 100000, "label-matched pairs of an evaluation, under each condition"),
    FUSION(most, 3500, 0, 10000000,
           "faces, and voices, of a part: as many of each emotion; 0: all there are"),
    FUSION(versions, 4, 1, 64, "of each sample: as it is, and the others degraded"),
    FUSION(sights, 3, 1, 30, "frames that a face is seen in"),
    FUSION(tokens, 24, 1, 250, "moments of a voice that are kept, at most"),
    AT_LIST(at_fusion_settings, harm, harms, "harms", &at_harm_fields, 0,
            "how samples are degraded"),
    FUSION(clean, 0.4, 0, 1, "probability that a sample is taken as it is"),
    FUSION(missing, 0.2, 0, 0.9, "probability that one of the two streams is left out"),
    FUSION(dropout, 0.3, 0, 0.95, "before the last layer"),
    FUSION(smoothing, 0.1, 0, 0.9, "of the labels"),
    FUSION(trust, 1, 0.01, 1,
           "of `hybrid`: by how much what was learned counts beside the streams' own answers"),
    AT_FIELDS_END,
};

static const char *wrong_fusion(const void *value)
{
    const at_fusion_settings *s = value;
    const at_fusion_kind *kind = at_fusion_kind_find(s->fusion);
    return !kind || !at_fusion_is_learned(kind) ? "fusion is no kind that is learned"
           : kind->two && (s->signals.train || s->chats.train)
               ? "that fusion is of face and voice alone"
           : s->trust < 1 && !kind->hears ? "trust is for a fusion that hears the streams' answers"
           : s->pairs < s->batch          ? "pairs must be at least batch"
                                          : at_wrong_batch(s->batch, &s->plan);
}
const at_fields at_fusion_fields = {fusion_list, sizeof(at_fusion_settings), wrong_fusion};
