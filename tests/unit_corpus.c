/* Corpora: small made-up trees in each layout, and what the readers make of them. */
#include "base/file.h"
#include "data/corpus.h"
#include "data/csv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char root[256];

static void put(const char *name, const char *text)
{
    char path[512], folder[512];
    snprintf(path, sizeof path, "%s/%s", root, name);
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(at_mkdirs(folder, NULL), ATTUNE_OK);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int fresh_root(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/attune-corpus-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static at_corpus read_ok(const char *dataset, const char *split)
{
    at_corpus c;
    attune_error err = {0};
    if (at_corpus_read(&c, dataset, root, split, &err) != ATTUNE_OK)
        fail_msg("%s", err.text);
    return c;
}

static void read_fails(const char *dataset, const char *split, attune_status status)
{
    at_corpus c;
    attune_error err = {0};
    assert_int_equal(at_corpus_read(&c, dataset, root, split, &err), status);
    assert_true(strlen(err.text) > 10);
}

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
    put("set/fer2013new.csv", votes);
    put("set/FER2013Train/a.png", "");
    put("set/FER2013Train/b.png", "");
    put("set/FER2013Train/c.png", "");
    put("set/FER2013Valid/e.png", "");
    at_corpus c = read_ok("ferplus", "train");
    assert_int_equal(c.count, 2);
    assert_int_equal(c.missing, 1);
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
    put("angry/1.png", "");
    put("happy/2.jpg", "");
    put("happy/readme.txt", "");
    put("elsewhere/3.png", "");
    at_corpus c = read_ok("fer2013", "all");
    assert_int_equal(c.count, 2);
    assert_int_equal(c.list[0].expression, 0);
    assert_int_equal(c.list[1].expression, 3);
    at_corpus_free(&c);
    read_fails("fer2013", "valid", ATTUNE_E_ARG); /* not divided */

    put("fer2013_labels.csv", "split,png,fer2013_label\nFER2013Valid,x.png,sad\n");
    put("FER2013Valid/x.png", "");
    c = read_ok("fer2013", "valid");
    assert_int_equal(c.count, 1);
    assert_int_equal(c.list[0].expression, 5);
    at_corpus_free(&c);
}

static void ravdess_names_and_folds(void **state)
{
    (void)state;
    put("Actor_02/03-01-05-01-02-01-02.flac", "");
    put("Actor_02/03-02-05-01-02-01-02.flac", ""); /* song */
    put("Actor_02/02-01-05-01-02-01-02.mp4", "");  /* no sound */
    put("Actor_03/03-01-01-01-01-01-03.wav", "");
    put("Actor_03/notes.wav", "");
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
    put("Labels/TrainLabels.csv", "ClipID,Boredom,Engagement,Confusion,Frustration \n"
                                  "100.avi,0,2,1,0\n200.avi,1,3,0,0\n300.avi,1,1,1,1\n");
    put("DataSet/Train/11/100/100.avi", "");
    put("DataSet/Train/12/200/200.mp4", ""); /* another extension than its label's */
    at_corpus c = read_ok("daisee", "train");
    assert_int_equal(c.count, 2);
    assert_int_equal(c.missing, 1);
    assert_int_equal(c.people, 2);
    assert_int_equal(c.list[1].state[ATTUNE_ENGAGEMENT], 3);
    assert_string_equal(c.list[1].person, "12");
    at_corpus_free(&c);
    read_fails("daisee", "test", ATTUNE_E_FORMAT);
}

static void daisee_frames_manifest(void **state)
{
    (void)state;
    put("manifest.csv", "split,file,clip,subject,boredom,engagement,confusion,frustration\n"
                        "train,t/1.jpg,1,a,3,0,1,2\nval,v/2.jpg,2,b,0,1,9,\n");
    put("t/1.jpg", "");
    put("v/2.jpg", "");
    at_corpus c = read_ok("daisee-frames", "val");
    assert_int_equal(c.count, 1);
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
        put(name, "");
    }
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
    put("Joy/a.png", "");
    put("fear/b.mp4", "");
    put("boredom/c.png", ""); /* not an emotion of ours */
    at_corpus c = read_ok("folder", "all");
    assert_int_equal(c.count, 2);
    assert_int_equal(c.list[0].expression, ATTUNE_HAPPY);
    assert_int_equal(c.list[1].expression, ATTUNE_FEARFUL);
    at_corpus_free(&c);
}

static void nonsense(void **state)
{
    at_corpus c;
    attune_error err;
    (void)state;
    read_fails("nosuchset", "all", ATTUNE_E_ARG);
    read_fails("folder", "all", ATTUNE_E_FORMAT); /* empty */
    assert_int_equal(at_corpus_read(&c, "folder", "/nonexistent", "all", &err), ATTUNE_E_IO);
    put("fer2013new.csv", "a,b\n");
    read_fails("ferplus", "all", ATTUNE_E_FORMAT);
}

static void csv_quotes_and_ends(void **state)
{
    char path[300];
    at_csv csv;
    (void)state;
    put("t.csv", "\xEF\xBB\xBF"
                 "a, b ,c\r\n1,\"x, \"\"y\"\"\",\n\n,,3");
    snprintf(path, sizeof path, "%s/t.csv", root);
    assert_int_equal(at_csv_open(&csv, path, NULL), ATTUNE_OK);
    assert_true(at_csv_row(&csv));
    assert_int_equal(at_csv_column(&csv, "b"), 1);
    assert_int_equal(at_csv_column(&csv, "d"), -1);
    assert_true(at_csv_row(&csv));
    assert_string_equal(at_csv_get(&csv, 1), "x, \"y\"");
    assert_string_equal(at_csv_get(&csv, 2), "");
    assert_string_equal(at_csv_get(&csv, 7), "");
    assert_true(at_csv_row(&csv));
    assert_string_equal(at_csv_get(&csv, 2), "3");
    assert_false(at_csv_row(&csv));
    at_csv_close(&csv);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fresh_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(ferplus_votes),           CASE(fer2013_folders_and_list),
        CASE(ravdess_names_and_folds), CASE(daisee_stems_and_missing_clips),
        CASE(daisee_frames_manifest),  CASE(wacv_people_are_disjoint),
        CASE(folders_by_synonyms),     CASE(nonsense),
        CASE(csv_quotes_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
