/* Lists of samples as people write them: what is wrong with one is said with its line, and rows that
 * contradict one another are never settled in silence. */
#include "data/corpus.h"
#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int make_pictures(void **state)
{
    if (make_folder(state) != 0)
        return -1;
    put_text("a.png", "");
    put_text("b.png", "");
    return 0;
}

/* The list is refused as no list, with what in the message. */
static void refused(const char *dataset, const char *file, const char *text, const char *what)
{
    at_corpus c;
    attune_error err = {0};
    put_text(file, text);
    assert_int_equal(at_corpus_read(&c, dataset, temp_folder, "all", &err), ATTUNE_E_FORMAT);
    if (!strstr(err.text, what))
        fail_msg("'%s' does not say '%s'", err.text, what);
    assert_null(strchr(err.text, '\n'));
    at_corpus_free(&c);
}

static at_corpus accepted(const char *dataset, const char *file, const char *text)
{
    at_corpus c;
    attune_error err = {0};
    put_text(file, text);
    if (at_corpus_read(&c, dataset, temp_folder, "all", &err) != ATTUNE_OK)
        fail_msg("%s", err.text);
    return c;
}

static void lists_without_rows(void **state)
{
    (void)state;
    refused("manifest", "manifest.csv", "", "manifest.csv: is empty");
    refused("manifest", "manifest.csv", "\n\n", "manifest.csv: is empty");
    refused("manifest", "manifest.csv", "file,emotion\n", "manifest.csv: has a header and no rows");
    refused("manifest", "manifest.csv", "file,emotion\r\n\r\n", "has a header and no rows");
    refused("fer2013", "fer2013.csv", "emotion,pixels,Usage\n", "has a header and no rows");
    refused("fer2013", "fer2013_labels.csv", "split,png,fer2013_label\n",
            "has a header and no rows");
    refused("ferplus", "fer2013new.csv",
            "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,"
            "unknown,NF\n",
            "has a header and no rows");
}

static void rows_with_too_many_fields(void **state)
{
    (void)state;
    refused("manifest", "manifest.csv", "file,emotion\n\na.png,sad\nb.png,sad,5\n",
            "manifest.csv:4: 3 fields, where the header has 2");
    refused("manifest", "manifest.csv", "file,emotion\n\"a\nb.png\",sad\nb.png,sad,5,,\n",
            "manifest.csv:4: 3 fields, where the header has 2"); /* a name with a line end in it */
    refused("fer2013", "fer2013.csv", "emotion,pixels,Usage\n3,0 0,Training,8\n",
            "fer2013.csv:2: 4 fields, where the header has 3");
    refused("fer2013", "fer2013_labels.csv",
            "split,png,fer2013_label\nFER2013Valid,x.png,sad,happy\n",
            "fer2013_labels.csv:2: 4 fields, where the header has 3");
    /* as spreadsheets leave them */
    at_corpus c = accepted("manifest", "manifest.csv", "file,emotion\na.png,sad,,,\n,,\n");
    assert_int_equal(c.count, 1);
    assert_int_equal(c.excluded_count, 0);
    at_corpus_free(&c);
    char wide[400] = "file,emotion";
    for (int i = 0; i < 70; i++)
        strcat(wide, ",x");
    refused("manifest", "manifest.csv", wide, "manifest.csv:1: 72 fields");
}

static void a_quote_that_never_ends(void **state)
{
    (void)state;
    refused("manifest", "manifest.csv", "file,emotion\na.png,sad\n\"b.png,sad\na.png,happy\n",
            "manifest.csv:3: a quote is opened and never closed");
}

static void rows_that_name_no_file(void **state)
{
    (void)state;
    at_corpus c = accepted("manifest", "manifest.csv", "file,emotion\na.png,sad\n\n,happy\n");
    assert_int_equal(c.count, 1);
    assert_int_equal(c.excluded_count, 1);
    assert_int_equal(c.excluded[0].kind, AT_MISSING);
    assert_non_null(strstr(c.excluded[0].path, "manifest.csv:4"));
    assert_non_null(strstr(c.excluded[0].detail, "no file"));
    at_corpus_free(&c);
}

static void rows_that_contradict_each_other(void **state)
{
    (void)state;
    refused("manifest", "manifest.csv", "file,emotion\na.png,sad\nb.png,sad\n\na.png,happy\n",
            "a.png: lines 2 and 5 of its list differ in its expression");
    refused("manifest", "manifest.csv", "file,boredom,confusion\na.png,1,0\na.png,1,2\n",
            "lines 2 and 3 of its list differ in its confusion");
    refused("manifest", "manifest.csv", "file,engagement3\na.png,engaged\na.png,partial\n",
            "lines 2 and 3 of its list differ in its engagement");
    refused("manifest", "manifest.csv", "file,subject,emotion\na.png,ann,sad\na.png,ben,sad\n",
            "lines 2 and 3 of its list differ in its subject");
    refused("manifest", "manifest.csv", "file,emotion,signal\na.png,sad,x.csv\na.png,sad,y.csv\n",
            "lines 2 and 3 of its list differ in its signal");
    refused("manifest", "manifest.csv", "file,emotion,chat\na.png,sad,x.csv\na.png,sad,y.csv\n",
            "lines 2 and 3 of its list differ in its chat");
    refused("manifest", "manifest.csv",
            "file,emotion,quality\na.png,sad,normal\na.png,sad,occluded\n",
            "lines 2 and 3 of its list differ in its quality");
    put_text("FER2013Valid/x.png", "");
    refused("fer2013", "fer2013_labels.csv",
            "split,png,fer2013_label\nFER2013Valid,x.png,sad\nFER2013Valid,x.png,fear\n",
            "x.png: lines 2 and 3 of its list differ in its expression");
}

