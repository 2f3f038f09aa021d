/* Exports: a timeline read back value by value, and what is written for other programs. */
#include "made_windows.h"
#include "temp_folder.h"
#include "report/fields.h"
#include "report/tiers.h"
#include "report/timeline.h"

#include <attune/sink.h>
#include <jansson.h>
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

/* Those that are made of the timeline's digits alone. */
static const char exports[] = "openface-windows,eaf,textgrid,srt,vtt-metadata,table";

/* ---- a line --------------------------------------------------------------------------------- */

static char *line_of(const attune_window *w)
{
    at_fields t;
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    at_fields_init(&t);
    at_fields_json(&t, w, f);
    fclose(f);
    return text;
}

/* With digits behind those that are written, everywhere. */
static attune_window odd_window(void)
{
    attune_window w = made_window(9, ATTUNE_SAD, 3);
    w.start_us = 1500123;
    w.end_us = 4500777;
    for (int i = 0; i < 4; i++)
        w.box[i] = 10.03f * (float)(i + 1);
    for (int u = 0; u < ATTUNE_UNITS; u++)
        w.unit[u] = u % 7 ? 0.01003f * (float)u : NAN;
    w.quality.snr_db = 12.34f;
    w.quality.yaw = -12.34f;
    w.emotion7[0] += 0.00003f;
    w.baseline_s = 31.00007f;
    w.offset[2] = -0.70004f;
    return w;
}

static void a_line_is_read_as_it_was_written(void **state)
{
    attune_window windows[] = {odd_window(), made_nothing(3), made_voice(2, ATTUNE_ANGRY)}, w;
    attune_beside beside;
    at_fields t;
    (void)state;
    at_fields_init(&t);
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        char *line = line_of(&windows[i]), *again;
        assert_int_equal(attune_window_read(&w, line, strlen(line), NULL), ATTUNE_OK);
        again = line_of(&w);
        assert_string_equal(line, again);
        assert_int_equal(w.has_state, windows[i].has_state);
        assert_int_equal(w.used, windows[i].used);
        at_fields_round(&t, &windows[i], &beside); /* what extra sinks are given at once */
        assert_memory_equal(&w.emotion7, &windows[i].emotion7, sizeof w.emotion7);
        assert_memory_equal(&w.state4, &windows[i].state4, sizeof w.state4);
        assert_memory_equal(&w.box, &windows[i].box, sizeof w.box);
        assert_true(w.end_us == windows[i].end_us && w.end_us % 1000 == 0);
        for (int u = 0; u < ATTUNE_UNITS; u++)
            assert_true(isnan(w.unit[u]) == isnan(windows[i].unit[u]));
        free(line);
        free(again);
    }
}

/* Of a model that hears a signal, a reader that knows of none. */
static void weights_are_of_all_streams(void **state)
{
    attune_window w = odd_window();
    (void)state;
    w.weight[ATTUNE_FACE] = 0.25f;
    w.weight[ATTUNE_VOICE] = 0.25f;
    char *line = line_of(&w);
    json_t *row = json_loads(line, 0, NULL);
    json_object_set_new(row, "weight_signal", json_real(0.5));
    char *text = json_dumps(row, 0);
    assert_int_equal(attune_window_read(&w, line, strlen(line), NULL), ATTUNE_E_FORMAT);
    assert_int_equal(attune_window_read(&w, text, strlen(text), NULL), ATTUNE_OK);
    assert_true(w.weight[ATTUNE_SIGNAL] == 0.5f);
    free(line);
    free(text);
    json_decref(row);
}

/* NULL: removed. Takes value. */
static void refuse(const char *line, const char *key, json_t *value, const char *said)
{
    json_t *row = json_loads(line, 0, NULL);
    attune_window w;
    attune_error err = {0};
    char *text;
    if (value)
        json_object_set_new(row, key, value);
    else
        json_object_del(row, key);
    text = json_dumps(row, 0);
    assert_int_equal(attune_window_read(&w, text, strlen(text), &err), ATTUNE_E_FORMAT);
    if (!strstr(err.text, said))
        fail_msg("'%s' says: %s", key, err.text);
    free(text);
    json_decref(row);
}

