/* What the paper's tables are made of: sheets as CSV, lines and page, rows of a judgement beside the paper's
 * figures, drawings, model files made of others. */
#include "experiments/experiment.h"
#include "experiments/page.h"
#include "experiments/rows.h"
#include "experiments/whole.h"
#include "temp_folder.h"
#include "tensor/weights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What a writer writes; free. */
static char *written(void (*write)(const at_sheet *s, FILE *f), const at_sheet *s)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    write(s, f);
    assert_int_equal(fclose(f), 0);
    return text;
}

static int count_of(const char *text, const char *word)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, word)) != NULL; p += strlen(word))
        n++;
    return n;
}

/* ---- sheets ----------------------------------------------------------------------------------- */

static const at_column columns[] = {
    {"part", NULL, AT_TEXT_COLUMN, AT_HEADING, 0},
    {"what", "what", AT_TEXT_COLUMN, AT_TABLE, 0},
    {"accuracy", "accuracy %", AT_PERCENT, AT_TABLE, 1},
    {"n", "n", AT_COUNT, AT_TABLE, 0},
    {"why", NULL, AT_TEXT_COLUMN, AT_REMARK, 0},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static void fill(at_sheet *s)
{
    at_sheet_begin(s, "tableX", "A title", columns, COLUMNS);
    at_sheet_row(s);
    at_sheet_text(s, 0, "first");
    at_sheet_text(s, 1, "a, \"b\"");
    at_sheet_interval(s, 2, 0.5, 0.25, 0.75);
    at_sheet_row(s);
    at_sheet_text(s, 0, "second");
    at_sheet_text(s, 1, "<c>");
    at_sheet_value(s, 2, 0.8558);
    at_sheet_value(s, 3, 1429);
    at_sheet_text(s, 4, "because & so");
    at_sheet_note(s, "left out: %d", 1);
    at_sheet_note(s, "left out: %d", 1);
    at_sheet_note(s, "left out: %d", 2);
}

static void test_csv_has_all_columns(void **state)
{
    at_sheet s;
    (void)state;
    fill(&s);
    char *text = written(at_sheet_csv, &s);
    assert_string_equal(text, "part,what,accuracy,accuracy_lo,accuracy_hi,n,why\n"
                              "first,\"a, \"\"b\"\"\",0.5,0.25,0.75,,\n"
                              "second,<c>,0.8558,,,1429,because & so\n");
    free(text);
    at_sheet_free(&s);
}

static void test_lines_leave_out_empty_columns(void **state)
{
    at_sheet s;
    (void)state;
    fill(&s);
    char *text = written(at_sheet_lines, &s);
    assert_non_null(strstr(text, "50.00 [25.00, 75.00]"));
    assert_non_null(strstr(text, "85.58  1429"));
    assert_int_equal(count_of(text, "accuracy %"), 2);  /* a block each */
    assert_int_equal(count_of(text, " n "), 1);         /* nothing of it in the first */
    assert_int_equal(count_of(text, "left out: 1"), 1); /* said once */
    assert_int_equal(count_of(text, "left out: 2"), 1);
    free(text);
    at_sheet_free(&s);
}

static void test_an_empty_sheet_is_written(void **state)
{
    at_sheet s;
    (void)state;
    at_sheet_begin(&s, "tableX", "A title", columns, COLUMNS);
    at_sheet_text(&s, 1, "no row to put it in");
    char *text = written(at_sheet_lines, &s);
    assert_string_equal(text, "A title\n");
    free(text);
    text = written(at_sheet_csv, &s);
    assert_int_equal(count_of(text, "\n"), 1);
    free(text);
    at_sheet_free(&s);
}

static void put_page(const at_sheet *s, FILE *f)
{
    static const at_experiment e = {.name = "tableX", .title = "A title", .paper = "Says <much>."};
    const attune_reproduce_options o = {.quick = 1};
    const at_lab lab = {.o = &o, .whole = "a<b>.safetensors", .limit = 7, .epochs = 1};
    const at_outcome_of list[] = {{&e, *s}};
    at_page_write(&lab, list, 1, f);
}

static void test_the_page_escapes_and_says_what_it_is(void **state)
{
    at_sheet s;
    (void)state;
    fill(&s);
    char *text = written(put_page, &s);
    assert_null(strstr(text, "<c>"));
    assert_null(strstr(text, "a<b>"));
    assert_non_null(strstr(text, "&lt;c&gt;. because &amp; so"));
    assert_non_null(strstr(text, "At most 7 samples"));
    assert_non_null(strstr(text, "default-src 'none'"));
    assert_int_equal(count_of(text, "<table>"), 2);
    assert_int_equal(count_of(text, "</table>"), 2);
    free(text);
    at_sheet_free(&s);
}

/* ---- rows ------------------------------------------------------------------------------------- */

static void test_differences_are_told_in_a_sentence(void **state)
{
    char out[400];
    const at_paper p = {0.8475, 0.23, "other samples", 0, 0}, bare = {0.5, 0.5, NULL, 0, 0};
    (void)state;
    assert_string_equal(
        at_difference(out, &p, 0.8314, 0.8, 0.88),
        "1.6 points below the paper's, which lies inside our interval: other samples.");
    assert_string_equal(
        at_difference(out, &p, 0.9075, 0.88, 0.93),
        "6.0 points above the paper's, which lies outside our interval: other samples.");
    assert_string_equal(at_difference(out, &bare, 0.4, 0.35, 0.45),
                        "10.0 points below the paper's, which lies outside our interval.");
    assert_string_equal(at_difference(out, &bare, 0.5001, NAN, NAN), "As the paper's.");
    assert_string_equal(at_difference(out, &at_paper_is_silent, 0.5, 0, 1), "");
    assert_string_equal(at_difference(out, &bare, NAN, 0, 1), "");
}

static json_t *judged(void)
{
    json_t *r = json_loads("{\"split\": \"val\", \"n\": 9, \"withheld\": 1, \"people\": 4, "
                           "\"accuracy\": 0.75, \"balanced_accuracy\": 0.5, \"macro_f1\": null, "
                           "\"constant\": {\"answer\": \"happy\", \"accuracy\": 0.625, "
                           "\"balanced_accuracy\": 0.25, \"macro_f1\": 0.125}, "
                           "\"interval\": {\"accuracy\": [0.5, 1], \"macro_f1\": null}, "
                           "\"per_class\": [{\"name\": \"happy\", \"n\": 5, \"precision\": 0.75}, "
                           "{\"name\": \"sad\", \"n\": 4, \"precision\": null}, "
                           "{\"name\": \"angry\", \"n\": 0, \"precision\": null}]}",
                           0, NULL);
    assert_non_null(r);
    return r;
}

static void test_a_row_has_figures_protocol_and_command(void **state)
{
    const attune_reproduce_options o = {.seed = 3};
    const at_lab lab = {.o = &o};
    const at_paper paper = {0.7, 0.6, NULL, 0.5, 0};
    const at_row_words w = {"Part", "nobody shared", "model", "as it is", &paper, "attune eval x"};
    json_t *r = judged();
    at_sheet s;
    (void)state;
    at_sheet_begin(&s, "t", "t", at_figure_columns, AT_FIGURE_COLUMNS);
    at_row_constant(&s); /* after nothing: nothing */
    assert_int_equal(s.rows, 0);
    at_row_put(&s, &lab, &w, r);
    at_row_constant(&s);
    assert_int_equal(s.rows, 2);
    assert_true(at_sheet_cell(&s, 0, AT_OF_ACCURACY)->value == 0.75);
    assert_true(at_sheet_cell(&s, 0, AT_OF_ACCURACY)->lo == 0.5);
    assert_true(isnan(at_sheet_cell(&s, 0, AT_OF_F1)->value));
    assert_true(isnan(at_sheet_cell(&s, 0, AT_OF_RECALL)->lo));
    assert_true(at_sheet_cell(&s, 0, AT_OF_PRECISION)->value == 0.375); /* of two */
    assert_true(at_sheet_cell(&s, 0, AT_OF_WITHHELD)->value == 1);
    assert_true(at_sheet_cell(&s, 0, AT_OF_PAPER_PRECISION)->value == 0.5);
    assert_true(isnan(at_sheet_cell(&s, 0, AT_OF_PAPER_RECALL)->value));
    assert_true(at_sheet_cell(&s, 0, AT_OF_PAPER_F1)->value == 0.6);
    assert_true(at_sheet_cell(&s, 0, AT_OF_SEED)->value == 3);
    assert_string_equal(
        at_sheet_words(&s, 0, AT_OF_PROTOCOL),
        "Part val: 10 samples of 4 people, nobody shared. Intervals: 95 %, bootstrap "
        "over people, seed 3.");
    assert_string_equal(at_sheet_words(&s, 1, AT_OF_WHAT), "constant answer: happy");
    assert_true(at_sheet_cell(&s, 1, AT_OF_ACCURACY)->value == 0.625);
    assert_true(at_sheet_cell(&s, 1, AT_OF_RECALL)->value == 0.25);
    assert_true(at_sheet_cell(&s, 1, AT_OF_F1)->value == 0.125);
    assert_true(isnan(at_sheet_cell(&s, 1, AT_OF_PAPER)->value));
    at_sheet_free(&s);
    json_decref(r);
}

/* ---- drawings --------------------------------------------------------------------------------- */

static void test_lines_go_through_the_figures(void **state)
{
    const attune_reproduce_options o = {.seed = 3};
    const at_lab lab = {.o = &o};
    json_t *r = judged();
    at_sheet s;
    (void)state;
    at_sheet_begin(&s, "t", "t", at_figure_columns, AT_FIGURE_COLUMNS);
    for (int i = 0; i < AT_COVERS; i++) {
        const at_paper paper = {0.5, NAN, NULL, 0, 0};
        char words[32];
        const at_row_words w = {"Part", "", "model", at_cover_words(words, at_covers[i]),
                                &paper, ""};
        at_row_put(&s, &lab, &w, r);
    }
    at_row_constant(&s);
    char *text = written(at_draw_covered, &s);
    /* accuracy 0.75 at 0, 20, 40, 60 %; the paper's 0.5; of macro F1 there is nothing */
    assert_non_null(strstr(text, "points=\"44.0,62.0 184.0,62.0 324.0,62.0 464.0,62.0 \""));
    assert_non_null(strstr(text, "points=\"44.0,112.0 184.0,112.0 324.0,112.0 464.0,112.0 \""));
    assert_int_equal(count_of(text, "<polyline"), 2);
    assert_int_equal(count_of(text, "<svg"), 1);
    free(text);
    at_sheet_free(&s);
    json_decref(r);
}

static void test_a_matrix_is_drawn_for_each_model(void **state)
{
    at_sheet s;
    (void)state;
    at_sheet_begin(&s, "t", "t", at_confusion_columns, AT_CONFUSION_COLUMNS);
    for (int model = 0; model < 2; model++)
        for (int i = 0; i < 4; i++) {
            at_sheet_row(&s);
            at_sheet_text(&s, 0, "Part");
            at_sheet_text(&s, 1, "model %d", model);
            at_sheet_text(&s, 2, "label %d", i / 2);
            at_sheet_text(&s, 3, "answer %d", i % 2);
            at_sheet_value(&s, 4, 10 * model + i);
            at_sheet_value(&s, 5, i == 3 ? NAN : 0.25 * i);
        }
    char *text = written(at_draw_confusions, &s);
    assert_int_equal(count_of(text, "<svg"), 2);
    assert_int_equal(count_of(text, "<rect"), 8);
    assert_int_equal(count_of(text, "fill-opacity=\"0.500\""), 2);
    assert_int_equal(count_of(text, ">answer 1<"), 2);
    assert_int_equal(count_of(text, ">13<"), 1);
    assert_null(strstr(text, "nan"));
    free(text);
    at_sheet_free(&s);
}

/* ---- model files ------------------------------------------------------------------------------ */

static void save(const char *path, const char *array, float value, const char *fusion)
{
    at_weights_writer *w = NULL;
    const int one = 1;
    const float other = 5;
    assert_int_equal(at_weights_writer_create(&w, NULL), ATTUNE_OK);
    assert_int_equal(at_weights_put(w, array, 1, &one, &value, 0), ATTUNE_OK);
    assert_int_equal(at_weights_put(w, "visual.x", 1, &one, &other, 0), ATTUNE_OK);
    assert_int_equal(at_weights_put_meta(w, "fusion", fusion), ATTUNE_OK);
    assert_int_equal(at_weights_put_meta(w, "name", "somebody's"), ATTUNE_OK);
    assert_int_equal(at_weights_save(w, path, NULL), ATTUNE_OK);
    at_weights_writer_free(&w);
}

static void test_another_fusion_replaces_its_own_arrays_alone(void **state)
{
    const char *model = made_in_folder("model"), *learned = made_in_folder("learned");
    const char *out = made_in_folder("out");
    at_weights *w = NULL;
    int both = 1;
    (void)state;
    save(model, "fusion.concat.bias", 1, "late");
    save(learned, "fusion.concat.bias", 2, "concat");
    assert_int_equal(at_whole_check(model, &both, NULL), ATTUNE_OK);
    assert_int_equal(both, 0); /* no voice */
    assert_int_equal(at_whole_with_fusion(model, "concat", learned, out, NULL), ATTUNE_OK);
    assert_int_equal(at_weights_load(&w, out, NULL), ATTUNE_OK); /* its digest, too */
    assert_string_equal(at_weights_meta(w, "fusion"), "concat");
    assert_string_equal(at_weights_meta(w, "name"), "somebody's");
    assert_int_equal(at_weights_count(w), 2);
    assert_true(at_weights_find(w, "fusion.concat.bias")->data[0] == 2);
    assert_true(at_weights_find(w, "visual.x")->data[0] == 5);
    at_weights_free(&w);
    assert_true(at_whole_with_fusion("/nowhere", "late", NULL, out, NULL) < 0);
}

static void test_experiments_have_names_of_their_own(void **state)
{
    const char *title, *needs;
    int n = 0;
    (void)state;
    for (; attune_experiment_name(n, &title, &needs); n++) {
        assert_true(*title && *needs);
        for (int i = 0; i < n; i++)
            assert_string_not_equal(attune_experiment_name(i, NULL, NULL),
                                    attune_experiment_name(n, NULL, NULL));
    }
    assert_int_equal(n, 10);
    assert_null(attune_experiment_name(-1, NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_has_all_columns),
        cmocka_unit_test(test_lines_leave_out_empty_columns),
        cmocka_unit_test(test_an_empty_sheet_is_written),
        cmocka_unit_test(test_the_page_escapes_and_says_what_it_is),
        cmocka_unit_test(test_differences_are_told_in_a_sentence),
        cmocka_unit_test(test_a_row_has_figures_protocol_and_command),
        cmocka_unit_test(test_lines_go_through_the_figures),
        cmocka_unit_test(test_a_matrix_is_drawn_for_each_model),
        cmocka_unit_test_setup_teardown(test_another_fusion_replaces_its_own_arrays_alone,
                                        make_folder, remove_folder),
        cmocka_unit_test(test_experiments_have_names_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
