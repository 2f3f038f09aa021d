/* Corpora: small made-up trees in each layout, and what the readers make of them. */
#include "data/corpus.h"
#include "data/csv.h"
#include "data/protocol.h"
#include "temp_folder.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static at_corpus read_ok(const char *dataset, const char *split)
{
    at_corpus c;
    attune_error err = {0};
    if (at_corpus_read(&c, dataset, temp_folder, split, &err) != ATTUNE_OK)
        fail_msg("%s", err.text);
    return c;
}

static void read_fails(const char *dataset, const char *split, attune_status status)
{
    at_corpus c;
    attune_error err = {0};
    assert_int_equal(at_corpus_read(&c, dataset, temp_folder, split, &err), status);
    assert_true(strlen(err.text) > 10);
    at_corpus_free(&c);
}

/* The only sample left out is that file, for that reason. */
static void excludes(const at_corpus *c, at_exclusion kind, const char *name, const char *detail)
{
    assert_int_equal(c->excluded_count, 1);
    assert_int_equal(c->excluded[0].kind, kind);
    assert_non_null(strstr(c->excluded[0].path, name));
    assert_non_null(strstr(c->excluded[0].detail, detail));
}

static const char pointer[] = "version https://git-lfs.github.com/spec/v1\n"
                              "oid sha256:00\nsize 9\n";

static const char votes[] =
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
    "Training,a.png,9,1,0,0,0,0,0,0,0,0\n"  /* the single vote is dropped */
    "Training,b.png,4,0,0,4,0,0,0,0,2,0\n"  /* no majority */
    "Training,c.png,0,0,0,0,0,0,0,0,8,2\n"  /* unknown: left out */
    "Training,d.png,0,0,0,0,0,0,0,10,0,0\n" /* listed, not on the disk */
    "PublicTest,e.png,0,8,2,0,0,0,0,0,0,0\n";

static void ferplus_votes(void **state)
{
    (void)state;
    put_text("set/fer2013new.csv", votes);
    put_text("set/FER2013Train/a.png", "");
    put_text("set/FER2013Train/b.png", "");
    put_text("set/FER2013Train/c.png", "");
    put_text("set/FER2013Valid/e.png", "");
    at_corpus c = read_ok("ferplus", "train");
    assert_int_equal(c.count, 2);
    assert_int_equal(at_corpus_excluded(&c, AT_MISSING), 1);
    assert_int_equal(at_corpus_excluded(&c, AT_UNLABELLED), 1); /* c.png */
    assert_true(c.crops);
    assert_int_equal(c.list[0].expression, 0);
    assert_true(c.list[0].votes[0] == 1.f);
    assert_int_equal(c.list[1].expression, -1);
    assert_true(c.list[1].votes[0] == 0.5f && c.list[1].votes[3] == 0.5f);
    at_corpus_free(&c);
    c = read_ok("ferplus", "valid");
    assert_int_equal(c.count, 1);
    assert_int_equal(c.list[0].expression, 1);
    assert_true(fabsf(c.list[0].votes[1] - 0.8f) < 1e-6f);
    at_corpus_free(&c);
    c = read_ok("ferplus", "all");
    assert_int_equal(c.count, 3);
    at_corpus_free(&c);
    read_fails("ferplus", "validation", ATTUNE_E_ARG);
}

static void fer2013_folders_and_list(void **state)
{
    (void)state;
    put_text("angry/1.png", "");
    put_text("happy/2.jpg", "");
    put_text("happy/readme.txt", "");
    put_text("elsewhere/3.png", "");
    at_corpus c = read_ok("fer2013", "all");
    assert_int_equal(c.count, 2);
    assert_int_equal(c.list[0].expression, 0);
    assert_int_equal(c.list[1].expression, 3);
    excludes(&c, AT_UNKNOWN_CLASS, "elsewhere/3.png", "elsewhere");
    at_corpus_free(&c);
    read_fails("fer2013", "valid", ATTUNE_E_ARG); /* not divided */

    put_text("fer2013_labels.csv", "split,png,fer2013_label\nFER2013Valid,x.png,sad\n");
    put_text("FER2013Valid/x.png", "");
    c = read_ok("fer2013", "valid");
    assert_int_equal(c.count, 1);
    assert_int_equal(c.list[0].expression, 5);
    at_corpus_free(&c);
}

