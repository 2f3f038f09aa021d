/* Kept sessions: what comes back is what was given, what is deleted is gone, and only a store is taken for
 * one. */
#include "base/digest.h"
#include "base/rng.h"
#include "made_store.h"
#include "made_windows.h"
#include "store/row.h"
#include "store/schema.h"

#include <math.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- what is given comes back ------------------------------------------------------------------- */

/* Every member that there is, with values that are not round. */
static attune_window drawn_window(uint64_t seed)
{
    attune_window w;
    at_rng r;
    at_rng_seed(&r, seed, 0);
    memset(&w, 0, sizeof w);
    float *member[] = {w.reliability,       w.weight, w.emotion7,  &w.state4[0][0],
                       w.engagement3,       w.seen,   w.offset,    w.unit,
                       w.condition,         w.box,    &w.any_face, &w.baseline_s,
                       &w.quality.sharpness};
    int n[] = {2, 2, 7, 16, 3, 2, 7, ATTUNE_UNITS, 2, 4, 1, 1, 12};
    for (size_t k = 0; k < sizeof n / sizeof *n; k++)
        for (int i = 0; i < n[k]; i++)
            member[k][i] = at_rng_float(&r);
    w.start_us = at_rng_u32(&r);
    w.end_us = 9000000000000000 - at_rng_u32(&r);
    w.track = at_rng_u32(&r);
    w.used = at_rng_below(&r, 4);
    w.abstain = (int)at_rng_below(&r, 2);
    w.has_state = (int)at_rng_below(&r, 2);
    w.quality.snr_db = NAN;
    w.unit[3] = NAN;
    w.quality.roll = -179.25f;
    return w;
}

static void windows_come_back_as_they_were(void **state)
{
    attune_store *s = open_store();
    int64_t id = begin_session(s, NULL);
    at_got *got = calloc(1, sizeof *got);
    (void)state;
    assert_non_null(got);
    for (int i = 0; i < 50; i++) {
        attune_window w = drawn_window((uint64_t)i);
        assert_int_equal(attune_store_window(s, id, &w, NULL), ATTUNE_OK);
    }
    attune_store_free(&s);
    s = open_store();
    assert_int_equal(attune_store_windows(s, id, take_window, got, NULL), ATTUNE_OK);
    assert_int_equal(got->n, 50);
    for (int i = 0; i < 50; i++) {
        attune_window w = drawn_window((uint64_t)i);
        assert_memory_equal(&got->w[i], &w, offsetof(attune_window, reserved));
    }
    free(got);
    attune_store_free(&s);
}

/* The table's columns bear the timeline's names. */
static void columns_are_named_as_in_the_timeline(void **state)
{
    char sql[160];
    attune_column c;
    attune_store *s = open_store();
    int same = 0;
    (void)state;
    for (int i = 0; attune_column_at(NULL, i, &c); i++) {
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM pragma_table_info('windows') WHERE name = '%s'", c.name);
        if (strcmp(c.name, "start_s") && strcmp(c.name, "end_s") && strncmp(c.name, "used_", 5)) {
            if (sql_number(sql) != 1)
                fail_msg("no column %s", c.name);
            same++;
        }
    }
    /* id and session are before them; start_us, end_us, used and has_state are the table's own */
    assert_int_equal(same, AT_ROW_VALUES - 4);
    assert_int_equal(sql_number("SELECT count(*) FROM pragma_table_info('windows')"),
                     AT_ROW_FIRST + AT_ROW_VALUES);
    attune_store_free(&s);
}

static int first(void *user, const attune_record *r)
{
    attune_record *out = user;
    *out = *r;
    return 1;
}