static void every_value_is_checked(void **state)
{
    const attune_window w = odd_window(), none = made_nothing(2);
    char *line = line_of(&w), *nobody = line_of(&none);
    attune_window out;
    at_fields t;
    (void)state;
    at_fields_init(&t);
    for (int i = 0; i < t.n; i++) {
        const char *name = t.field[i].column.name;
        refuse(line, name, NULL, name);
        refuse(line, name, json_string("1"), name);
        if (t.field[i].kind != AT_FIELD_FLAG && t.field[i].kind != AT_FIELD_USED)
            refuse(line, name, json_integer(INT64_C(1) << 40), name);
    }
    refuse(line, "end_s", json_null(), "end_s");
    refuse(line, "track", json_real(1.5), "track");
    refuse(line, "track", json_integer(0), "without a face");
    refuse(line, "emotion_sad", json_real(0.2), "sum to 1");
    refuse(line, "emotion_sad", json_null(), "sum to 1");
    refuse(line, "state_boredom_1", json_real(0.5), "sum to 1");
    refuse(line, "state_boredom_1", json_null(), "learning states");
    refuse(line, "engagement_partial", json_real(0.5), "sum to 1");
    refuse(line, "weight_face", json_real(0.1), "weights");
    refuse(line, "start_s", json_real(5), "before it begins");
    refuse(nobody, "unit_jawOpen", json_real(0.5), "without a face");
    for (size_t n = 0; n < strlen(line); n++)
        assert_int_equal(attune_window_read(&out, line, n, NULL), ATTUNE_E_FORMAT);
    free(line);
    free(nobody);
}

/* ---- tiers ---------------------------------------------------------------------------------- */