static void ravdess_names_and_folds(void **state)
{
    (void)state;
    put_text("Actor_02/03-01-05-01-02-01-02.flac", "");
    put_text("Actor_02/03-02-05-01-02-01-02.flac", ""); /* song */
    put_text("Actor_02/02-01-05-01-02-01-02.mp4", "");  /* no sound */
    put_text("Actor_03/03-01-01-01-01-01-03.wav", "");
    put_text("Actor_03/notes.wav", "");
    at_corpus c = read_ok("ravdess", "fold0");
    assert_int_equal(c.count, 1);
    assert_int_equal(c.list[0].expression, 4);
    assert_string_equal(c.list[0].person, "02");
    at_corpus_free(&c);
    c = read_ok("ravdess", "nofold0");
    assert_int_equal(c.count, 1);
    assert_string_equal(c.list[0].person, "03");
    at_corpus_free(&c);
    c = read_ok("ravdess", "actors=2,3");
    assert_int_equal(c.count, 2);
    assert_int_equal(c.people, 2);
    at_corpus_free(&c);
    read_fails("ravdess", "fold9", ATTUNE_E_ARG);
    read_fails("ravdess", "fold4", ATTUNE_E_FORMAT); /* nobody of it is there */
}

static void daisee_stems_and_missing_clips(void **state)
{
    (void)state;
    put_text("Labels/TrainLabels.csv", "ClipID,Boredom,Engagement,Confusion,Frustration \n"
                                       "100.avi,0,2,1,0\n200.avi,1,3,0,0\n300.avi,1,1,1,1\n");
    put_text("DataSet/Train/11/100/100.avi", "");
    put_text("DataSet/Train/12/200/200.mp4", ""); /* another extension than its label's */
    at_corpus c = read_ok("daisee", "train");
    assert_int_equal(c.count, 2);
    excludes(&c, AT_MISSING, "300.avi", "no such clip");
    assert_int_equal(c.people, 2);
    assert_int_equal(c.list[1].state[ATTUNE_ENGAGEMENT], 3);
    assert_string_equal(c.list[1].person, "12");
    at_corpus_free(&c);
    read_fails("daisee", "test", ATTUNE_E_FORMAT);
}

static void daisee_frames_manifest(void **state)
{
    (void)state;
    put_text("manifest.csv",
             "split,file,clip,subject,boredom,engagement,confusion,frustration\n"
             "train,t/1.jpg,1,a,3,0,1,2\nval,v/2.jpg,2,b,0,1,,\nval,v/3.jpg,3,b,0,1,9,0\n");
    put_text("t/1.jpg", "");
    put_text("v/2.jpg", "");
    put_text("v/3.jpg", "");
    at_corpus c = read_ok("daisee-frames", "val");
    assert_int_equal(c.count, 1);
    assert_int_equal(at_corpus_excluded(&c, AT_UNKNOWN_CLASS), 1); /* there is no level 9 */
    assert_int_equal(c.list[0].state[ATTUNE_ENGAGEMENT], 1);
    assert_int_equal(c.list[0].state[ATTUNE_CONFUSION], -1);
    assert_int_equal(c.list[0].state[ATTUNE_FRUSTRATION], -1);
    at_corpus_free(&c);
}

static void wacv_people_are_disjoint(void **state)
{
    (void)state;
    for (int person = 1; person <= 12; person++) {
        char name[64];
        snprintf(name, sizeof name, "%d_%s/img%d_1.jpg", person % 3,
                 person % 3 == 0   ? "disengaged"
                 : person % 3 == 1 ? "partial"
                                   : "engaged",
                 person);
        put_text(name, "");
    }
    put_text("0_disengaged/img1234567_1.jpg", ""); /* no such person */
    put_text("0_disengaged/img99999999999999999999_1.jpg", "");
    put_text("0_disengaged/img-3_1.jpg", "");
    put_text("0_disengaged/img_1.jpg", "");
    int seen = 0;
    for (int fold = 0; fold < 4; fold++) {
        char in[24], out[24];
        snprintf(in, sizeof in, "fold%d", fold);
        snprintf(out, sizeof out, "nofold%d", fold);
        at_corpus a = read_ok("wacv-engagement", in), b = read_ok("wacv-engagement", out);
        for (int i = 0; i < a.count; i++)
            for (int j = 0; j < b.count; j++)
                assert_string_not_equal(a.list[i].person, b.list[j].person);
        assert_int_equal(a.count + b.count, 12);
        seen += a.count;
        at_corpus_free(&a);
        at_corpus_free(&b);
    }
    assert_int_equal(seen, 12);
}