static void records_come_back(void **state)
{
    const attune_input_info info = {.duration_s = 7.5,
                                    .has_video = 1,
                                    .width = 640,
                                    .height = 480,
                                    .counts = {.frames = 60, .frames_with_face = 50}};
    const attune_keep k = {.consent = "1",
                           .consent_s = 1700000001,
                           .began_s = 1700000002,
                           .source = "live",
                           .person = "ada",
                           .session = {.rate = 5, .hop_s = 0.25, .no_audio = 1}};
    attune_store *s = open_store();
    attune_record r;
    int64_t id, earlier = begin_session(s, NULL);
    char *summary;
    (void)state;
    assert_int_equal(attune_store_begin(s, &id, &k, NULL), ATTUNE_OK);
    assert_int_equal(id, earlier + 1);
    add_windows(s, id, 3);
    attune_window none = made_nothing(4);
    assert_int_equal(attune_store_window(s, id, &none, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_record(s, id, &r, NULL), ATTUNE_OK);
    assert_int_equal(r.ended_s, 0);
    assert_true(r.duration_s == 2); /* the windows', as yet */
    assert_true(r.has_video && r.has_audio);
    assert_int_equal(r.windows, 4);
    assert_int_equal(attune_store_end(s, id, &info, 1,
                                      "{\"input\":\"ada.mp4\",\"windows\":4,"
                                      "\"model\":{\"path\":\"/home/ada/m\",\"name\":\"x\"}}",
                                      NULL),
                     ATTUNE_OK);
    assert_int_equal(attune_store_list(s, first, &r, NULL), ATTUNE_E_INTERRUPTED);
    assert_int_equal(r.id, id);
    assert_int_equal(r.began_s, 1700000002);
    assert_int_equal(r.consent_s, 1700000001);
    assert_true(r.ended_s > 1700000002);
    assert_string_equal(r.person, "ada");
    assert_string_equal(r.source, "live");
    assert_string_equal(r.attune, attune_version());
    assert_true(r.session.rate == 5 && r.session.hop_s == 0.25 && r.session.window_s == 3);
    assert_true(r.session.no_audio && !r.session.no_video);
    assert_true(r.duration_s == 7.5);
    assert_int_equal(r.width, 640);
    assert_int_equal(r.counts.frames_with_face, 50);
    assert_int_equal(r.windows, 4);
    assert_int_equal(r.withheld, 1);
    assert_int_equal(r.faces, 1);
    assert_true(r.interrupted);
    assert_int_equal(attune_store_summary(s, id, &summary, NULL), ATTUNE_OK);
    assert_string_equal(summary,
                        "{\"windows\":4,\"model\":{\"name\":\"x\"}}"); /* no name, no path */
    free(summary);
    attune_store_free(&s);
}

static void wrong_calls_are_refused(void **state)
{
    attune_store *s = open_store();
    attune_window w = made_window(1, ATTUNE_SAD, 1), bad = w;
    attune_keep k = {.source = "live"};
    attune_error err;
    attune_record r;
    int64_t id;
    char longer[ATTUNE_LABEL_BYTES + 1];
    (void)state;
    assert_int_equal(attune_store_begin(s, &id, &k, &err), ATTUNE_E_ARG);
    assert_string_equal(err.text, "nothing is kept without consent");
    k.consent = "";
    assert_int_equal(attune_store_begin(s, &id, &k, &err), ATTUNE_E_ARG);
    k = (attune_keep){.consent = "banana", .source = "live"};
    assert_int_equal(attune_store_begin(s, &id, &k, &err), ATTUNE_E_ARG);
    assert_string_equal(err.text, "there is no text banana to agree to: nothing is kept");
    memset(longer, 'x', sizeof longer);
    longer[ATTUNE_LABEL_BYTES] = 0;
    k = (attune_keep){.consent = "1", .source = "live", .person = longer};
    assert_int_equal(attune_store_begin(s, &id, &k, &err), ATTUNE_E_ARG);
    assert_int_equal(sql_number("SELECT count(*) FROM sessions"), 0);
    assert_int_equal(attune_store_window(s, 1, &w, &err), ATTUNE_E_STATE);
    assert_int_equal(attune_store_end(s, 1, NULL, 0, NULL, &err), ATTUNE_E_STATE);
    assert_int_equal(attune_store_delete(s, 1, &err), ATTUNE_E_STATE);
    assert_int_equal(attune_store_record(s, 1, &r, &err), ATTUNE_E_STATE);
    assert_string_equal(err.text, "there is no session 1");
    id = begin_session(s, NULL);
    bad.emotion7[2] = 1.5f;
    assert_int_equal(attune_store_window(s, id, &bad, &err), ATTUNE_E_ARG);
    bad = w;
    bad.box[1] = NAN;
    assert_int_equal(attune_store_window(s, id, &bad, &err), ATTUNE_E_ARG);
    assert_int_equal(attune_store_end(s, id, NULL, 0, "[1]", &err), ATTUNE_E_ARG);
    assert_int_equal(attune_store_end(s, id, NULL, 0, NULL, &err), ATTUNE_OK);
    assert_int_equal(attune_store_window(s, id, &w, &err), ATTUNE_E_STATE);
    assert_int_equal(attune_store_end(s, id, NULL, 0, NULL, &err), ATTUNE_E_STATE);
    attune_store_free(&s);
    attune_store_free(&s);
}

/* One such session, and none could be listed. */
static void what_could_not_be_read_is_refused(void **state)
{
    static const attune_input_info end[] = {{.duration_s = -99.9},
                                            {.duration_s = INFINITY},
                                            {.has_video = 1, .width = 1 << 20},
                                            {.counts = {.messages = -1}}};
    static const attune_beside_setup chat = {.chat = 1};
    attune_keep k = {.consent = ATTUNE_CONSENT_VERSION, .source = "live"};
    attune_store *s = open_store();
    int64_t id, none;
    int n = 0;
    (void)state;
    k.session.beside = &chat;
    assert_int_equal(attune_store_begin(s, &id, &k, NULL), ATTUNE_OK);
    for (size_t i = 0; i < sizeof end / sizeof *end; i++)
        assert_int_equal(attune_store_end(s, id, &end[i], 0, NULL, NULL), ATTUNE_E_ARG);
    k.began_s = -1;
    assert_int_equal(attune_store_begin(s, &none, &k, NULL), ATTUNE_E_ARG);
    assert_int_equal(none, 0);
    k.began_s = 0;
    k.session.rate = 1e6;
    assert_int_equal(attune_store_begin(s, &none, &k, NULL), ATTUNE_E_ARG);
    assert_int_equal(attune_store_list(s, count_record, &n, NULL), ATTUNE_OK);
    assert_int_equal(n, 1);
    assert_int_equal(attune_store_end(s, id, NULL, 0, NULL, NULL), ATTUNE_OK);
    attune_store_free(&s);
}

/* ---- the file ------------------------------------------------------------------------------------ */

static int mode_of(const char *end)
{
    char name[200];
    struct stat st;
    snprintf(name, sizeof name, "%s%s", store_path, end);
    assert_int_equal(stat(name, &st), 0);
    return st.st_mode & 0777;
}

static void file_is_its_owners(void **state)
{
    mode_t before = umask(0);
    attune_store *s = open_store();
    (void)state;
    add_windows(s, begin_session(s, NULL), 1);
    assert_int_equal(mode_of(""), 0600);
    assert_int_equal(mode_of("-wal"), 0600);
    assert_int_equal(mode_of("-shm"), 0600);
    attune_store_free(&s);
    umask(before);
    assert_int_equal(sql_number("PRAGMA application_id"), AT_STORE_APPLICATION);
    assert_int_equal(sql_number("PRAGMA user_version"), AT_STORE_VERSION);
}

static int file_has(const char *end, const void *bytes, size_t n)
{
    char name[200], block[1 << 16];
    size_t size, found = 0;
    FILE *f;
    snprintf(name, sizeof name, "%s%s", store_path, end);
    f = fopen(name, "rb");
    if (!f)
        return 0;
    while ((size = fread(block, 1, sizeof block, f)) > 0)
        found += memmem(block, size, bytes, n) != NULL;
    fclose(f);
    return found > 0;
}

static int anywhere(const void *bytes, size_t n)
{
    return file_has("", bytes, n) || file_has("-wal", bytes, n);
}

static void assert_refused(attune_status status, const char *why)
{
    attune_store *s;
    attune_error err = {0};
    assert_int_equal(attune_store_open(&s, store_path, 0, &err), status);
    assert_null(s);
    if (!strstr(err.text, why))
        fail_msg("%s", err.text);
}

static void what_is_no_store_is_refused_and_left_alone(void **state)
{
    attune_store *s;
    attune_error err;
    unsigned char *before, *after;
    size_t n;
    (void)state;
    write_store("Dear diary,\n", 12);
    assert_refused(ATTUNE_E_FORMAT, "is no store of attune");
    remove_store();
    write_store("", 0); /* an empty file is an empty database */
    sql_run("CREATE TABLE bookmarks (url TEXT)");
    n = read_store(&before);
    assert_refused(ATTUNE_E_FORMAT, "is no store of attune");
    assert_int_equal(read_store(&after), n);
    assert_memory_equal(before, after, n);
    free(before);
    free(after);
    remove_store();
    assert_int_equal(attune_store_open(&s, store_path, ATTUNE_STORE_EXISTING, &err), ATTUNE_E_IO);
    assert_int_not_equal(access(store_path, F_OK), 0);
    assert_int_equal(attune_store_open(&s, "/tmp", 0, &err), ATTUNE_E_IO);
    assert_int_equal(attune_store_open(&s, "", 0, &err), ATTUNE_E_ARG);
    assert_int_equal(attune_store_open(&s, "/proc/none/x", 0, &err), ATTUNE_E_IO);
}

/* Also of what SQLite does not open: names of over 512 bytes. */
static void every_error_names_the_file(void **state)
{
    attune_store *s;
    attune_error err;
    char folder[800], path[820];
    (void)state;
    snprintf(folder, sizeof folder, "%s.deep/%0250d/%0250d", store_path, 0, 0);
    snprintf(path, sizeof path, "%s/x.db", folder);
    for (unsigned flags = 0; flags <= ATTUNE_STORE_READING; flags += ATTUNE_STORE_READING) {
        assert_int_equal(attune_store_open(&s, path, flags, &err), ATTUNE_E_IO);
        assert_memory_equal(err.text, path, 300);
    }
    assert_int_equal(unlink(path), 0);
    for (int up = 0; up < 3; up++) {
        assert_int_equal(rmdir(folder), 0);
        *strrchr(folder, '/') = 0;
    }
}

static void foreign_parts_are_refused(void **state)
{
    attune_store *s = open_store();
    (void)state;
    attune_store_free(&s);
    sql_run("CREATE TRIGGER t AFTER INSERT ON windows BEGIN DELETE FROM sessions; END");
    assert_refused(ATTUNE_E_FORMAT, "no attune made");
    sql_run("DROP TRIGGER t; ALTER TABLE people ADD COLUMN face BLOB");
    assert_refused(ATTUNE_E_FORMAT, "no attune made");
    sql_run("ALTER TABLE people DROP COLUMN face; PRAGMA user_version = 99");
    assert_refused(ATTUNE_E_UNSUPPORTED, "later attune");
    sql_run("PRAGMA user_version = 0");
    assert_refused(ATTUNE_E_FORMAT, "is no store of attune");
    remove_store();
    s = open_store();
    attune_store_free(&s);
    sql_run(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' ' WHERE name = 'people'");
    assert_refused(ATTUNE_E_FORMAT, "");
}

/* Reading leaves the file as it is; it is cut after deleting. */
static void opening_writes_nothing(void **state)
{
    attune_store *s = open_store();
    unsigned char *before, *after;
    size_t n;
    (void)state;
    add_windows(s, begin_session(s, NULL), 3);
    attune_store_free(&s);
    assert_int_equal(sql_number("PRAGMA auto_vacuum"), 2);
    n = read_store(&before);
    s = open_store();
    assert_false(file_has("-wal", "SQLite", 6));
    attune_store_free(&s);
    assert_int_equal(read_store(&after), n);
    assert_memory_equal(before, after, n);
    free(before);
    free(after);
}

/* A file of version 1, as it was: what is in it is there after it has become one of today's. */
static void version_1_is_brought_up(void **state)
{
    attune_store *s = open_store();
    at_got *got = calloc(1, sizeof *got);
    attune_record r;
    int64_t id = begin_session(s, "ada");
    (void)state;
    assert_non_null(got);
    add_windows(s, id, 12);
    assert_int_equal(attune_store_end(s, id, NULL, 0, "{\"a\":1}", NULL), ATTUNE_OK);
    attune_store_free(&s);
    sql_run(
        "DROP TABLE signals; DROP TABLE beside_windows; DROP TABLE beside;"
        "DROP TABLE statements; DROP TABLE consents;"
        "DROP TABLE answered; DROP TABLE answers; DROP TABLE settings; PRAGMA user_version = 1");
    s = open_store();
    assert_int_equal(attune_store_record(s, id, &r, NULL), ATTUNE_OK);
    assert_string_equal(r.person, "ada");
    assert_int_equal(attune_store_windows(s, id, take_window, got, NULL), ATTUNE_OK);
    assert_int_equal(got->n, 12);
    assert_int_equal(attune_store_keep_days(s, 10000, NULL, NULL), ATTUNE_OK);
    attune_store_free(&s);
    assert_int_equal(sql_number("PRAGMA user_version"), AT_STORE_VERSION);
    assert_true(store_is_whole());
    free(got);
    /* half of version 2 is neither */
    sql_run(
        "DROP TABLE signals; DROP TABLE beside_windows; DROP TABLE beside;"
        "DROP TABLE statements; DROP TABLE consents; DROP TABLE answered; PRAGMA user_version = 1");
    assert_refused(ATTUNE_E_FORMAT, "no attune made");
}

#define OF_2 "'settings', 'answers', 'answered'"
#define OF_3 "'consents', 'statements'"
#define OF_4 "'beside', 'beside_windows', 'signals'"

static uint64_t digest_of_tables(const char *which)
{
    char sql[256];
    at_digest d;
    sqlite3 *db;
    sqlite3_stmt *q;
    at_digest_begin(&d);
    snprintf(sql, sizeof sql,
             "SELECT sql FROM sqlite_schema WHERE name %s"
             " AND sql NOT NULL AND name <> 'sqlite_sequence' ORDER BY name",
             which);
    assert_int_equal(sqlite3_open(store_path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW)
        at_digest_add(&d, sqlite3_column_text(q, 0), (size_t)sqlite3_column_bytes(q, 0));
    sqlite3_finalize(q);
    sqlite3_close(db);
    return at_digest_of(&d);
}

/* Versions that are out are history: another text would refuse the files that people have. */
static void versions_stay_as_they_were(void **state)
{
    attune_store *s = open_store();
    (void)state;
    attune_store_free(&s);
    assert_int_equal(digest_of_tables("NOT IN (" OF_2 ", " OF_3 ", " OF_4 ")"), 0x37c793eacaf2a8dd);
    assert_int_equal(digest_of_tables("IN (" OF_2 ")"), 0xbed5fba41fe87f6a);
    assert_int_equal(digest_of_tables("IN (" OF_3 ")"), 0xe0ab66bbd20531ff);
    assert_int_equal(digest_of_tables("IN (" OF_4 ")"), 0xa99d0b51909fad8a);
}

static void impossible_values_are_refused(void **state)
{
    attune_store *s = open_store();
    at_got *got = calloc(1, sizeof *got);
    attune_record r;
    attune_error err;
    int64_t id = begin_session(s, NULL);
    (void)state;
    assert_non_null(got);
    add_windows(s, id, 3);
    sql_run("UPDATE windows SET emotion_sad = 1e300 WHERE id = 2");
    assert_int_equal(attune_store_windows(s, id, take_window, got, &err), ATTUNE_E_FORMAT);
    assert_string_equal(err.text, "session 1: a window holds what no attune wrote");
    assert_int_equal(got->n, 1);
    sql_run("UPDATE windows SET emotion_sad = NULL WHERE id = 2");
    assert_int_equal(attune_store_windows(s, id, take_window, got, &err), ATTUNE_E_FORMAT);
    sql_run("UPDATE sessions SET hop_s = -1");
    assert_int_equal(attune_store_record(s, id, &r, &err), ATTUNE_E_FORMAT);
    free(got);
    attune_store_free(&s);
}

/* ---- consent ------------------------------------------------------------------------------------ */

/* A page's or a document's words: without tags and marks of citation, one space between words. */
static char *words_of(const char *name)
{
    char file[4096], *text;
    size_t n = 0;
    int c, tag = 0;
    FILE *f;
    snprintf(file, sizeof file, "%s/%s", getenv("ATTUNE_SRC"), name);
    f = fopen(file, "r");
    if (!f)
        return NULL;
    text = calloc(1, 1 << 20);
    assert_non_null(text);
    while ((c = fgetc(f)) != EOF && n < (1 << 20) - 2) {
        tag = c == '<' ? 1 : tag;
        if (!tag && !strchr(" \n>", c))
            text[n++] = (char)c;
        else if (n && text[n - 1] != ' ')
            text[n++] = ' ';
        tag = c == '>' ? 0 : tag;
    }
    fclose(f);
    return text;
}

/* What people agree to is one text, wherever they read it. */
static void consent_is_the_same_everywhere(void **state)
{
    static const char *const files[] = {"docs/store.md", "src/serve/page/index.html"};
    (void)state;
    if (!getenv("ATTUNE_SRC"))
        skip();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *words = words_of(files[i]), *copy = strdup(attune_consent_text());
        assert_non_null(copy);
        for (char *line = strtok(copy, "\n"); words && line; line = strtok(NULL, "\n")) {
            const char *colon = strstr(line, ": "); /* a page may set what comes before it apart */
            if (!strstr(words, colon ? colon + 2 : line))
                fail_msg("%s does not say: %s", files[i], line);
        }
        free(copy);
        free(words);
    }
}

/* ---- deleting ------------------------------------------------------------------------------------ */

static void deleting_leaves_nothing(void **state)
{
    static const unsigned char mark[] = {0x40, 0x09, 0x21, 0xfb,
                                         0x60}; /* of 3.1415927f as double */
    attune_store *s = open_store();
    int64_t keep = begin_session(s, "ada"), gone = begin_session(s, "zaphod-of-betelgeuse");
    attune_window w = made_window(1, ATTUNE_SAD, 1);
    struct stat before, after;
    (void)state;
    add_windows(s, keep, 20);
    w.quality.snr_db = 3.1415927f;
    for (int i = 0; i < 400; i++)
        assert_int_equal(attune_store_window(s, gone, &w, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_end(s, gone, NULL, 0, "{\"mood\":\"of-the-zaphod\"}", NULL),
                     ATTUNE_OK);
    attune_store_free(&s);
    assert_true(anywhere("zaphod-of-betelgeuse", 20) && anywhere("of-the-zaphod", 13));
    assert_true(anywhere(mark, sizeof mark));
    assert_int_equal(stat(store_path, &before), 0);
    s = open_store();
    assert_int_equal(attune_store_delete(s, gone, NULL), ATTUNE_OK);
    assert_false(anywhere("zaphod", 6));
    assert_false(anywhere(mark, sizeof mark));
    assert_int_equal(stat(store_path, &after), 0);
    assert_true(after.st_size < before.st_size / 2);
    assert_int_equal(sql_number("PRAGMA freelist_count"), 0);
    assert_int_equal(sql_number("SELECT count(*) FROM people"), 1);
    assert_true(begin_session(s, NULL) > gone); /* numbers are not given twice */
    attune_store_free(&s);
    assert_true(store_is_whole());
}

static void deleting_all_leaves_a_store(void **state)
{
    attune_store *s = open_store();
    int64_t n = 0;
    int sessions = 0;
    (void)state;
    add_windows(s, begin_session(s, "ada"), 5);
    add_windows(s, begin_session(s, "bert"), 5);
    assert_int_equal(attune_store_delete_all(s, &n, NULL), ATTUNE_OK);
    assert_int_equal(n, 2);
    assert_int_equal(attune_store_list(s, count_record, &sessions, NULL), ATTUNE_OK);
    assert_int_equal(sessions, 0);
    assert_false(anywhere("bert", 4));
    add_windows(s, begin_session(s, "ada"), 5);
    attune_store_free(&s);
    assert_true(store_is_whole());
}

/* Another program deletes the session that this one records. */
static void a_deleted_session_takes_no_windows(void **state)
{
    attune_store *s = open_store(), *other = open_store();
    int64_t id = begin_session(s, NULL);
    attune_window w = made_window(9, ATTUNE_SAD, 1);
    (void)state;
    add_windows(s, id, 3);
    assert_int_equal(attune_store_delete(other, id, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_window(s, id, &w, NULL), ATTUNE_E_STATE);
    assert_int_equal(sql_number("SELECT count(*) FROM windows"), 0);
    attune_store_free(&s);
    attune_store_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(windows_come_back_as_they_were, fresh_store),
        cmocka_unit_test_setup(columns_are_named_as_in_the_timeline, fresh_store),
        cmocka_unit_test_setup(records_come_back, fresh_store),
        cmocka_unit_test_setup(wrong_calls_are_refused, fresh_store),
        cmocka_unit_test_setup(what_could_not_be_read_is_refused, fresh_store),
        cmocka_unit_test_setup(file_is_its_owners, fresh_store),
        cmocka_unit_test_setup(what_is_no_store_is_refused_and_left_alone, fresh_store),
        cmocka_unit_test_setup(every_error_names_the_file, fresh_store),
        cmocka_unit_test_setup(foreign_parts_are_refused, fresh_store),
        cmocka_unit_test_setup(opening_writes_nothing, fresh_store),
        cmocka_unit_test_setup(version_1_is_brought_up, fresh_store),
        cmocka_unit_test_setup(versions_stay_as_they_were, fresh_store),
        cmocka_unit_test_setup(impossible_values_are_refused, fresh_store),
        cmocka_unit_test(consent_is_the_same_everywhere),
        cmocka_unit_test_setup(deleting_leaves_nothing, fresh_store),
        cmocka_unit_test_setup(deleting_all_leaves_a_store, fresh_store),
        cmocka_unit_test_setup(a_deleted_session_takes_no_windows, fresh_store),
    };
    return cmocka_run_group_tests(tests, make_store_folder, remove_folder);
}
