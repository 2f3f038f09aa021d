/* Kept sessions: what comes back is what was given; what is deleted is gone; a killed program, a full
 * disk and a damaged file lose nothing that was finished, and break nothing. */
#include "base/digest.h"
#include "base/rng.h"
#include "made_windows.h"
#include "store/row.h"
#include "store/schema.h"

#include <attune/store.h>

#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static attune_store *shared;
static char folder[] = "/dev/shm/attune-store-XXXXXX", path[64];

static void remove_files(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char name[96];

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

static int fresh(void **state)
{
    (void)state;
    remove_files();
    return 0;
}

static attune_store *open_store(void)
{
    attune_store *s;
    attune_error err = {0};
    if (attune_store_open(&s, path, 0, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static int64_t begin(attune_store *s, const char *person)
{
    const attune_keep k = {
        .consent = "1", .source = "live", .person = person, .began_s = 1700000000};
    attune_error err = {0};
    int64_t id;
    if (attune_store_begin(s, &id, &k, &err) < 0)
        fail_msg("%s", err.text);
    return id;
}

static void add(attune_store *s, int64_t id, int windows)
{
    for (int i = 1; i <= windows; i++) {
        attune_window w = made_window(i, i % ATTUNE_EMOTIONS, 1);
        assert_int_equal(attune_store_window(s, id, &w, NULL), ATTUNE_OK);
    }
}

static int64_t number(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    int64_t n;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

static void run(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int is_whole(void)
{
    return number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") ==
               1 &&
           number("SELECT count(*) FROM pragma_foreign_key_check") == 0;
}

/* ---- what is given comes back ------------------------------------------------------------------- */

typedef struct at_got {
    attune_window w[64];
    int n;
} at_got;

static int take(void *user, const attune_window *w)
{
    at_got *g = user;
    if (g->n < 64)
        g->w[g->n] = *w;
    g->n++;
    return 0;
}

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
    int64_t id = begin(s, NULL);
    at_got *got = calloc(1, sizeof *got);
    (void)state;
    assert_non_null(got);
    for (int i = 0; i < 50; i++) {
        attune_window w = drawn_window((uint64_t)i);
        assert_int_equal(attune_store_window(s, id, &w, NULL), ATTUNE_OK);
    }
    attune_store_free(&s);
    s = open_store();
    assert_int_equal(attune_store_windows(s, id, take, got, NULL), ATTUNE_OK);
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
    for (int i = 0; attune_column_at(i, &c); i++) {
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM pragma_table_info('windows') WHERE name = '%s'", c.name);
        if (strcmp(c.name, "start_s") && strcmp(c.name, "end_s") && strncmp(c.name, "used_", 5)) {
            if (number(sql) != 1)
                fail_msg("no column %s", c.name);
            same++;
        }
    }
    /* id and session are before them; start_us, end_us, used and has_state are the table's own */
    assert_int_equal(same, AT_ROW_VALUES - 4);
    assert_int_equal(number("SELECT count(*) FROM pragma_table_info('windows')"),
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
    int64_t id, earlier = begin(s, NULL);
    char *summary;
    (void)state;
    assert_int_equal(attune_store_begin(s, &id, &k, NULL), ATTUNE_OK);
    assert_int_equal(id, earlier + 1);
    add(s, id, 3);
    attune_window none = made_nothing(4);
    assert_int_equal(attune_store_window(s, id, &none, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_record(s, id, &r, NULL), ATTUNE_OK);
    assert_int_equal(r.ended_s, 0);
    assert_true(r.duration_s == 2); /* the windows', as yet */
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
    memset(longer, 'x', sizeof longer);
    longer[ATTUNE_LABEL_BYTES] = 0;
    k = (attune_keep){.consent = "1", .source = "live", .person = longer};
    assert_int_equal(attune_store_begin(s, &id, &k, &err), ATTUNE_E_ARG);
    assert_int_equal(number("SELECT count(*) FROM sessions"), 0);
    assert_int_equal(attune_store_window(s, 1, &w, &err), ATTUNE_E_STATE);
    assert_int_equal(attune_store_end(s, 1, NULL, 0, NULL, &err), ATTUNE_E_STATE);
    assert_int_equal(attune_store_delete(s, 1, &err), ATTUNE_E_STATE);
    assert_int_equal(attune_store_record(s, 1, &r, &err), ATTUNE_E_STATE);
    assert_string_equal(err.text, "there is no session 1");
    id = begin(s, NULL);
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

/* ---- the file ------------------------------------------------------------------------------------ */

static int mode_of(const char *end)
{
    char name[96];
    struct stat st;
    snprintf(name, sizeof name, "%s%s", path, end);
    assert_int_equal(stat(name, &st), 0);
    return st.st_mode & 0777;
}

static void file_is_its_owners(void **state)
{
    mode_t before = umask(0);
    attune_store *s = open_store();
    (void)state;
    add(s, begin(s, NULL), 1);
    assert_int_equal(mode_of(""), 0600);
    assert_int_equal(mode_of("-wal"), 0600);
    assert_int_equal(mode_of("-shm"), 0600);
    attune_store_free(&s);
    umask(before);
    assert_int_equal(number("PRAGMA application_id"), AT_STORE_APPLICATION);
    assert_int_equal(number("PRAGMA user_version"), AT_STORE_VERSION);
}

static void write_file(const void *bytes, size_t n)
{
    FILE *f;
    remove_files();
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static size_t read_file(unsigned char **out)
{
    FILE *f = fopen(path, "rb");
    long n;
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    n = ftell(f);
    rewind(f);
    *out = malloc((size_t)n);
    assert_non_null(*out);
    assert_int_equal(fread(*out, 1, (size_t)n, f), n);
    fclose(f);
    return (size_t)n;
}

static int file_has(const char *end, const void *bytes, size_t n)
{
    char name[96], block[1 << 16];
    size_t size, found = 0;
    FILE *f;
    snprintf(name, sizeof name, "%s%s", path, end);
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
    assert_int_equal(attune_store_open(&s, path, 0, &err), status);
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
    write_file("Dear diary,\n", 12);
    assert_refused(ATTUNE_E_FORMAT, "is no store of attune");
    remove_files();
    write_file("", 0); /* an empty file is an empty database */
    run("CREATE TABLE bookmarks (url TEXT)");
    n = read_file(&before);
    assert_refused(ATTUNE_E_FORMAT, "is no store of attune");
    assert_int_equal(read_file(&after), n);
    assert_memory_equal(before, after, n);
    free(before);
    free(after);
    remove_files();
    assert_int_equal(attune_store_open(&s, path, ATTUNE_STORE_EXISTING, &err), ATTUNE_E_IO);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(attune_store_open(&s, folder, 0, &err), ATTUNE_E_IO);
    assert_int_equal(attune_store_open(&s, "", 0, &err), ATTUNE_E_ARG);
    assert_int_equal(attune_store_open(&s, "/proc/none/x", 0, &err), ATTUNE_E_IO);
}

static void foreign_parts_are_refused(void **state)
{
    attune_store *s = open_store();
    (void)state;
    attune_store_free(&s);
    run("CREATE TRIGGER t AFTER INSERT ON windows BEGIN DELETE FROM sessions; END");
    assert_refused(ATTUNE_E_FORMAT, "no attune made");
    run("DROP TRIGGER t; ALTER TABLE people ADD COLUMN face BLOB");
    assert_refused(ATTUNE_E_FORMAT, "no attune made");
    run("ALTER TABLE people DROP COLUMN face; PRAGMA user_version = 99");
    assert_refused(ATTUNE_E_UNSUPPORTED, "later attune");
    run("PRAGMA user_version = 0");
    assert_refused(ATTUNE_E_FORMAT, "is no store of attune");
    remove_files();
    s = open_store();
    attune_store_free(&s);
    run("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' ' WHERE name = 'people'");
    assert_refused(ATTUNE_E_FORMAT, "");
}

/* Reading leaves the file as it is; it is cut after deleting. */
static void opening_writes_nothing(void **state)
{
    attune_store *s = open_store();
    unsigned char *before, *after;
    size_t n;
    (void)state;
    add(s, begin(s, NULL), 3);
    attune_store_free(&s);
    assert_int_equal(number("PRAGMA auto_vacuum"), 2);
    n = read_file(&before);
    s = open_store();
    assert_false(file_has("-wal", "SQLite", 6));
    attune_store_free(&s);
    assert_int_equal(read_file(&after), n);
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
    int64_t id = begin(s, "ada");
    (void)state;
    assert_non_null(got);
    add(s, id, 12);
    assert_int_equal(attune_store_end(s, id, NULL, 0, "{\"a\":1}", NULL), ATTUNE_OK);
    attune_store_free(&s);
    run("DROP TABLE answered; DROP TABLE answers; DROP TABLE settings; PRAGMA user_version = 1");
    s = open_store();
    assert_int_equal(attune_store_record(s, id, &r, NULL), ATTUNE_OK);
    assert_string_equal(r.person, "ada");
    assert_int_equal(attune_store_windows(s, id, take, got, NULL), ATTUNE_OK);
    assert_int_equal(got->n, 12);
    assert_int_equal(attune_store_keep_days(s, 10000, NULL, NULL), ATTUNE_OK);
    attune_store_free(&s);
    assert_int_equal(number("PRAGMA user_version"), AT_STORE_VERSION);
    assert_true(is_whole());
    free(got);
    /* half of version 2 is neither */
    run("DROP TABLE answered; PRAGMA user_version = 1");
    assert_refused(ATTUNE_E_FORMAT, "no attune made");
}

static uint64_t digest_of_tables(const char *which)
{
    char sql[256];
    at_digest d;
    sqlite3 *db;
    sqlite3_stmt *q;
    at_digest_begin(&d);
    snprintf(sql, sizeof sql,
             "SELECT sql FROM sqlite_schema WHERE name %s IN ('settings', 'answers', 'answered')"
             " AND sql NOT NULL AND name <> 'sqlite_sequence' ORDER BY name",
             which);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
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
    assert_int_equal(digest_of_tables("NOT"), 0x37c793eacaf2a8dd); /* version 1 */
    assert_int_equal(digest_of_tables(""), 0xbed5fba41fe87f6a);    /* version 2 */
}

static void impossible_values_are_refused(void **state)
{
    attune_store *s = open_store();
    at_got *got = calloc(1, sizeof *got);
    attune_record r;
    attune_error err;
    int64_t id = begin(s, NULL);
    (void)state;
    assert_non_null(got);
    add(s, id, 3);
    run("UPDATE windows SET emotion_sad = 1e300 WHERE id = 2");
    assert_int_equal(attune_store_windows(s, id, take, got, &err), ATTUNE_E_FORMAT);
    assert_string_equal(err.text, "session 1: a window holds what no attune wrote");
    assert_int_equal(got->n, 1);
    run("UPDATE windows SET emotion_sad = NULL WHERE id = 2");
    assert_int_equal(attune_store_windows(s, id, take, got, &err), ATTUNE_E_FORMAT);
    run("UPDATE sessions SET hop_s = -1");
    assert_int_equal(attune_store_record(s, id, &r, &err), ATTUNE_E_FORMAT);
    free(got);
    attune_store_free(&s);
}

static int drop(void *user, const char *text, size_t size)
{
    (void)user;
    (void)text;
    return size == 0;
}

static int drop_file(void *user, const attune_sink_info *sink, const char *text, size_t size)
{
    (void)sink;
    return drop(user, text, size);
}

static int every(void *user, const attune_record *r)
{
    (void)r;
    ++*(int *)user;
    return 0;
}

/* Bytes changed at random: an error or an answer, never a crash (the sanitizers watch). */
static void damage_is_an_error(void **state)
{
    attune_store *s = open_store();
    unsigned char *whole, *bad;
    size_t n;
    int opened = 0;
    at_rng r;
    (void)state;
    for (int i = 0; i < 3; i++) {
        int64_t id = begin(s, i ? "ada" : NULL);
        add(s, id, 20);
        assert_int_equal(attune_store_end(s, id, NULL, 0, "{\"a\":1}", NULL), ATTUNE_OK);
    }
    attune_store_free(&s);
    n = read_file(&whole);
    bad = malloc(n);
    assert_non_null(bad);
    at_rng_seed(&r, 5, 0);
    for (int turn = 0; turn < 150; turn++) {
        size_t size = turn % 3 ? n : at_rng_below(&r, (uint32_t)n);
        memcpy(bad, whole, n);
        for (int k = 0; k < 1 + turn % 20 && size; k++)
            bad[turn % 2 ? at_rng_below(&r, (uint32_t)size) : at_rng_below(&r, 4096) % size] =
                (unsigned char)at_rng_u32(&r);
        write_file(bad, size);
        if (attune_store_open(&s, path, 0, NULL) < 0)
            continue;
        opened++;
        at_got *got = calloc(1, sizeof *got);
        int sessions = 0;
        assert_non_null(got);
        attune_store_list(s, every, &sessions, NULL);
        for (int64_t id = 1; id <= 3; id++) {
            attune_store_windows(s, id, take, got, NULL);
            attune_store_export(s, id, drop, NULL, NULL);
            attune_store_report(
                s, id, &(attune_report_options){.sinks = "jsonl", .write = drop_file}, NULL, NULL);
        }
        attune_store_delete(s, 2, NULL);
        attune_store_delete_all(s, NULL, NULL);
        free(got);
        attune_store_free(&s);
    }
    assert_true(opened > 15 && opened < 145);
    free(whole);
    free(bad);
}

/* ---- attacks on storing -------------------------------------------------------------------------- */

/* The child says of each window that it is stored, once it is; the parent kills it at some moment. */
static void child_stores(int out)
{
    attune_store *s = open_store();
    int64_t id = begin(s, NULL);
    for (int i = 1;; i++) {
        attune_window w = made_window(i, i % ATTUNE_EMOTIONS, 1);
        if (attune_store_window(s, id, &w, NULL) < 0 || write(out, &i, sizeof i) != sizeof i)
            _exit(1);
        if (i % 7 == 0) { /* deaths while others begin and end, too */
            int64_t other = begin(s, "ada");
            if (attune_store_end(s, other, NULL, 0, "{}", NULL) < 0)
                _exit(1);
        }
    }
}

static int kill_after(int windows)
{
    int fd[2], told = 0, value, status;
    pid_t child;
    assert_int_equal(pipe(fd), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fd[0]);
        child_stores(fd[1]);
    }
    close(fd[1]);
    while (told < windows && read(fd[0], &value, sizeof value) == sizeof value)
        told = value;
    kill(child, SIGKILL);
    while (read(fd[0], &value, sizeof value) == sizeof value) /* what it had said by then */
        told = value;
    close(fd[0]);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    return told;
}

static void kill_loses_no_finished_window(void **state)
{
    (void)state;
    for (int turn = 0; turn < 12; turn++) {
        at_got *got = calloc(1, sizeof *got);
        attune_store *s;
        int told;
        assert_non_null(got);
        remove_files();
        told = kill_after(1 + turn * 5);
        assert_true(told > 0);
        s = open_store();
        assert_int_equal(attune_store_windows(s, 1, take, got, NULL), ATTUNE_OK);
        assert_true(got->n == told || got->n == told + 1); /* one may be stored and not said */
        for (int i = 0; i < got->n && i < 64; i++)
            assert_int_equal(got->w[i].end_us, (i + 1) * (int64_t)MADE_HOP_US);
        add(s, begin(s, NULL), 2); /* and it goes on */
        attune_store_free(&s);
        assert_true(is_whole());
        free(got);
    }
}

static void full_disk_keeps_what_was_stored(void **state)
{
    struct rlimit before, little;
    attune_store *s = open_store();
    attune_error err = {0};
    int64_t id = begin(s, NULL);
    at_got *got = calloc(1, sizeof *got);
    int stored = 0, rc;
    (void)state;
    assert_non_null(got);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little = before;
    little.rlim_cur = 200000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    do {
        attune_window w = made_window(stored + 1, ATTUNE_HAPPY, 1);
        rc = attune_store_window(s, id, &w, &err);
        stored += rc == ATTUNE_OK;
    } while (rc == ATTUNE_OK && stored < 10000);
    assert_int_equal(rc, ATTUNE_E_IO);
    assert_int_equal(err.status, ATTUNE_E_IO);
    assert_non_null(strstr(err.text, path + 5));
    assert_true(stored > 10);
    assert_int_equal(attune_store_windows(s, id, take, got, NULL), ATTUNE_OK); /* still readable */
    assert_int_equal(got->n, stored);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    add(s, id, 5); /* there is room again: the same store goes on */
    assert_int_equal(attune_store_end(s, id, NULL, 0, NULL, NULL), ATTUNE_OK);
    attune_store_free(&s);
    assert_true(is_whole());
    assert_int_equal(number("SELECT count(*) FROM windows"), stored + 5);
    free(got);
}

/* ---- deleting ------------------------------------------------------------------------------------ */

static void deleting_leaves_nothing(void **state)
{
    static const unsigned char mark[] = {0x40, 0x09, 0x21, 0xfb,
                                         0x60}; /* of 3.1415927f as double */
    attune_store *s = open_store();
    int64_t keep = begin(s, "ada"), gone = begin(s, "zaphod-of-betelgeuse");
    attune_window w = made_window(1, ATTUNE_SAD, 1);
    struct stat before, after;
    (void)state;
    add(s, keep, 20);
    w.quality.snr_db = 3.1415927f;
    for (int i = 0; i < 300; i++)
        assert_int_equal(attune_store_window(s, gone, &w, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_end(s, gone, NULL, 0, "{\"mood\":\"of-the-zaphod\"}", NULL),
                     ATTUNE_OK);
    attune_store_free(&s);
    assert_true(anywhere("zaphod-of-betelgeuse", 20) && anywhere("of-the-zaphod", 13));
    assert_true(anywhere(mark, sizeof mark));
    assert_int_equal(stat(path, &before), 0);
    s = open_store();
    assert_int_equal(attune_store_delete(s, gone, NULL), ATTUNE_OK);
    assert_false(anywhere("zaphod", 6));
    assert_false(anywhere(mark, sizeof mark));
    assert_int_equal(stat(path, &after), 0);
    assert_true(after.st_size < before.st_size / 2);
    assert_int_equal(number("PRAGMA freelist_count"), 0);
    assert_int_equal(number("SELECT count(*) FROM people"), 1);
    assert_true(begin(s, NULL) > gone); /* numbers are not given twice */
    attune_store_free(&s);
    assert_true(is_whole());
}

static void deleting_all_leaves_a_store(void **state)
{
    attune_store *s = open_store();
    int64_t n = 0;
    int sessions = 0;
    (void)state;
    add(s, begin(s, "ada"), 5);
    add(s, begin(s, "bert"), 5);
    assert_int_equal(attune_store_delete_all(s, &n, NULL), ATTUNE_OK);
    assert_int_equal(n, 2);
    assert_int_equal(attune_store_list(s, every, &sessions, NULL), ATTUNE_OK);
    assert_int_equal(sessions, 0);
    assert_false(anywhere("bert", 4));
    add(s, begin(s, "ada"), 5);
    attune_store_free(&s);
    assert_true(is_whole());
}

/* Another program deletes the session that this one records. */
static void a_deleted_session_takes_no_windows(void **state)
{
    attune_store *s = open_store(), *other = open_store();
    int64_t id = begin(s, NULL);
    attune_window w = made_window(9, ATTUNE_SAD, 1);
    (void)state;
    add(s, id, 3);
    assert_int_equal(attune_store_delete(other, id, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_window(s, id, &w, NULL), ATTUNE_E_STATE);
    assert_int_equal(number("SELECT count(*) FROM windows"), 0);
    attune_store_free(&s);
    attune_store_free(&other);
}

/* ---- several at once ----------------------------------------------------------------------------- */

static void *store_some(void *user)
{
    attune_store *s = user;
    int64_t id = begin(s, NULL);
    add(s, id, 25);
    if (attune_store_end(s, id, NULL, 0, NULL, NULL) < 0)
        return NULL;
    return s;
}

static void threads_share_a_store(void **state)
{
    attune_store *s = open_store(), *other = open_store();
    pthread_t thread[4];
    void *done;
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, store_some, i < 3 ? s : other), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(thread[i], &done), 0);
        assert_non_null(done);
    }
    attune_store_free(&s);
    attune_store_free(&other);
    assert_int_equal(number("SELECT count(*) FROM windows"), 100);
    assert_int_equal(number("SELECT count(*) FROM sessions WHERE windows = 25"), 4);
}

typedef struct at_slow {
    sem_t reads, stored;
    int n;
} at_slow;

/* Takes as long over the first window as the other thread over storing one. */
static int read_slowly(void *user, const attune_window *w)
{
    at_slow *slow = user;
    (void)w;
    if (!slow->n++) {
        sem_post(&slow->reads);
        sem_wait(&slow->stored);
    }
    return 0;
}

static void *store_meanwhile(void *user)
{
    at_slow *slow = user;
    attune_store *s = shared;
    attune_window w = made_window(4, ATTUNE_SAD, 1);
    int rc;
    sem_wait(&slow->reads);
    rc = attune_store_window(s, 1, &w, NULL);
    sem_post(&slow->stored);
    return rc == ATTUNE_OK ? s : NULL;
}

static void no_window_waits_for_a_reading(void **state)
{
    at_slow slow = {.n = 0};
    pthread_t thread;
    void *done;
    (void)state;
    shared = open_store();
    add(shared, begin(shared, NULL), 3);
    sem_init(&slow.reads, 0, 0);
    sem_init(&slow.stored, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, store_meanwhile, &slow), 0);
    assert_int_equal(attune_store_windows(shared, 1, read_slowly, &slow, NULL), ATTUNE_OK);
    assert_int_equal(slow.n, 3); /* of the moment when it began */
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_non_null(done);
    slow.n = 1;
    assert_int_equal(attune_store_windows(shared, 1, read_slowly, &slow, NULL), ATTUNE_OK);
    assert_int_equal(slow.n, 5);
    sem_destroy(&slow.reads);
    sem_destroy(&slow.stored);
    attune_store_free(&shared);
}

static int remove_folder(void **state)
{
    (void)state;
    remove_files();
    return rmdir(folder);
}

static int make_folder(void **state)
{
    (void)state;
    if (access("/dev/shm", W_OK) !=
        0) /* memory, where there is some: the disk is not what is tested */
        snprintf(folder, sizeof folder, "/tmp/attune-store-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/sessions.db", folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(windows_come_back_as_they_were, fresh),
        cmocka_unit_test_setup(columns_are_named_as_in_the_timeline, fresh),
        cmocka_unit_test_setup(records_come_back, fresh),
        cmocka_unit_test_setup(wrong_calls_are_refused, fresh),
        cmocka_unit_test_setup(file_is_its_owners, fresh),
        cmocka_unit_test_setup(what_is_no_store_is_refused_and_left_alone, fresh),
        cmocka_unit_test_setup(foreign_parts_are_refused, fresh),
        cmocka_unit_test_setup(opening_writes_nothing, fresh),
        cmocka_unit_test_setup(version_1_is_brought_up, fresh),
        cmocka_unit_test_setup(versions_stay_as_they_were, fresh),
        cmocka_unit_test_setup(impossible_values_are_refused, fresh),
        cmocka_unit_test_setup(damage_is_an_error, fresh),
        cmocka_unit_test_setup(kill_loses_no_finished_window, fresh),
        cmocka_unit_test_setup(full_disk_keeps_what_was_stored, fresh),
        cmocka_unit_test_setup(deleting_leaves_nothing, fresh),
        cmocka_unit_test_setup(deleting_all_leaves_a_store, fresh),
        cmocka_unit_test_setup(a_deleted_session_takes_no_windows, fresh),
        cmocka_unit_test_setup(threads_share_a_store, fresh),
        cmocka_unit_test_setup(no_window_waits_for_a_reading, fresh),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