static void folders_by_synonyms(void **state)
{
    (void)state;
    put_text("Joy/a.png", "");
    put_text("fear/b.mp4", "");
    put_text("boredom/c.png", ""); /* not an emotion of ours */
    at_corpus c = read_ok("folder", "all");
    assert_int_equal(c.count, 2);
    assert_int_equal(c.list[0].expression, ATTUNE_HAPPY);
    assert_int_equal(c.list[1].expression, ATTUNE_FEARFUL);
    excludes(&c, AT_UNKNOWN_CLASS, "boredom/c.png", "boredom");
    assert_false(c.crops);
    at_corpus_free(&c);
}

/* A class is the nearest folder above that names one, in any case and under any of its names. */
static void folders_in_folders(void **state)
{
    (void)state;
    put_text("Train/HAPPINESS/a.jpg", "");
    put_text("Train/anger/subject 7/b.jpg", "");
    put_text("Train/anger/subject 7/notes.txt", "");
    put_text("Test/Sadness/c.wav", "");
    put_text("loose.png", "");
    at_corpus c = read_ok("folder", "all");
    assert_int_equal(c.count, 3);
    assert_int_equal(c.list[0].expression, ATTUNE_SAD);
    assert_int_equal(at_sample_kind_of(&c.list[0]), AT_SOUND);
    assert_int_equal(c.list[1].expression, ATTUNE_HAPPY);
    assert_int_equal(c.list[2].expression, ATTUNE_ANGRY);
    excludes(&c, AT_UNKNOWN_CLASS, "loose.png", "in no folder");
    at_corpus_free(&c);
    c = read_ok("folder", "train");
    assert_int_equal(c.count, 2);
    at_corpus_free(&c);
    read_fails("folder", "valid", ATTUNE_E_ARG);

    c = read_ok("fer2013", "train"); /* its own names for the same classes */
    assert_int_equal(c.count, 2);
    assert_int_equal(c.list[0].expression, 3);
    assert_int_equal(c.list[1].expression, 0);
    at_corpus_free(&c);
    c = read_ok("fer2013", "test");
    assert_int_equal(c.count, 1);
    at_corpus_free(&c);
}

static void fer2013_by_number(void **state)
{
    (void)state;
    put_text("test/0/a.png",
             ""); /* the official order: angry disgust fear happy sad surprise neutral */
    put_text("test/4/b.png", "");
    put_text("test/6/c.png", "");
    put_text("test/7/d.png", "");
    at_corpus c = read_ok("fer2013", "test");
    assert_int_equal(c.count, 3);
    assert_int_equal(c.list[0].expression, 0);
    assert_int_equal(c.list[1].expression, 5);
    assert_int_equal(c.list[2].expression, 4);
    excludes(&c, AT_UNKNOWN_CLASS, "7/d.png", "7");
    at_corpus_free(&c);
}

enum { PIXELS = AT_LISTED_SIDE * AT_LISTED_SIDE };

/* A row of numbers first, first + 1, ... mod 256, as many as n. */
static char *pixels(char *out, int first, int n)
{
    char *at = out;
    for (int i = 0; i < n; i++)
        at += sprintf(at, "%s%d", i ? " " : "", (first + i) % 256);
    return out;
}

