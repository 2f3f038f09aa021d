/* store.c - opening and closing: whose file it is, how it is written, what is not trusted in it. */
#include "store/store.h"

#include "base/error.h"
#include "base/mem.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 16 << 20, LOG_MAX = 4 << 20 };

sqlite3 *at_store_lock(attune_store *s)
{
    pthread_mutex_lock(&s->lock);
    return s->db;
}

void at_store_unlock(attune_store *s)
{
    pthread_mutex_unlock(&s->lock);
}

/* Without a transaction, where memory is out, a reading is only of several moments. */
sqlite3 *at_store_look(attune_store *s)
{
    pthread_mutex_lock(&s->read_lock);
    sqlite3_exec(s->reader, "BEGIN", NULL, NULL, NULL);
    return s->reader;
}

void at_store_looked(attune_store *s)
{
    if (!sqlite3_get_autocommit(s->reader))
        sqlite3_exec(s->reader, "COMMIT", NULL, NULL, NULL);
    pthread_mutex_unlock(&s->read_lock);
}

int64_t at_store_now(void)
{
    return (int64_t)time(NULL);
}

int at_store_none(int64_t id, attune_error *err)
{
    return at_fail(err, ATTUNE_E_STATE, "there is no session %lld", (long long)id);
}

/* ---- the path ---------------------------------------------------------------------------------- */

static int fail_errno(attune_error *err, const char *path)
{
    return at_fail(err, ATTUNE_E_IO, "%s: %s", path, strerror(errno));
}

/* The folders on the way to path. They are their owner's; those that are there stay as they are. */
static int make_folders(const char *path, attune_error *err)
{
    char folder[4096];
    size_t n = strlen(path);

    if (n >= sizeof folder)
        return at_fail(err, ATTUNE_E_ARG, "a store's path has over %zu bytes", sizeof folder - 1);
    for (size_t i = 1; i < n; i++) {
        if (path[i] != '/')
            continue;
        memcpy(folder, path, i);
        folder[i] = 0;
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return fail_errno(err, folder);
    }
    return ATTUNE_OK;
}

/* An empty file is an empty database: so it has our mode from the beginning, and what SQLite puts
 * beside it takes after it. */
static int make_file(const char *path, attune_error *err)
{
    int rc = make_folders(path, err), fd;

    if (rc < 0)
        return rc;
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return fail_errno(err, path);
    if (fd >= 0)
        close(fd);
    return ATTUNE_OK;
}

static int check_file(const char *path, unsigned flags, attune_error *err)
{
    struct stat st;
    int there = stat(path, &st) == 0;

    if (!*path)
        return at_fail(err, ATTUNE_E_ARG, "a store needs a path");
    if (!there && (errno != ENOENT || (flags & ATTUNE_STORE_EXISTING)))
        return at_fail_unmade(fail_errno(err, path), path,
                              "attune analyze --store and attune serve --store make it", err);
    if (there && !S_ISREG(st.st_mode))
        return at_fail(err, ATTUNE_E_IO, "%s: is no file", path);
    return there ? ATTUNE_OK : make_file(path, err);
}

/* ---- the connection ---------------------------------------------------------------------------- */

/* As SQLite advises for files that may be hostile (sqlite.org/security.html). */
static int distrust(sqlite3 *db, attune_error *err)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, TEXT_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    return at_sql_run(
        db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;", err);
}

static int connect_by(sqlite3 **db, const char *name, int flags, const char *path,
                      attune_error *err)
{
    int code = sqlite3_open_v2(name, db, flags | SQLITE_OPEN_EXRESCODE, NULL);

    if (!*db)
        return at_fail_nomem(err);
    if (code != SQLITE_OK)
        return at_sql_fail_at(*db, path, err);
    sqlite3_busy_timeout(*db, AT_STORE_BUSY_MS);
    return distrust(*db, err);
}

/* To SQLite some names mean more than a file: ":memory:", "file:...". */
static int connect(sqlite3 **db, const char *path, attune_error *err)
{
    size_t size = strlen(path) + 3;
    char *plain = at_alloc(size, 1);
    int rc;

    if (!plain)
        return at_fail_nomem(err);
    snprintf(plain, size, "%s%s", *path == '/' ? "" : "./", path);
    rc = connect_by(db, plain, SQLITE_OPEN_READWRITE, path, err);
    at_free(plain);
    return rc;
}

/* To the file as it lies there: it is not locked, and nothing is put beside it. */
static int connect_to_still(sqlite3 **db, const char *path, attune_error *err)
{
    static const char end[] = "?immutable=1";
    char *name = at_alloc(3 * strlen(path) + 8 + sizeof end, 1), *at = name;
    int rc;

    if (!name)
        return at_fail_nomem(err);
    at += sprintf(at, *path == '/' ? "file://" : "file:./");
    for (const char *p = path; *p; p++)
        at += sprintf(at, strchr("%?#", *p) ? "%%%02x" : "%c", (unsigned char)*p);
    memcpy(at, end, sizeof end);
    rc = connect_by(db, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, path, err);
    at_free(name);
    return rc;
}

