/* Drawn splits: what is said of them, and that they keep it. */
#include "data/protocol.h"
#include "data/split.h"
#include "temp_folder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- words ---------------------------------------------------------------------------------- */

static void words(void **state)
{
    static const struct {
        const char *text, *of;
        int people, quality, folds;
        unsigned wanted;
        uint64_t seed;
    } good[] = {
        {"random:train", "", 0, 0, 0, 1, 0},
        {"random:valid,test", "", 0, 0, 0, 6, 0},
        {"random:val:7", "", 0, 0, 0, 2, 7},
        {"people:test:quality:12", "", 1, 1, 0, 4, 12},
        {"random:fold0/5", "", 0, 0, 5, 1, 0},
        {"random:nofold2/4:quality", "", 0, 1, 4, 11, 0},
        {"people:fold29/30", "", 1, 0, 30, 1u << 29, 0},
        {"corpus=nemo+random:train", "corpus=nemo", 0, 0, 0, 1, 0},
        {"random:train+train+sex=f", "train+sex=f", 0, 0, 0, 1, 0},
    };
    static const char *const bad[] = {"random:",           "random:trains",
                                      "random:train,",     "random:fold5/5",
                                      "random:fold0/1",    "random:fold0/31",
                                      "random:fold/5",     "random:train:",
                                      "random:train:good", "random:train:1234567890",
                                      "people:fold0/5x",   "random:train+people:train",
                                      "random:fold0"};
    at_split s;
    attune_error err;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(at_split_parse(&s, good[i].text, &err), ATTUNE_OK);
        assert_true(s.drawn);
        assert_string_equal(s.of, good[i].of);
        assert_int_equal(s.people, good[i].people);
        assert_int_equal(s.quality, good[i].quality);
        assert_int_equal(s.folds, good[i].folds);
        assert_int_equal(s.wanted, good[i].wanted);
        assert_int_equal(s.seed, good[i].seed);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (at_split_parse(&s, bad[i], &err) != ATTUNE_E_ARG)
            fail_msg("%s", bad[i]);
        assert_non_null(strstr(err.text, "foldK/N"));
    }
    assert_int_equal(at_split_parse(&s, "people=1,2", &err), ATTUNE_OK); /* a set's own */
    assert_false(s.drawn);
}

static void twins(void **state)
{
    char twin[AT_SPLIT_TEXT];
    (void)state;
    assert_true(at_split_twin(twin, "corpus=x+random:fold1/5:quality:3"));
    assert_string_equal(twin, "corpus=x+people:fold1/5:quality:3");
    assert_true(at_split_twin(twin, "val"));
    assert_string_equal(twin, "people:valid");
    assert_false(at_split_twin(twin, "people:test"));
    assert_false(at_split_twin(twin, "fold0"));
}

/* ---- draws ---------------------------------------------------------------------------------- */

enum { PEOPLE = 23, EACH = 40, SAMPLES = PEOPLE * EACH, RARE = 7 };

/* Of 7 emotions the last is rare, and of 5 samples one is covered; people have from 20 to 59. */
static void make(at_corpus *c)
{
    char path[32];
    memset(c, 0, sizeof *c);
    c->dataset = "folder";
    c->head = AT_HEAD_EMOTION7;
    for (int i = 0; i < SAMPLES; i++) {
        snprintf(path, sizeof path, "%04d.png", i);
        at_sample *s = at_corpus_add(c, path);
        assert_non_null(s);
        s->expression = i % 53 == 0 ? ATTUNE_SURPRISED : i % 6;
        s->grade = i % 5 == 0 ? AT_OCCLUDED : AT_NORMAL;
        snprintf(s->person, sizeof s->person, "%d", (int)(sqrt((double)i / SAMPLES) * PEOPLE));
    }
}

static at_corpus part(const char *split)
{
    at_corpus c;
    at_split s;
    attune_error err = {0};
    make(&c);
    assert_int_equal(at_split_parse(&s, split, &err), ATTUNE_OK);
    if (at_split_keep(&c, &s, &err) != ATTUNE_OK)
        fail_msg("%s", err.text);
    return c;
}

static int count(const at_corpus *c, int expression, int grade)
{
    int n = 0;
    for (int i = 0; i < c->count; i++)
        n += (expression < 0 || c->list[i].expression == expression) &&
             (grade < 0 || (int)c->list[i].grade == grade);
    return n;
}

static int share_people(const at_corpus *a, const at_corpus *b)
{
    for (int i = 0; i < a->count; i++)
        for (int j = 0; j < b->count; j++)
            if (strcmp(a->list[i].person, b->list[j].person) == 0)
                return 1;
    return 0;
}

static int share_samples(const at_corpus *a, const at_corpus *b)
{
    for (int i = 0; i < a->count; i++)
        for (int j = 0; j < b->count; j++)
            if (strcmp(a->list[i].path, b->list[j].path) == 0)
                return 1;
    return 0;
}

static void near_share(int n, int of, double share, double within)
{
    if (fabs(n - of * share) > within)
        fail_msg("%d of %d, not %g", n, of, share);
}