/* The official list, and Kaggle's two others: other columns, other order, blanks in the header. */
static void fer2013_pixels(void **state)
{
    static char text[6 * 4 * PIXELS], row[4 * PIXELS];
    (void)state;
    int n = sprintf(text, "emotion,pixels,Usage\n");
    n += sprintf(text + n, "3,%s,Training\n", pixels(row, 0, PIXELS));
    n += sprintf(text + n, "6,%s,PublicTest\n", pixels(row, 7, PIXELS));
    n += sprintf(text + n, "0,%s,PrivateTest\n", pixels(row, 0, PIXELS));
    n += sprintf(text + n, "9,%s,PublicTest\n", pixels(row, 0, PIXELS));
    n += sprintf(text + n, "1,%s,PublicTest\n", pixels(row, 0, PIXELS - 1));
    put_text("archive/fer2013.csv", text);
    at_corpus c = read_ok("fer2013", "valid");
    assert_int_equal(c.count, 1);
    assert_int_equal(c.list[0].expression, 4);
    assert_int_equal(at_sample_kind_of(&c.list[0]), AT_PICTURE);
    const unsigned char *grey = at_corpus_picture(&c, &c.list[0]);
    assert_int_equal(grey[0], 7);
    assert_int_equal(grey[PIXELS - 1], (7 + PIXELS - 1) % 256);
    assert_non_null(strstr(c.list[0].path, "fer2013.csv:3"));
    assert_int_equal(at_corpus_excluded(&c, AT_UNKNOWN_CLASS), 1);
    assert_int_equal(at_corpus_excluded(&c, AT_UNREADABLE), 1);
    at_corpus_free(&c);
    c = read_ok("fer2013", "all");
    assert_int_equal(c.count, 3);
    assert_int_equal(at_corpus_picture(&c, &c.list[1])[0], 7);
    at_corpus_free(&c);

    unlink(in_folder("archive/fer2013.csv"));
    sprintf(text, "emotion, Usage, pixels\n5,PublicTest,%s\n", pixels(row, 0, PIXELS));
    put_text("archive/icml_face_data.csv", text);
    c = read_ok("fer2013", "valid");
    assert_int_equal(c.list[0].expression, 6);
    at_corpus_free(&c);
    unlink(in_folder("archive/icml_face_data.csv"));
    sprintf(text, "emotion,pixels\n2,%s\n", pixels(row, 0, PIXELS));
    put_text("archive/train.csv", text);
    c = read_ok("fer2013", "train");
    assert_int_equal(c.list[0].expression, 2);
    at_corpus_free(&c);
}

/* Kaggle's archive holds every file twice; the clip of a take has the voice of its sound file. */
static void ravdess_takes_once(void **state)
{
    (void)state;
    put_text("Actor_01/03-01-05-01-01-01-01.wav", "");
    put_text("audio_speech_actors_01-24/Actor_01/03-01-05-01-01-01-01.wav", "");
    put_text("Video_Speech_Actor_01/Actor_01/01-01-05-01-01-01-01.mp4", "");
    put_text("Video_Speech_Actor_01/Actor_01/01-01-06-01-01-01-01.mp4", "");
    at_corpus c = read_ok("ravdess", "all");
    assert_int_equal(c.count, 2);
    assert_non_null(strstr(c.list[0].path, "/Actor_01/03-01-05"));
    assert_non_null(strstr(c.list[1].path, "01-01-06"));
    assert_int_equal(at_corpus_excluded(&c, AT_DUPLICATE), 2);
    assert_non_null(strstr(c.excluded[0].detail, "03-01-05-01-01-01-01.wav"));
    at_corpus_free(&c);
}

static void ravdess_clips(void **state)
{
    (void)state;
    put_text("Video_Speech_Actor_02/Actor_02/01-01-02-01-01-01-02.mp4", "");
    put_text("Video_Speech_Actor_02/Actor_02/02-01-02-01-01-01-02.mp4",
             ""); /* the same without sound */
    put_text("Video_Speech_Actor_02/Actor_02/02-01-06-01-01-01-02.mp4",
             ""); /* without sound alone */
    put_text("Audio/Actor_02/03-01-02-01-01-01-02.wav", "");
    put_text("Audio/Actor_03/03-01-05-01-01-01-03.wav", "");
    at_corpus c = read_ok("ravdess", "clips");
    assert_int_equal(c.head, AT_HEAD_EMOTION7);
    assert_int_equal(c.heads, 1u << AT_HEAD_EMOTION7);
    assert_int_equal(c.count, 2);
    assert_int_equal(c.list[0].expression, ATTUNE_NEUTRAL); /* calm */
    assert_non_null(strstr(c.list[0].path, "/01-01-02"));
    assert_int_equal(c.list[1].expression, ATTUNE_FEARFUL);
    assert_int_equal(at_corpus_excluded(&c, AT_DUPLICATE), 1);
    at_corpus_free(&c);
    c = read_ok("ravdess", "clips+fold0");
    assert_int_equal(c.count, 2);
    at_protocol p; /* the voice of a clip is that clip, not another sample of its person */
    assert_int_equal(at_protocol_of(&p, &c, temp_folder, "clips+fold0", NULL), ATTUNE_OK);
    assert_int_equal(p.shared, 0);
    at_corpus_free(&c);
    c = read_ok("ravdess", "clips+random:train,valid,test");
    assert_int_equal(c.count, 2);
    at_corpus_free(&c);
    read_fails("ravdess", "clips+fold1", ATTUNE_E_FORMAT);
    read_fails("ravdess", "clipsfold0", ATTUNE_E_ARG);
}