static void hops_that_say_the_same_are_one_stretch(void **state)
{
    static at_tiers t; /* large */
    char name[AT_SUBJECT_NAME_SIZE];
    const at_span *span;
    size_t n;
    (void)state;
    for (int i = 1; i <= 6; i++) {
        attune_window face = made_window(i, i < 4 ? ATTUNE_HAPPY : ATTUNE_SAD, 2);
        attune_window other = made_window(i, ATTUNE_ANGRY, 1), voice = made_voice(i, ATTUNE_SAD);
        face.abstain = i == 6;
        assert_int_equal(at_tiers_add(&t, &face), ATTUNE_OK);
        if (i == 3)
            assert_int_equal(at_tiers_add(&t, &voice), ATTUNE_OK);
        if (i != 3 && i > 1)
            assert_int_equal(at_tiers_add(&t, &other), ATTUNE_OK);
    }
    assert_int_equal(at_tiers_close(&t), ATTUNE_OK);
    assert_int_equal(t.subjects, 3);
    assert_string_equal(at_tier_subject(name, &t, 0), "face 1");
    assert_string_equal(at_tier_subject(name, &t, 1), "face 2");
    assert_string_equal(at_tier_subject(name, &t, 2), "voice");
    span = at_tier_spans(&t, 1, AT_TIER_EXPRESSION, &n);
    assert_int_equal(n, 2);
    assert_string_equal(at_tier_label(AT_TIER_EXPRESSION, span[0].label), "happy");
    assert_true(span[0].start_us == 0 && span[0].end_us == 1500000);
    assert_string_equal(at_tier_label(AT_TIER_EXPRESSION, span[1].label), "sad");
    assert_true(span[1].start_us == 1500000 && span[1].end_us == 2500000);
    span = at_tier_spans(&t, 1, AT_TIER_WITHHELD, &n);
    assert_int_equal(n, 1);
    assert_true(span[0].start_us == 2500000 && span[0].end_us == 3000000);
    span = at_tier_spans(&t, 0, AT_TIER_EXPRESSION, &n); /* away for a hop */
    assert_int_equal(n, 2);
    assert_true(span[0].start_us == 500000 && span[0].end_us == 1000000);
    assert_true(span[1].start_us == 1500000 && span[1].end_us == 3000000);
    span = at_tier_spans(&t, 2, AT_TIER_EXPRESSION, &n);
    assert_int_equal(n, 1);
    at_tier_spans(&t, 2, AT_TIER_ENGAGEMENT, &n);
    assert_int_equal(n, 0);
    at_tiers_free(&t);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* What a sink's file is called in that folder; valid until the next call. */
static const char *file_of(const char *dir, const attune_sink_info *sink)
{
    static char name[64];
    snprintf(name, sizeof name, "%s/%s", dir, sink->file);
    return name;
}

/* At a time that no timeline has the digits for. */
static void give(attune_report *r, attune_window w)
{
    w.start_us += w.start_us ? 777 : 0;
    w.end_us += 777;
    assert_int_equal(attune_report_window(r, &w, NULL), ATTUNE_OK);
}

/* Two faces, one of them now and then, and a voice: the folder "report" with everything. */
static int make_report(void **state)
{
    char sinks[128];
    if (make_folder(state) != 0)
        return -1;
    attune_report_options o = {.dir = in_folder("report"),
                               .sinks = sinks,
                               .input = "x/=a\"b<&>'\xef\xbf\xbf\n,.mp4",
                               .model_path = "models/some.safetensors",
                               .session = {.max_tracks = 2, .rate = 4, .no_baseline = 1}};
    const attune_input_info info = {.duration_s = 30,
                                    .has_video = 1,
                                    .has_audio = 1,
                                    .width = 640,
                                    .height = 480,
                                    .truncated = 1,
                                    .truncated_reason = "cut <short>",
                                    .n_notes = 2,
                                    .note = {"one", "two"},
                                    .counts = {.frames = 240, .frames_with_face = 200},
                                    .smallest_face = 24,
                                    .elapsed_s = 2};
    attune_report *r;
    snprintf(sinks, sizeof sinks, "default,%s", exports);
    assert_int_equal(attune_report_open(&r, &o, NULL), ATTUNE_OK);
    for (int i = 1; i <= 60; i++) {
        attune_window face = odd_window(), other = made_window(i, i % 5, 2);
        attune_window none = made_nothing(i), voice = made_voice(i, ATTUNE_FEARFUL);
        face.track = 1;
        face.start_us = other.start_us;
        face.end_us = other.end_us;
        if (i % 10 == 0)
            give(r, none);
        else
            give(r, face);
        if (i % 4 == 0)
            give(r, other);
        if (i % 6 == 0)
            give(r, voice);
    }
    assert_int_equal(attune_report_finish(r, &info, 1, NULL), ATTUNE_OK);
    attune_report_free(&r);
    return 0;
}

static int remove_report(void **state)
{
    static const char *const dirs[] = {"report", "later", "bad"};
    const attune_sink_info *sink;
    for (size_t d = 0; d < 3; d++)
        for (int i = 0; (sink = attune_sink_at(i)); i++)
            made_in_folder(file_of(dirs[d], sink));
    return remove_folder(state);
}

static int export_to(const char *from, const char *to, const char *kinds, attune_error *err)
{
    attune_export_options o = {.to = kinds, .dir = in_folder(to)};
    return attune_export(in_folder(from), &o, err);
}

static void later_is_the_same_as_at_once(void **state)
{
    const attune_sink_info *sink;
    attune_error err = {0};
    (void)state;
    if (export_to("report", "later", exports, &err) < 0)
        fail_msg("%s", err.text);
    for (int i = 0; (sink = attune_sink_at(i)); i++) {
        char *now, *then;
        if (!attune_sinks_have(exports, sink->file))
            continue;
        assert_true(sink->extra);
        now = read_text(file_of("report", sink));
        then = read_text(file_of("later", sink));
        assert_true(*now);
        assert_string_equal(now, then);
        free(now);
        free(then);
    }
    assert_int_not_equal(access(in_folder("later/timeline.csv"), F_OK), 0);
}

/* What the summary is made of comes back whole. */
static void a_report_can_be_made_again(void **state)
{
    attune_error err = {0};
    char *now, *then;
    json_t *a, *b;
    (void)state;
    if (export_to("report", "later", "default", &err) < 0)
        fail_msg("%s", err.text);
    now = read_text("report/timeline.jsonl");
    then = read_text("later/timeline.jsonl");
    assert_string_equal(now, then);
    free(now);
    free(then);
    now = read_text("report/summary.json");
    then = read_text("later/summary.json");
    a = json_loads(now, 0, NULL);
    b = json_loads(then, 0, NULL);
    for (const char *const *key =
             (const char *const[]){"attune", "input", "duration_s", "container_s", "width",
                                   "frames", "notes", "truncated_reason", "interrupted", "options",
                                   "model", "windows", "files_of_earlier_runs", "realtime_factor",
                                   NULL};
         *key; key++)
        if (!json_equal(json_object_get(a, *key), json_object_get(b, *key)))
            fail_msg("'%s' differs", *key);
    json_decref(a);
    json_decref(b);
    free(now);
    free(then);
}

static void one_file_may_have_its_own_name(void **state)
{
    const char *report = in_folder("report");
    attune_export_options o = {.to = "eaf", .file = in_folder("later/my.eaf")};
    attune_error err = {0};
    (void)state;
    assert_int_equal(attune_export(report, &o, &err), ATTUNE_OK);
    assert_int_equal(access(made_in_folder("later/my.eaf"), F_OK), 0);
    o.to = "table";
    assert_int_equal(attune_export(report, &o, &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "table.csv, table.csv-metadata.json"));
}

/* ---- damage --------------------------------------------------------------------------------- */

static void refuse_export(const char *said)
{
    attune_error err = {0};
    int rc = export_to("bad", "later", exports, &err);
    assert_true(rc == ATTUNE_E_FORMAT || rc == ATTUNE_E_IO);
    if (!strstr(err.text, said))
        fail_msg("not '%s' but: %s", said, err.text);
    assert_int_not_equal(access(in_folder("later/timeline.eaf"), F_OK), 0);
}

static void damaged_folders_are_refused(void **state)
{
    char *timeline = read_text("report/timeline.jsonl");
    char *summary = read_text("report/summary.json"), *cut = strdup(timeline);
    char *more;
    const char *key;
    json_t *root = json_loads(summary, 0, NULL), *value;
    (void)state;
    refuse_export("summary.json");
    assert_int_equal(export_to("report", "bad", "jsonl,summary", NULL), ATTUNE_OK);
    put_text("bad/summary.json", summary);
    put_text("bad/timeline.jsonl", timeline);
    unlink(in_folder("bad/timeline.jsonl"));
    refuse_export("timeline.jsonl: No such file");
    cut[strlen(cut) - 20] = 0;
    put_text("bad/timeline.jsonl", cut);
    refuse_export("it is cut short");
    strrchr(cut, '\n')[1] = 0;
    put_text("bad/timeline.jsonl", cut);
    refuse_export("it is not whole");
    put_text("bad/timeline.jsonl", strchr(timeline, '\n') + 1);
    refuse_export("it is not whole");
    strchr(cut, '\n')[2] = '!';
    put_text("bad/timeline.jsonl", cut);
    refuse_export("timeline.jsonl, line 2: ");
    put_text("bad/timeline.jsonl", timeline);
    json_integer_set(json_object_get(json_object_get(root, "options"), "max_tracks"), 1);
    more = json_dumps(root, 0);
    put_text("bad/summary.json", more);
    refuse_export("more faces at once");
    json_integer_set(json_object_get(json_object_get(root, "options"), "max_tracks"), 2);
    free(more);
    put_text("bad/summary.json", "{\"input\": \"x\"");
    refuse_export("summary.json, line 1: ");
    json_object_foreach(root, key, value)
    {
        static const char *const unread[] = {"attune",
                                             "still",
                                             "files_of_earlier_runs",
                                             "realtime_factor",
                                             "windows_abstained",
                                             "windows_with_face",
                                             "windows_with_voice",
                                             "presence",
                                             "mean_reliability",
                                             "mean_weight",
                                             "mean_quality",
                                             "faces",
                                             "windows_of_more_faces",
                                             "voice_without_face",
                                             "timeline_columns",
                                             "notice"};
        int is_read = 1;
        for (size_t i = 0; i < sizeof unread / sizeof *unread; i++)
            is_read &= strcmp(key, unread[i]) != 0;
        if (!is_read)
            continue;
        json_t *without = json_copy(root);
        json_object_del(without, key);
        char *text = json_dumps(without, 0);
        put_text("bad/summary.json", text);
        refuse_export(key);
        json_object_set_new(without, key, json_array());
        free(text);
        if (strcmp(key, "notes") != 0) {
            text = json_dumps(without, 0);
            put_text("bad/summary.json", text);
            refuse_export(key);
            free(text);
        }
        json_decref(without);
    }
    json_decref(root);
    free(cut);
    free(timeline);
    free(summary);
}

/* ---- what stands in them --------------------------------------------------------------------- */

static int commas(const char *s)
{
    int n = 0;
    for (; *s && *s != '\n'; s++)
        n += *s == ',';
    return n;
}

/* The value of a column in the n-th row, from 1. */
static double value_of(const char *text, const char *column, int row)
{
    const char *end = strchr(text, '\n'), *p = text, *line = text;
    int at = 0;
    while (p < end &&
           (strncmp(p, column, strlen(column)) != 0 || !strchr(",\n", p[strlen(column)]))) {
        p += strcspn(p, ",\n") + 1;
        at++;
    }
    assert_true(p < end);
    while (row--)
        line = strchr(line, '\n') + 1;
    while (at--)
        line = strchr(line, ',') + 1;
    return strtod(line, NULL);
}

static void openface_has_its_own_signs_and_units(void **state)
{
    char *text = read_text("report/openface-windows.csv");
    attune_window w = odd_window();
    int row = 1;
    (void)state;
    assert_int_equal(
        strncmp(text, "frame,face_id,timestamp,confidence,success,pose_Rx,pose_Ry,pose_Rz,AU01_r,",
                70),
        0);
    assert_true(value_of(text, "frame", row) == 1 && value_of(text, "face_id", row) == 1);
    assert_true(fabs(value_of(text, "timestamp", row) - 0.501) < 1e-9);
    assert_true(value_of(text, "success", row) == 1);
    assert_true(fabs(value_of(text, "pose_Ry", row) - 12.3 * acos(-1.0) / 180) < 6e-4);
    assert_true(fabs(value_of(text, "AU12_r", row) -
                     5 * ((double)w.unit[43] + (double)w.unit[44]) / 2) < 6e-3);
    assert_string_equal(attune_units[43].name, "mouthSmileLeft");
    assert_true(isnan(value_of(text, "level_boredom", 13))); /* nobody: the tenth moment */
    assert_true(value_of(text, "success", 13) == 0 && value_of(text, "AU12_r", 13) == 0);
    for (const char *line = text; (line = strchr(line, '\n')) && *++line;)
        assert_int_equal(commas(line), commas(text));
    free(text);
}

static void names_from_outside_do_no_harm(void **state)
{
    char *eaf = read_text("report/timeline.eaf");
    char *table = read_text("report/table.csv");
    (void)state;
    assert_non_null(strstr(eaf, "MEDIA_URL=\"=a&quot;b&lt;&amp;&gt;&#39;??,.mp4\""));
    assert_non_null(strstr(table, "\n_a_b<&>'??_.mp4,sad,engaged,"));
    assert_true(value_of(table, "apart", 1) == 1 && value_of(table, "apart", 2) == 0);
    free(eaf);
    free(table);
}

/* Windows look back over three seconds: from one moment whose rows are apart to the next it is as long. */
static void rows_that_are_apart_share_nothing(void **state)
{
    char *text = read_text("report/table.csv");
    double end = 0;
    int rows = 0, apart = 0, moments = 0;
    (void)state;
    for (const char *p = strchr(text, '\n') + 1; *p; p = strchr(p, '\n') + 1)
        rows++;
    for (int i = 1; i <= rows; i++) {
        const double from = value_of(text, "start_s", i), to = value_of(text, "end_s", i);
        if (value_of(text, "apart", i) > 0) {
            assert_true(from >= end || fabs(to - end) < 1e-9);
            moments += fabs(to - end) > 1e-9;
            end = to;
            apart++;
        } else {
            assert_true(from < end && to > end);
        }
    }
    assert_int_equal(moments, 10);
    assert_true(apart >= moments && rows > 60);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_read_as_it_was_written),
        cmocka_unit_test(weights_are_of_all_streams),
        cmocka_unit_test(every_value_is_checked),
        cmocka_unit_test(hops_that_say_the_same_are_one_stretch),
        cmocka_unit_test_setup_teardown(later_is_the_same_as_at_once, make_report, remove_report),
        cmocka_unit_test_setup_teardown(a_report_can_be_made_again, make_report, remove_report),
        cmocka_unit_test_setup_teardown(one_file_may_have_its_own_name, make_report, remove_report),
        cmocka_unit_test_setup_teardown(damaged_folders_are_refused, make_report, remove_report),
        cmocka_unit_test_setup_teardown(openface_has_its_own_signs_and_units, make_report,
                                        remove_report),
        cmocka_unit_test_setup_teardown(rows_that_are_apart_share_nothing, make_report,
                                        remove_report),
        cmocka_unit_test_setup_teardown(names_from_outside_do_no_harm, make_report, remove_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
