/* corpus_ravdess.c - RAVDESS (Livingstone & Russo 2018) and CREMA-D (Cao 2014): what a name says. */
#include "base/error.h"
#include "data/readers.h"
#include "data/split.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Actor-disjoint folds of Luna-Jimenez et al. 2021, Sensors 21(22) 7665. */
static const char *const folds[] = {"2,5,14,15,16", "3,6,7,13,18", "10,11,12,19,20",
                                    "8,17,21,23,24", "1,4,9,22"};
enum { FOLDS = sizeof folds / sizeof *folds };

typedef struct choice {
    at_corpus *out;
    int clips;        /* with their pictures: the labels are of the seven emotions then */
    const char *list; /* comma list of actors, NULL: all */
    int inverted;
} choice;

/* "fold2", "nofold2", "actors=1,2", "all"; before it "clips+", or that alone */
static int choose(choice *c, const char *split)
{
    static const char clips[] = "clips";
    const size_t n = sizeof clips - 1;
    int number;
    c->list = NULL;
    c->inverted = 0;
    c->clips = strncmp(split, clips, n) == 0 && (split[n] == '+' || !split[n]);
    if (c->clips)
        split = split[n] ? split + n + 1 : "all";
    if (at_split_is_whole(split))
        return 1;
    if (strncmp(split, "actors=", 7) == 0)
        c->list = split + 7;
    else if (at_split_fold(split, strlen(split), FOLDS, &number, &c->inverted))
        c->list = folds[number];
    return c->list != NULL;
}

/* MM-VC-EE-II-SS-RR-AA: seven two-digit numbers. */
static int parse_name(const char *name, int field[7])
{
    for (int i = 0; i < 7; i++, name += 3) {
        if (!isdigit((unsigned char)name[0]) || !isdigit((unsigned char)name[1]) ||
            (i < 6 && name[2] != '-'))
            return 0;
        field[i] = 10 * (name[0] - '0') + name[1] - '0';
    }
    return *--name == '.';
}

static int add_take(void *user, const char *path, const char *name)
{
    choice *c = user;
    int f[7];
    int clip = at_has_extension(name, at_clip_extensions);
    if ((!clip && (c->clips || !at_has_extension(name, at_sound_extensions))) ||
        !parse_name(name, f))
        return 0;
    /* 1 picture and sound, 2 picture, 3 sound */
    int speech = f[1] == 1, wanted = f[0] == 1 || f[0] == (c->clips ? 2 : 3);
    if (!speech || !wanted || f[2] < 1 || f[2] > 8)
        return 0;
    if (c->list && at_in_list(c->list, f[6]) == c->inverted)
        return 0;
    at_sample *s = at_corpus_add(c->out, path);
    if (!s)
        return ATTUNE_E_NOMEM;
    s->expression = f[2] - 1;
    if (c->clips) /* calm is neutral */
        s->expression =
            at_class_by_name(AT_HEAD_EMOTION7, at_heads[AT_HEAD_VOICE8].class_names[f[2] - 1]);
    snprintf(s->person, sizeof s->person, "%02d", f[6]);
    return 0;
}

/* The modality, the first number, aside: the voice of a clip is that of its sound file, and a clip without
 * sound the same as the one with it. */
const char *at_ravdess_take(const char *path, size_t *length)
{
    const char *stem = at_path_stem(path, length);
    *length -= 3;
    return stem + 3;
}

int at_corpus_ravdess(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    choice c = {.out = out};
    if (!choose(&c, split))
        return at_fail(err, ATTUNE_E_ARG,
                       "ravdess has no split '%s' (all, fold0..4, nofold0..4, actors=1,2,..., of "
                       "the clips clips or clips+fold0)",
                       split);
    if (c.clips) {
        out->head = AT_HEAD_EMOTION7;
        out->heads = 1u << AT_HEAD_EMOTION7;
    }
    const int status = at_each_file(root, add_take, &c);
    return status < 0 ? at_fail_walk(status, root, err) : ATTUNE_OK;
}

/* ---- CREMA-D -------------------------------------------------------------------------------- */

static int crema_emotion(const char *code)
{
    static const struct {
        const char *code;
        int emotion;
    } codes[] = {{"NEU", ATTUNE_NEUTRAL}, {"HAP", ATTUNE_HAPPY},   {"SAD", ATTUNE_SAD},
                 {"ANG", ATTUNE_ANGRY},   {"FEA", ATTUNE_FEARFUL}, {"DIS", ATTUNE_DISGUSTED}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strncmp(code, codes[i].code, 3) == 0)
            return codes[i].emotion;
    return -1;
}

/* 1001_DFA_ANG_XX.ext */
static int add_crema(void *user, const char *path, const char *name)
{
    at_corpus *out = user;
    size_t n;
    at_path_stem(name, &n);
    if (!at_is_media(name) || n < 12 || name[4] != '_' || name[8] != '_' ||
        crema_emotion(name + 9) < 0)
        return 0;
    at_sample *s = at_corpus_add(out, path);
    if (!s)
        return ATTUNE_E_NOMEM;
    s->expression = crema_emotion(name + 9);
    snprintf(s->person, sizeof s->person, "%.4s", name);
    return 0;
}

static int read_crema(at_corpus *out, const char *root, const char *kind)
{
    char base[AT_PATH], folder[AT_PATH];
    const int found = at_corpus_locate(base, root, kind);
    if (found <= 0 || !at_path_join(folder, base, kind))
        return found < 0 ? found : 0;
    return at_each_entry(folder, add_crema, out);
}

/* The clips come as Git LFS pointers, which not everybody fetches: when no clip is there, the
 * voices are judged. */
int at_corpus_crema(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    int all = at_split_is_whole(split), fetched = 0, status = 0;
    if (!all && strcmp(split, "clips") != 0 && strcmp(split, "voices") != 0)
        return at_fail(err, ATTUNE_E_ARG, "crema-d has no split '%s' (all clips voices)", split);
    if (strcmp(split, "voices") != 0)
        status = read_crema(out, root, "VideoFlash");
    for (int i = 0; i < out->count; i++)
        fetched += !at_path_is_pointer(out->list[i].path);
    if (status >= 0 && fetched == 0 && strcmp(split, "clips") != 0)
        status = read_crema(out, root, "AudioWAV");
    return status < 0 ? at_fail_walk(status, root, err) : ATTUNE_OK;
}