static void crema_clips_or_voices(void **state)
{
    (void)state;
    put_text("AudioWAV/1001_DFA_ANG_XX.wav", "");
    put_text("AudioWAV/1001_IEO_FEA_LO.wav", "");
    at_corpus c = read_ok("crema-d", "all"); /* no videos at all */
    assert_int_equal(c.count, 2);
    assert_int_equal(c.list[1].expression, ATTUNE_FEARFUL);
    at_corpus_free(&c);
    put_text("VideoFlash/1001_DFA_ANG_XX.flv", pointer);
    c = read_ok("crema-d", "all"); /* none fetched */
    assert_int_equal(c.count, 2);
    assert_string_equal(c.list[0].person, "1001");
    excludes(&c, AT_POINTER, "1001_DFA_ANG_XX.flv", "git lfs");
    at_corpus_free(&c);
    read_fails("crema-d", "clips", ATTUNE_E_FORMAT);
    put_text("VideoFlash/1001_IEO_FEA_LO.flv", "");
    c = read_ok("crema-d", "all"); /* some */
    assert_int_equal(c.count, 1);
    assert_int_equal(at_sample_kind_of(&c.list[0]), AT_CLIP);
    at_corpus_free(&c);
    c = read_ok("crema-d", "voices");
    assert_int_equal(c.count, 2);
    assert_int_equal(c.excluded_count, 0);
    at_corpus_free(&c);
    read_fails("crema-d", "train", ATTUNE_E_ARG);
}

static void daisee_parts_that_lack(void **state)
{
    (void)state;
    put_text("Labels/TrainLabels.csv", "ClipID,Boredom,Engagement,Confusion,Frustration \n"
                                       "100.avi,0,2,1,0\n");
    put_text("DataSet/Train/11/100/100.avi", "");
    put_text("DataSet/Test/13/300/300.avi", ""); /* no list of its labels */
    assert_int_equal(mkdir(made_in_folder("DataSet/Validation"), 0700), 0); /* an empty part */
    at_corpus c = read_ok("daisee", "all");
    assert_int_equal(c.count, 1);
    excludes(&c, AT_UNLABELLED, "300.avi", "no list");
    at_corpus_free(&c);
    read_fails("daisee", "val", ATTUNE_E_FORMAT);
    put_text("Labels/ValidationLabels.csv", "ClipID,Boredom,Engagement,Confusion,Frustration \n"
                                            "200.avi,0,2,1,0\n");
    c = read_ok("daisee", "all");
    assert_int_equal(c.count, 1);
    assert_int_equal(at_corpus_excluded(&c, AT_MISSING), 1);
    at_corpus_free(&c);
}

