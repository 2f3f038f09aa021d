#include "made_store.h"

#include "made_windows.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILES = 4 };
static const char *const files[FILES] = {"sessions.db", "sessions.db-wal", "sessions.db-shm",
                                         "sessions.db-journal"};
const char *store_path;

void remove_store(void)
{
    for (int i = 0; i < FILES; i++)
        unlink(in_folder(files[i]));
}

int fresh_store(void **state)
{
    (void)state;
    remove_store();
    return 0;
}

attune_store *open_store(void)
{
    attune_store *s;
    attune_error err = {0};
    if (attune_store_open(&s, store_path, 0, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

int64_t begin_session(attune_store *s, const char *person)
{
    const attune_keep k = {
        .consent = "1", .source = "live", .person = person, .began_s = 1700000000};
    attune_error err = {0};
    int64_t id;
    if (attune_store_begin(s, &id, &k, &err) < 0)
        fail_msg("%s", err.text);
    return id;
}

void add_windows(attune_store *s, int64_t id, int windows)
{
    for (int i = 1; i <= windows; i++) {
        attune_window w = made_window(i, i % ATTUNE_EMOTIONS, 1);
        assert_int_equal(attune_store_window(s, id, &w, NULL), ATTUNE_OK);
    }
}

int64_t sql_number(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    int64_t n;
    assert_int_equal(sqlite3_open_v2(store_path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

void sql_run(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(store_path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

int store_is_whole(void)
{
    return sql_number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") ==
               1 &&
           sql_number("SELECT count(*) FROM pragma_foreign_key_check") == 0;
}

int take_window(void *user, const attune_window *w)
{
    at_got *g = user;
    if (g->n < 64)
        g->w[g->n] = *w;
    g->n++;
    return 0;
}

void write_store(const void *bytes, size_t n)
{
    remove_store();
    put_bytes(files[0], bytes, n);
}

size_t read_store(unsigned char **out)
{
    size_t n;
    *out = (unsigned char *)read_bytes(files[0], &n);
    return n;
}

int count_record(void *user, const attune_record *r)
{
    (void)r;
    ++*(int *)user;
    return 0;
}

int make_store_folder(void **state)
{
    if (make_folder(state) != 0)
        return -1;
    for (int i = 0; i < FILES; i++)
        made_in_folder(files[i]);
    store_path = in_folder(files[0]);
    return 0;
}