static void seventy_fifteen_fifteen(void **state)
{
    static const char *const names[] = {"random:train", "random:valid", "random:test"};
    static const double shares[] = {0.70, 0.15, 0.15};
    at_corpus all, c[3];
    (void)state;
    make(&all);
    for (int p = 0; p < 3; p++) {
        c[p] = part(names[p]);
        near_share(c[p].count, SAMPLES, shares[p], 1);
        for (int k = 0; k < 7; k++)
            near_share(count(&c[p], k, -1), count(&all, k, -1), shares[p], 1.5);
    }
    assert_int_equal(c[0].count + c[1].count + c[2].count, SAMPLES);
    assert_false(share_samples(&c[0], &c[1]) || share_samples(&c[0], &c[2]) ||
                 share_samples(&c[1], &c[2]));
    assert_true(share_people(&c[0], &c[2]));
    for (int p = 0; p < 3; p++)
        at_corpus_free(&c[p]);
    at_corpus_free(&all);
}

static void folds_by_label_and_quality(void **state)
{
    char split[40];
    at_corpus all;
    int samples = 0, uneven = 0;
    (void)state;
    make(&all);
    for (int f = 0; f < 5; f++) {
        snprintf(split, sizeof split, "random:fold%d/5:quality", f);
        at_corpus c = part(split);
        snprintf(split, sizeof split, "random:nofold%d/5:quality", f);
        at_corpus others = part(split);
        for (int k = 0; k < 7; k++)
            for (int g = AT_NORMAL; g < AT_GRADES; g++)
                near_share(count(&c, k, g), count(&all, k, g), 0.2, 1.5);
        assert_int_equal(c.count + others.count, SAMPLES);
        assert_false(share_samples(&c, &others));
        samples += c.count;
        at_corpus_free(&c);
        at_corpus_free(&others);
        snprintf(split, sizeof split, "random:fold%d/5", f); /* quality is no stratum of this */
        c = part(split);
        for (int k = 0; k < 7; k++)
            uneven += fabs(count(&c, k, AT_OCCLUDED) - count(&all, k, AT_OCCLUDED) * 0.2) > 1.5;
        at_corpus_free(&c);
    }
    assert_int_equal(samples, SAMPLES);
    assert_true(uneven > 3);
    at_corpus_free(&all);
}

static void people_apart(void **state)
{
    static const char *const names[] = {"people:train", "people:valid", "people:test"};
    static const double shares[] = {0.70, 0.15, 0.15};
    at_corpus c[3];
    (void)state;
    for (int p = 0; p < 3; p++) {
        c[p] = part(names[p]);
        near_share(c[p].count, SAMPLES, shares[p], 30); /* the largest has 79 */
    }
    assert_int_equal(c[0].count + c[1].count + c[2].count, SAMPLES);
    assert_false(share_people(&c[0], &c[1]) || share_people(&c[0], &c[2]) ||
                 share_people(&c[1], &c[2]));
    for (int p = 0; p < 3; p++)
        at_corpus_free(&c[p]);
}

static void by_the_seed(void **state)
{
    at_corpus a = part("random:test:1"), again = part("random:test:1"), b = part("random:test:2");
    int same = 0;
    (void)state;
    assert_int_equal(a.count, again.count);
    for (int i = 0; i < a.count; i++)
        assert_string_equal(a.list[i].path, again.list[i].path);
    for (int i = 0; i < a.count; i++)
        for (int j = 0; j < b.count; j++)
            same += strcmp(a.list[i].path, b.list[j].path) == 0;
    near_share(same, a.count, 0.15, 20);
    at_corpus_free(&a);
    at_corpus_free(&again);
    at_corpus_free(&b);
}

static void what_there_is_nothing_to_go_by(void **state)
{
    at_corpus c;
    at_split s;
    attune_error err;
    (void)state;
    make(&c);
    c.list[3].grade = AT_UNGRADED;
    assert_int_equal(at_split_parse(&s, "random:train:quality", &err), ATTUNE_OK);
    assert_int_equal(at_split_keep(&c, &s, &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "1 of 920"));
    for (int i = 0; i < c.count; i++)
        *c.list[i].person = '\0';
    assert_int_equal(at_split_parse(&s, "people:train", &err), ATTUNE_OK);
    assert_int_equal(at_split_keep(&c, &s, &err), ATTUNE_E_ARG);
    assert_int_equal(c.count, SAMPLES); /* nothing is lost */
    at_corpus_free(&c);
}

/* ---- corpora on the disk -------------------------------------------------------------------- */

/* Twelve people with 10 pictures each, of which the last 30 in 120 are the test part. */
static void put_list(void)
{
    FILE *list = create_in_folder("manifest.csv");
    fputs("file,split,subject,expression,site\n", list);
    for (int i = 0; i < 120; i++) {
        char name[32];
        snprintf(name, sizeof name, "%03d.png", i);
        put_text(name, "");
        fprintf(list, "%s,%s,p%02d,%s,%s\n", name, i < 90 ? "train" : "PrivateTest", i % 12,
                i % 2 ? "sad" : "happy", i % 2 ? "testbed" : "test");
    }
    fclose(list);
}