/* What one row leaves open another may say; the order does not matter. */
static void a_label_wins_over_none(void **state)
{
    static const char *const lists[] = {
        "file,subject,emotion\na.png,,\na.png,ann,sad\na.png,,sad\n",
        "file,subject,emotion\na.png,ann,sad\na.png,,\na.png,,sad\n",
    };
    (void)state;
    for (int i = 0; i < 2; i++) {
        at_corpus c = accepted("manifest", "manifest.csv", lists[i]);
        assert_int_equal(c.count, 1);
        assert_int_equal(c.list[0].expression, at_class_by_name(AT_HEAD_EMOTION7, "sad"));
        assert_string_equal(c.list[0].person, "ann");
        assert_int_equal(at_corpus_excluded(&c, AT_DUPLICATE), 2);
        at_corpus_free(&c);
    }
    at_corpus c =
        accepted("manifest", "manifest.csv", "file,boredom,confusion\na.png,2,\na.png,,1\n");
    assert_int_equal(c.list[0].state[ATTUNE_BOREDOM], 2);
    assert_int_equal(c.list[0].state[ATTUNE_CONFUSION], 1);
    at_corpus_free(&c);
    c = accepted("manifest", "manifest.csv",
                 "file,emotion,signal,chat,quality\na.png,sad,,,\na.png,,x.csv,,occluded\n"
                 "a.png,,,y.csv,\na.png,,x.csv,y.csv,occluded\n");
    assert_int_equal(c.count, 1);
    assert_string_equal(c.list[0].signal, in_folder("x.csv"));
    assert_string_equal(c.list[0].chat, in_folder("y.csv"));
    assert_int_equal(c.list[0].grade, AT_OCCLUDED);
    at_corpus_free(&c);
}

static void numbers_that_are_none(void **state)
{
    (void)state;
    put_text("FER2013Valid/x.png", "");
    put_text("FER2013Valid/y.png", "");
    at_corpus c = accepted("ferplus", "fer2013new.csv",
                           "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,"
                           "contempt,unknown,NF\nPublicTest,x.png,10,0,0,0,0,0,0,0,0,0\n"
                           "PublicTest,y.png,ten,0,0,0,0,0,0,0,0,0\n");
    assert_int_equal(c.count, 1);
    assert_int_equal(c.excluded_count, 1);
    assert_non_null(strstr(c.excluded[0].detail, "no numbers"));
    at_corpus_free(&c);
    put_text("DataSet/Train/1/11/11.avi", "");
    put_text("DataSet/Train/1/12/12.avi", "");
    c = accepted("daisee", "Labels/TrainLabels.csv",
                 "ClipID,Boredom,Engagement,Confusion,Frustration \n11.avi,0,4,0,0\n"
                 "12.avi,0,3,0,0\n");
    assert_int_equal(c.count, 1);
    assert_int_equal(at_corpus_excluded(&c, AT_UNKNOWN_CLASS), 1);
    assert_non_null(strstr(c.excluded[0].detail, "no level from 0 to 3: 4"));
    at_corpus_free(&c);
}

/* The one list whose labels are known to be wrong, and no other. */
static void labels_that_are_exchanged(void **state)
{
    static const char text[] = "file,corpus,speaker,emotion\n"
                               "a.png,korean,korean-nea,angry\nb.png,korean,korean-nea,sad\n"
                               "c.png,korean,korean-nea,happy\nd.png,nemo,nemo-IC0,angry\n";
    static const char *const right[2][4] = {{"angry", "sad", "happy", "angry"},
                                            {"sad", "angry", "happy", "angry"}};
    (void)state;
    put_text("c.png", "");
    put_text("d.png", "");
    for (int more = 0; more < 2; more++) {
        at_corpus c = accepted(more ? "voices_more" : "manifest", "manifest.csv", text);
        assert_int_equal(c.count, 4);
        for (int i = 0; i < 4; i++)
            assert_int_equal(c.list[i].expression,
                             at_class_by_name(AT_HEAD_EMOTION7, right[more][i]));
        assert_int_equal(strstr(c.note, "exchanged") != NULL, more);
        at_corpus_free(&c);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_pictures, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(lists_without_rows),      CASE(rows_with_too_many_fields),
        CASE(a_quote_that_never_ends), CASE(rows_that_name_no_file),
        CASE(a_label_wins_over_none),  CASE(rows_that_contradict_each_other),
        CASE(numbers_that_are_none),   CASE(labels_that_are_exchanged),
    };
    return cmocka_run_group_tests_name("lists", tests, NULL, NULL);
}