static void manifest_labels_and_splits(void **state)
{
    (void)state;
    put_text("manifest.csv", "File,Speaker,split,corpus,emotion,engagement3,boredom\n"
                             "a.wav,p1,train,x,Joy,engaged,2\n"
                             "b.wav,p2,train,y,ANGER,0,9\n"
                             "sub/c.mp4,p3,val,x,,1,\n"
                             "d.wav,p4,val,x,bored,2,0\n"
                             "e.wav,p5,val,y,sad,2,0\n"
                             "a.wav,p1,train,x,happy,2,2\n"
                             "f.wav,p6,val,y,sad,,1\n");
    const char *files[] = {"a.wav", "b.wav", "sub/c.mp4", "d.wav", "f.wav"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        put_text(files[i], i == 1 ? pointer : "");
    at_corpus c = read_ok("manifest", "all");
    assert_int_equal(c.head, AT_HEAD_EMOTION7);
    assert_int_equal(c.heads, 1u << AT_HEAD_EMOTION7 | 1u << AT_HEAD_STATE4 |
                                  1u << AT_HEAD_DOMINANT4 | 1u << AT_HEAD_ENGAGEMENT3);
    assert_int_equal(c.count, 3); /* a, c, f */
    assert_int_equal(c.people, 3);
    assert_int_equal(c.list[0].expression, ATTUNE_HAPPY);
    assert_int_equal(c.list[0].engagement, ATTUNE_ENGAGED);
    assert_int_equal(c.list[0].state[ATTUNE_BOREDOM], 2);
    assert_int_equal(c.list[0].state[ATTUNE_CONFUSION], -1);
    assert_string_equal(c.list[0].person, "p1");
    assert_int_equal(c.list[1].expression, -1);
    assert_int_equal(c.list[1].engagement, ATTUNE_PARTIAL);
    assert_int_equal(c.list[2].engagement, -1);
    for (int k = 0; k < AT_EXCLUSIONS; k++)
        assert_int_equal(at_corpus_excluded(&c, (at_exclusion)k),
                         k == AT_MISSING || k == AT_POINTER || k == AT_UNKNOWN_CLASS ||
                             k == AT_DUPLICATE);
    assert_non_null(strstr(c.note, "corpus"));
    assert_null(strstr(c.note, "emotion"));
    at_corpus_free(&c);

    static const struct {
        const char *split;
        int listed; /* with those that are excluded */
    } splits[] = {{"train", 3},
                  {"val", 4},
                  {"VAL", 4},
                  {"corpus=x", 4},
                  {"corpus=x,y", 7},
                  {"train+corpus=y", 1},
                  {"speaker=p1,p2", 3},
                  {"fold0", 3},
                  {"nofold0", 4},
                  {"fold1", 1},
                  {"corpus=y+fold0", 1},
                  {"all+fold4", 1}};
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        attune_error err;
        at_corpus_read(&c, "manifest", temp_folder, splits[i].split, &err);
        if (c.count + c.excluded_count != splits[i].listed)
            fail_msg("%s: %d", splits[i].split, c.count + c.excluded_count);
        at_corpus_free(&c);
    }
    read_fails("manifest", "test", ATTUNE_E_ARG);
    read_fails("manifest", "fold5", ATTUNE_E_ARG);
    read_fails("manifest", "colour=red", ATTUNE_E_ARG);
    read_fails("manifest", "a+a+a+a+a+a+a+a+a", ATTUNE_E_ARG);
}

static void manifest_forms(void **state)
{
    char text[600];
    (void)state;
    snprintf(text, sizeof text, "file,engagement\n%s,3\n", put_text("elsewhere/a.png", ""));
    /* any name, a whole path, one state, no subjects */
    const char *path = put_text("lists/mine.csv", text);
    at_corpus c;
    attune_error err;
    assert_int_equal(at_corpus_read(&c, "manifest", path, "all", &err), ATTUNE_OK);
    assert_int_equal(c.head, AT_HEAD_STATE4);
    assert_int_equal(c.count, 1);
    assert_int_equal(c.people, 0);
    assert_int_equal(c.list[0].state[ATTUNE_ENGAGEMENT], 3);
    at_corpus_free(&c);
    assert_int_equal(at_corpus_read(&c, "manifest", path, "fold0", &err), ATTUNE_OK);
    at_corpus_free(&c); /* without subjects, of the files */
    assert_int_equal(at_corpus_read(&c, "manifest", path, "nofold0", &err), ATTUNE_E_ARG);
    at_corpus_free(&c);

    put_text("manifest.csv",
             "file,boredom,confusion\na.png,1,\nb.png,7,0\nc.png,x,\nd.png,-1,0\n"
             "e.png,1.5,0\n"); /* an empty field is no label, a wrong one is no sample */
    for (const char *name = "abcde"; *name; name++)
        put_text((char[]){*name, '.', 'p', 'n', 'g', 0}, "");
    c = read_ok("manifest", "all");
    assert_int_equal(c.count, 1);
    assert_int_equal(c.list[0].state[ATTUNE_BOREDOM], 1);
    assert_int_equal(c.list[0].state[ATTUNE_CONFUSION], -1);
    assert_int_equal(at_corpus_excluded(&c, AT_UNKNOWN_CLASS), 4);
    assert_non_null(strstr(c.excluded[0].detail, "boredom is no level from 0 to 3: 7"));
    at_corpus_free(&c);

    put_text("manifest.csv", "name,emotion\na.png,sad\n");
    read_fails("manifest", "all", ATTUNE_E_FORMAT); /* no file */
    put_text("manifest.csv", "file,age\na.png,7\n");
    read_fails("manifest", "all", ATTUNE_E_FORMAT); /* no label */
    read_fails("daisee-frames", "all", ATTUNE_E_FORMAT);
    put_text("a.png", "");
    c = read_ok("faces-diverse", "all"); /* a set without labels, under its other name */
    assert_string_equal(c.dataset, "faces_diverse");
    assert_int_equal(c.list[0].expression, -1);
    at_corpus_free(&c);
}