static at_corpus read_ok(const char *split)
{
    at_corpus c;
    attune_error err = {0};
    if (at_corpus_read(&c, "manifest", temp_folder, split, &err) != ATTUNE_OK)
        fail_msg("%s", err.text);
    return c;
}

static int of_test(const at_corpus *c)
{
    int n = 0;
    for (int i = 0; i < c->count; i++)
        n += atoi(strrchr(c->list[i].path, '/') + 1) >= 90;
    return n;
}

static void test_parts_do_not_leak(void **state)
{
    static const struct {
        const char *split;
        int of, test; /* drawn of how many, of the test part */
    } cases[] = {{"random:train,valid,test", 90, 0},
                 {"subject=p00,p01+random:train,valid,test", 16, 0},
                 {"all+random:train,valid,test", 120, 30},
                 {"privatetest+random:train,valid,test", 30, 30},
                 {"split=train,PrivateTest+random:train,valid,test", 120, 30},
                 {"site=testbed+random:train,valid,test", 45, 0},
                 {"site=test+random:train,valid,test", 45, 0},
                 {"site=test+people:train,valid,test+privatetest", 15, 15},
                 {"people:train,valid,test", 90, 0},
                 {"notest", 90, 0}};
    (void)state;
    put_list();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        at_corpus c = read_ok(cases[i].split);
        assert_int_equal(c.count, cases[i].of);
        assert_int_equal(of_test(&c), cases[i].test);
        at_corpus_free(&c);
    }
}

static void says_its_protocol(void **state)
{
    static const struct {
        const char *split, *text, *twin;
        int shares;
    } cases[] = {{"random:test", "random 70/15/15 by label, shares people", "people:test", 1},
                 {"people:test", "people 70/15/15 by label, people apart", "", 0},
                 {"train", "own part, shares people", "people:train", 1},
                 {"subject=p00", "part by column, people apart", "", 0},
                 {"file=000.png", "part by column, shares people", "", 1},
                 {"fold0", "own fold, people apart", "", 0},
                 {"random:fold0/3", "random 3 folds by label, shares people", "people:fold0/3", 1},
                 {"all", "whole set, people apart", "", 0}};
    (void)state;
    put_list();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        at_protocol p;
        attune_error err;
        at_corpus c = read_ok(cases[i].split);
        assert_int_equal(at_protocol_of(&p, &c, temp_folder, cases[i].split, &err), ATTUNE_OK);
        assert_string_equal(p.text, cases[i].text);
        assert_string_equal(p.twin, cases[i].twin);
        assert_int_equal(p.shared, cases[i].shares ? c.people : 0);
        at_corpus_free(&c);
    }
}

/* A part drawn of the test part, whose people are nowhere else, shares them with the rest of it. */
static void says_what_a_drawn_test_part_shares(void **state)
{
    at_protocol p;
    attune_error err;
    FILE *list = create_in_folder("manifest.csv");
    (void)state;
    fputs("file,split,subject,expression\n", list);
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "%03d.png", i);
        put_text(name, "");
        fprintf(list, "%s,%s,p%02d,%s\n", name, i < 20 ? "train" : "test", i / 5,
                i % 2 ? "sad" : "happy");
    }
    fclose(list);
    at_corpus c = read_ok("test+random:train");
    assert_int_equal(at_protocol_of(&p, &c, temp_folder, "test+random:train", &err), ATTUNE_OK);
    assert_string_equal(p.text, "random 70/15/15 by label, shares people");
    assert_string_equal(p.twin, "test+people:train");
    at_corpus_free(&c);
    c = read_ok(p.twin);
    assert_int_equal(at_protocol_of(&p, &c, temp_folder, "test+people:train", &err), ATTUNE_OK);
    assert_string_equal(p.text, "people 70/15/15 by label, people apart");
    at_corpus_free(&c);
}

static void quality_from_a_table(void **state)
{
    at_corpus c;
    attune_error err;
    (void)state;
    put_list();
    assert_int_equal(at_corpus_read(&c, "manifest", temp_folder, "random:train:quality", &err),
                     ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "qualities.csv"));
    at_corpus_free(&c);
    FILE *table = create_in_folder(AT_QUALITIES);
    fputs("file,quality\n", table);
    for (int i = 0; i < 120; i++)
        fprintf(table, "%03d.png,%s\n", i, i % 4 ? "normal" : "low-quality");
    fclose(table);
    c = read_ok("random:fold1/3:quality");
    near_share(count(&c, ATTUNE_HAPPY, AT_LOW_QUALITY), 23, 1.0 / 3, 1);
    assert_int_equal(count(&c, ATTUNE_SAD, AT_LOW_QUALITY), 0);
    at_corpus_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(twins),
        cmocka_unit_test(seventy_fifteen_fifteen),
        cmocka_unit_test(folds_by_label_and_quality),
        cmocka_unit_test(people_apart),
        cmocka_unit_test(by_the_seed),
        cmocka_unit_test(what_there_is_nothing_to_go_by),
        cmocka_unit_test_setup_teardown(test_parts_do_not_leak, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(says_its_protocol, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(says_what_a_drawn_test_part_shares, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(quality_from_a_table, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