/* How a file is cut after deleting has to be said before it has a table. Said again it would write. */
static int set_vacuum(sqlite3 *db, attune_error *err)
{
    int64_t version;
    int rc = at_sql_number(db, "PRAGMA user_version", 0, &version, err);

    return rc < 0 || version ? rc : at_sql_run(db, "PRAGMA auto_vacuum = INCREMENTAL", err);
}

/* Of our own file only: the journal's mode is written into it. synchronous FULL: what is written is on
 * the disk when its call returns, also if power fails then (but see write.c). */
static int set_up(sqlite3 *db, attune_error *err)
{
    char log[64];
    int rc = set_vacuum(db, err);

    rc = rc < 0 ? rc
                : at_sql_run(db,
                             "PRAGMA journal_mode = WAL;"
                             "PRAGMA synchronous = FULL;"
                             "PRAGMA foreign_keys = ON;"
                             "PRAGMA secure_delete = ON;",
                             err);
    snprintf(log, sizeof log, "PRAGMA journal_size_limit = %d", (int)LOG_MAX);
    return rc < 0 ? rc : at_sql_run(db, log, err);
}

static int open_reader(attune_store *s, const char *path, attune_error *err)
{
    int rc = connect(&s->reader, path, err);

    return rc < 0 ? rc : at_sql_run(s->reader, "PRAGMA query_only = ON", err);
}

/* SQLite takes it for a new one, and would write. */
static int refuse_empty(const char *path, attune_error *err)
{
    struct stat st;

    return stat(path, &st) == 0 && st.st_size == 0
               ? at_fail(err, ATTUNE_E_FORMAT, "%s: is empty: it is no store of attune's", path)
               : ATTUNE_OK;
}

static int open_db(attune_store *s, const char *path, unsigned flags, attune_error *err)
{
    int rc = connect(&s->db, path, err);

    if (rc == ATTUNE_OK && (flags & ATTUNE_STORE_EXISTING))
        rc = refuse_empty(path, err);
    rc = rc < 0 ? rc : at_schema_check(s->db, err);
    rc = rc < 0 ? rc : set_up(s->db, err);
    rc = rc < 0 ? rc : at_schema_upgrade(s->db, err);
    return rc < 0 ? rc : open_reader(s, path, err);
}

/* ---- where nothing can be written --------------------------------------------------------------- */

static void disconnect(attune_store *s)
{
    sqlite3_close(s->reader == s->db ? NULL : s->reader);
    sqlite3_close(s->db); /* the last to leave brings the log home and removes it */
    s->db = s->reader = NULL;
}

static int is_for_want_of_writing(const attune_store *s)
{
    switch (sqlite3_errcode(s->reader ? s->reader : s->db) & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY: return 1;
    default: return 0;
    }
}

/* What was written and has not come home: of a program that was killed, or one that runs. */
static int has_log(const char *path)
{
    struct stat st;
    char log[4096 + 8];

    snprintf(log, sizeof log, "%s-wal", path);
    return stat(log, &st) == 0 && st.st_size > 0;
}

/* With a log its index, which would lie beside it, is kept in memory; without one nobody writes. */
static int open_by_one(attune_store *s, const char *path, attune_error *err)
{
    const int log = has_log(path);
    int rc = log ? connect(&s->db, path, err) : connect_to_still(&s->db, path, err);

    if (rc == ATTUNE_OK && log)
        rc = at_sql_run(s->db, "PRAGMA locking_mode = EXCLUSIVE", err);
    rc = rc < 0 ? rc : at_schema_check(s->db, err);
    rc = rc < 0 ? rc : at_schema_complete(s->db, err);
    s->reader = s->db;
    return rc < 0 ? rc : at_sql_run(s->db, "PRAGMA query_only = ON", err);
}

/* Why it cannot be written is what is said, should it not be readable either. */
static int open_to_read(attune_store *s, const char *path, attune_error *err)
{
    int rc = open_db(s, path, ATTUNE_STORE_READING, err), only_read;

    if (rc == ATTUNE_OK || !s->db || !is_for_want_of_writing(s))
        return rc;
    disconnect(s);
    only_read = open_by_one(s, path, NULL);
    return only_read == ATTUNE_OK ? only_read : rc;
}

int attune_store_open(attune_store **out, const char *path, unsigned flags, attune_error *err)
{
    attune_store *s;
    int rc = check_file(path, flags, err);

    *out = NULL;
    if (rc < 0)
        return rc;
    if (!(s = at_calloc(1, sizeof *s)))
        return at_fail_nomem(err);
    pthread_mutex_init(&s->lock, NULL); /* cannot fail here */
    pthread_mutex_init(&s->read_lock, NULL);
    rc = (flags & ATTUNE_STORE_READING) == ATTUNE_STORE_READING ? open_to_read(s, path, err)
                                                                : open_db(s, path, flags, err);
    if (rc < 0) {
        attune_store_free(&s);
        return rc;
    }
    *out = s;
    return ATTUNE_OK;
}

void attune_store_free(attune_store **s)
{
    attune_store *p = *s;

    if (!p)
        return;
    sqlite3_finalize(p->add_window);
    disconnect(p);
    pthread_mutex_destroy(&p->read_lock);
    pthread_mutex_destroy(&p->lock);
    at_free(p);
    *s = NULL;
}