static void every_corpus_says_what_it_is(void **state)
{
    int n = 0;
    (void)state;
    for (; at_corpus_name(n); n++) {
        assert_true(strlen(at_corpus_help(n)) > 10);
        assert_true(strlen(at_corpus_splits(n)) > 3);
        at_corpus c;
        attune_error err = {0};
        assert_true(at_corpus_read(&c, at_corpus_name(n), temp_folder, "no such split", &err) < 0);
        assert_true(strlen(err.text) > 10);
        at_corpus_free(&c);
    }
    assert_int_equal(n, 12);
    assert_null(at_corpus_help(n));
}

static void words_for_classes(void **state)
{
    (void)state;
    assert_int_equal(at_class_by_name(AT_HEAD_FACE8, "happy"), 1);
    assert_int_equal(at_class_by_name(AT_HEAD_FACE8, "Contempt"), 7);
    assert_int_equal(at_class_by_name(AT_HEAD_FACE7, "contempt"), -1);
    assert_int_equal(at_class_by_name(AT_HEAD_FACE7, "calm"), 4);
    assert_int_equal(at_class_by_name(AT_HEAD_VOICE8, "CALM"), 1);
    assert_int_equal(at_class_by_name(AT_HEAD_EMOTION7, "calm"), ATTUNE_NEUTRAL);
    assert_int_equal(at_class_by_name(AT_HEAD_ENGAGEMENT3, "Engaged"), ATTUNE_ENGAGED);
    assert_int_equal(at_class_by_name(AT_HEAD_ENGAGEMENT3, "happy"), -1);
    assert_int_equal(at_class_by_name(AT_HEAD_EMOTION7, ""), -1);
    for (int h = 0; h < AT_HEADS; h++) /* a class goes by its own name */
        for (int k = 0; k < at_heads[h].classes; k++)
            assert_int_equal(at_class_by_name((at_head)h, at_heads[h].class_names[k]), k);
}

/* No file more may be opened: what that is called is said, and not that there is nothing. */
static void folders_that_cannot_be_read(void **state)
{
    static const char *const sets[][2] = {{"folder", "all"},          {"folder", "train"},
                                          {"ferplus", "train"},       {"fer2013", "train"},
                                          {"daisee", "train"},        {"crema-d", "all"},
                                          {"crema-d", "clips"},       {"crema-d", "voices"},
                                          {"wacv-engagement", "all"}, {"manifest", "train"}};
    struct rlimit usual, none;
    (void)state;
    put_text("train/happy/a.png", "");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = (struct rlimit){0, usual.rlim_max};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        at_corpus c;
        attune_error err = {0};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        const int status = at_corpus_read(&c, sets[i][0], temp_folder, sets[i][1], &err);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
        at_corpus_free(&c);
        assert_int_equal(status, ATTUNE_E_IO);
        assert_non_null(strstr(err.text, strerror(EMFILE)));
    }
}

/* A part that this user may not read is no part that is not there: figures would be of less than they say. */
static void folders_that_may_not_be_read(void **state)
{
    const uid_t me = geteuid();
    at_corpus c;
    attune_error err = {0};
    (void)state;
    put_text("happy/a.png", "");
    put_text("sad/b.png", "");
    put_text("lost+found/c.png", "");
    assert_int_equal(chmod(temp_folder, 0711 | 0044), 0);
    assert_int_equal(chmod(in_folder("happy"), 0755), 0);
    assert_int_equal(chmod(in_folder("sad"), 0), 0);
    assert_int_equal(chmod(in_folder("lost+found"), 0), 0);
    if (me == 0)
        assert_int_equal(seteuid(65534), 0);
    int status = at_corpus_read(&c, "folder", temp_folder, "all", &err);
    assert_int_equal(seteuid(me), 0);
    at_corpus_free(&c);
    assert_int_equal(status, ATTUNE_E_IO);
    assert_non_null(strstr(err.text, strerror(EACCES)));

    assert_int_equal(chmod(in_folder("sad"), 0755), 0);
    if (me == 0)
        assert_int_equal(seteuid(65534), 0);
    status = at_corpus_read(&c, "folder", temp_folder, "all", &err);
    assert_int_equal(seteuid(me), 0);
    assert_int_equal(status, ATTUNE_OK);
    assert_int_equal(c.count, 2);
    at_corpus_free(&c);
    assert_int_equal(chmod(in_folder("lost+found"), 0700), 0);
}

static void nonsense(void **state)
{
    at_corpus c;
    attune_error err;
    (void)state;
    read_fails("nosuchset", "all", ATTUNE_E_ARG);
    read_fails("folder", "all", ATTUNE_E_FORMAT); /* empty */
    assert_int_equal(at_corpus_read(&c, "folder", "/nonexistent", "all", &err), ATTUNE_E_IO);
    put_text("fer2013new.csv", "a,b\n");
    read_fails("ferplus", "all", ATTUNE_E_FORMAT);
}

static void csv_quotes_and_ends(void **state)
{
    at_csv csv;
    (void)state;
    const char *path = put_text("t.csv", "\xEF\xBB\xBF"
                                         "a, b ,c\r\n1,\"x, \"\"y\"\"\",\n\n,,3");
    assert_int_equal(at_csv_open(&csv, path, NULL), ATTUNE_OK);
    assert_int_equal(at_csv_header(&csv, NULL), ATTUNE_OK);
    assert_int_equal(at_csv_column(&csv, "b"), 1);
    assert_int_equal(at_csv_column(&csv, "d"), -1);
    assert_true(at_csv_row(&csv, NULL));
    assert_string_equal(at_csv_get(&csv, 1), "x, \"y\"");
    assert_string_equal(at_csv_get(&csv, 2), "");
    assert_string_equal(at_csv_get(&csv, 7), "");
    assert_true(at_csv_row(&csv, NULL));
    assert_string_equal(at_csv_get(&csv, 2), "3");
    assert_false(at_csv_row(&csv, NULL));
    at_csv_close(&csv);
}

/* As spreadsheets of other countries and times write it. */
static void csv_of_spreadsheets(void **state)
{
    static const char *const texts[] = {
        "a;b\n1,5;x,y\n",
        "\xEF\xBB\xBF\nsep=;\r\na;b\r\n\"1,5\";x,y\r\n",
        "sep=,\na,b\n\"1,5\",\"x,y\"\n",
        "a\tb\r1,5\tx,y\r",
        "\"a\",\"b\"\r\"1,5\",\"x,y\"",
    };
    at_csv csv;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *path = put_text("t.csv", texts[i]);
        assert_int_equal(at_csv_open(&csv, path, NULL), ATTUNE_OK);
        assert_int_equal(at_csv_header(&csv, NULL), ATTUNE_OK);
        assert_int_equal(at_csv_column(&csv, "a"), 0);
        assert_int_equal(at_csv_column(&csv, "b"), 1);
        assert_true(at_csv_row(&csv, NULL));
        assert_string_equal(at_csv_get(&csv, 0), "1,5");
        assert_string_equal(at_csv_get(&csv, 1), "x,y");
        assert_false(at_csv_row(&csv, NULL));
        at_csv_close(&csv);
    }
    assert_int_equal(at_csv_open(&csv, put_text("t.csv", "\"a,b\";c\n"), NULL), ATTUNE_OK);
    assert_int_equal(at_csv_header(&csv, NULL), ATTUNE_OK);
    assert_int_equal(at_csv_column(&csv, "a,b"), 0);
    assert_int_equal(at_csv_column(&csv, "c"), 1);
    at_csv_close(&csv);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(ferplus_votes),
        CASE(fer2013_folders_and_list),
        CASE(ravdess_names_and_folds),
        CASE(daisee_stems_and_missing_clips),
        CASE(daisee_frames_manifest),
        CASE(wacv_people_are_disjoint),
        CASE(folders_by_synonyms),
        CASE(folders_that_cannot_be_read),
        CASE(folders_that_may_not_be_read),
        CASE(nonsense),
        CASE(csv_quotes_and_ends),
        CASE(csv_of_spreadsheets),
        CASE(folders_in_folders),
        CASE(fer2013_by_number),
        CASE(fer2013_pixels),
        CASE(ravdess_takes_once),
        CASE(ravdess_clips),
        CASE(crema_clips_or_voices),
        CASE(daisee_parts_that_lack),
        CASE(manifest_labels_and_splits),
        CASE(manifest_forms),
        CASE(every_corpus_says_what_it_is),
        CASE(words_for_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
