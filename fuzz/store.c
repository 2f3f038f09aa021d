/* A stranger's store: errors in words, or records and windows within their ranges and JSON that parses. The
 * input says which cells of a fine store hold what no attune wrote, or which of its bytes are others. */
#include "folder.h"
#include "fuzz.h"

#include "made_windows.h"

#include <attune/xapi.h>
#include <jansson.h>
#include <math.h>
#include <sqlite3.h>
#include <string.h>

enum { COLUMNS_MAX = 256, SESSIONS = 3, WINDOWS = 6, CHANGES = 16 };

static char path[FUZZ_PATH];
static unsigned char *fine; /* a store's bytes */
static size_t fine_size;
static struct {
    char table[24], name[40];
} column[COLUMNS_MAX];
static int columns;

/* ---- the fine one ----------------------------------------------------------------------------- */

static void forget_fine(void)
{
    free(fine);
}

/* Of the second session's. */
static const char *const signals[] = {"heart_rate", "clicks", NULL};
static const attune_beside_setup beside = {.signals = signals, .events = 2, .chat = 1};
static const attune_beside said = {
    .signals = 2, .signal = {{70, 1, 1, 1, 0, {0}}, {0.5f, NAN, NAN, 0, 1, {0}}}, .messages = 1};

static void fill(attune_store *s)
{
    for (int i = 0; i < SESSIONS; i++) {
        const attune_keep k = {.consent = ATTUNE_CONSENT_VERSION,
                               .source = "file",
                               .person = i ? "ada" : NULL,
                               .session.beside = i == 1 ? &beside : NULL,
                               .began_s = 1700000000 + i};
        int64_t id;
        FUZZ_CHECK(attune_store_begin(s, &id, &k, NULL) == ATTUNE_OK);
        for (int n = 1; n <= WINDOWS; n++) {
            attune_window w = made_window(n, n % ATTUNE_EMOTIONS, 1 + (uint32_t)(n > 4));
            w.beside = i == 1 ? &said : NULL;
            FUZZ_CHECK(attune_store_window(s, id, &w, NULL) == ATTUNE_OK);
        }
        if (i < SESSIONS - 1) /* the last one has no end */
            FUZZ_CHECK(attune_store_end(s, id, NULL, 0, "{\"a\": [1]}", NULL) == ATTUNE_OK);
    }
}

/* With statements that wait, of a session that has no label; in a build that can send. */
static void agree(attune_store *s)
{
    const attune_xapi_consent c = {.store = "https://lrs.example/xapi",
                                   .what = ATTUNE_XAPI_ALL,
                                   .text = ATTUNE_XAPI_TEXT_VERSION,
                                   .until_s = 4000000000};
    int64_t id;

    if (attune_xapi_agree(s, &c, &id, NULL) == ATTUNE_OK)
        FUZZ_CHECK(attune_xapi_queue(s, id, 1, NULL) == 1);
}

static int take_column(void *user, int n, char **value, char **names)
{
    (void)user, (void)n, (void)names;
    FUZZ_CHECK(columns < COLUMNS_MAX);
    snprintf(column[columns].table, sizeof column->table, "%s", value[0]);
    snprintf(column[columns++].name, sizeof column->name, "%s", value[1]);
    return 0;
}

static void list_columns(void)
{
    sqlite3 *db;

    FUZZ_CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    FUZZ_CHECK(
        sqlite3_exec(db,
                     "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c"
                     " WHERE m.type = 'table' ORDER BY m.name = 'windows', m.name, c.cid",
                     take_column, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
}

static void read_fine(void)
{
    FILE *f = fopen(path, "rb");

    FUZZ_CHECK(f && fseek(f, 0, SEEK_END) == 0);
    fine_size = (size_t)ftell(f);
    rewind(f);
    fine = malloc(fine_size);
    FUZZ_CHECK(fine && fread(fine, 1, fine_size, f) == fine_size);
    fclose(f);
}

static void make_fine(void)
{
    attune_store *s;

    snprintf(path, sizeof path, "%s/sessions.db", fuzz_folder());
    atexit(forget_fine);
    FUZZ_CHECK(attune_store_open(&s, path, 0, NULL) == ATTUNE_OK);
    fill(s);
    agree(s);
    attune_store_free(&s);
    read_fine();
    list_columns();
}

/* ---- what is changed -------------------------------------------------------------------------- */

static void put_file(const unsigned char *bytes, size_t size)
{
    FUZZ_CHECK(fuzz_folder_put("sessions.db", bytes, size));
}

/* Of one in four rows; NULL: SQLite does not take it. */
static sqlite3_stmt *change_of(sqlite3 *db, int c, int row, const char *value)
{
    static const char *const keys[] = {"_rowid_", "place",
                                       "session"}; /* of tables without the first */
    sqlite3_stmt *q = NULL;
    char sql[256];

    for (size_t k = 0; k < sizeof keys / sizeof *keys && !q; k++) {
        snprintf(sql, sizeof sql, "UPDATE OR IGNORE %s SET %s = %s WHERE %s %% 4 = %d",
                 column[c].table, column[c].name, value, keys[k], row);
        sqlite3_prepare_v2(db, sql, -1, &q, NULL);
    }
    return q;
}

/* data: a column, a row, a value; at the end of all of them a text. */
static void change_cells(const uint8_t *data, size_t size)
{
    static const char *const values[] = {"NULL",
                                         "-1",
                                         "0",
                                         "1",
                                         "2",
                                         "9e999",
                                         "-9e999",
                                         "0.5",
                                         "1e308",
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "4294967296",
                                         "''",
                                         "?1",
                                         "x'00ff'",
                                         "'{\"a\":'"};
    const int n = size ? data[0] % CHANGES : 0;
    const size_t end = 1 + 3 * (size_t)n < size ? 1 + 3 * (size_t)n : size;
    sqlite3 *db;

    FUZZ_CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    sqlite3_exec(db, "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF", NULL, NULL, NULL);
    for (size_t i = 1; i + 3 <= end; i += 3) {
        sqlite3_stmt *q = change_of(db, data[i] % columns, data[i + 1] % 4,
                                    values[data[i + 2] % (sizeof values / sizeof *values)]);
        if (q) {
            sqlite3_bind_text(q, 1, (const char *)data + end, (int)(size - end), SQLITE_TRANSIENT);
            sqlite3_step(q);
        }
        sqlite3_finalize(q);
    }
    sqlite3_close(db);
}

/* data: where (three bytes) and what (one) */
static void change_bytes(const uint8_t *data, size_t size)
{
    unsigned char *bytes = malloc(fine_size);

    FUZZ_CHECK(bytes);
    memcpy(bytes, fine, fine_size);
    for (size_t i = 0; i + 4 <= size; i += 4)
        bytes[(data[i] | (size_t)data[i + 1] << 8 | (size_t)data[i + 2] << 16) % fine_size] =
            data[i + 3];
    put_file(bytes, size && size % 4 ? fine_size * data[size - 1] / 256 : fine_size);
    free(bytes);
}

/* ---- what is promised ------------------------------------------------------------------------- */

typedef struct found {
    int n;
    int64_t id[8];
    char person[8][ATTUNE_LABEL_BYTES];
} found;

static int take_record(void *user, const attune_record *r)
{
    found *f = user;

    FUZZ_CHECK(memchr(r->person, 0, sizeof r->person) && memchr(r->model, 0, sizeof r->model));
    FUZZ_CHECK(isfinite(r->duration_s) && r->duration_s >= 0 && r->windows >= 0);
    FUZZ_CHECK(r->signals >= 0 && r->signals <= ATTUNE_MAX_SIGNALS && r->counts.messages >= 0);
    for (int i = 0; i < r->signals; i++)
        FUZZ_CHECK(memchr(r->signal[i], 0, sizeof r->signal[i]) && r->signal[i][0]);
    FUZZ_CHECK(r->session.max_tracks >= 1 && r->session.max_tracks <= ATTUNE_MAX_TRACKS);
    if (f->n < 8) {
        f->id[f->n] = r->id;
        memcpy(f->person[f->n++], r->person, ATTUNE_LABEL_BYTES);
    }
    return 0;
}

static int take_window(void *user, const attune_window *w)
{
    (void)user;
    FUZZ_CHECK(w->start_us >= 0 && w->start_us <= w->end_us && w->used < 1u << ATTUNE_STREAMS);
    FUZZ_CHECK(w->beside || w->used < 1u << ATTUNE_MODALITIES);
    for (int i = 0; w->beside && i < w->beside->signals; i++)
        FUZZ_CHECK(!isinf(w->beside->signal[i].mean) && w->beside->signal[i].coverage <= 1.01f);
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        FUZZ_CHECK(w->emotion7[e] >= -0.01f && w->emotion7[e] <= 1.01f);
    return 0;
}

static int put(void *user, const char *text, size_t size)
{
    return fwrite(text, 1, size, user) != size;
}

static int drop(void *user, const attune_sink_info *sink, const char *text, size_t size)
{
    (void)user, (void)sink, (void)text;
    return size == 0;
}

static void check_json(int status, char *text)
{
    json_t *root = text ? json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL) : NULL;

    FUZZ_CHECK(status < 0 || root);
    json_decref(root);
    free(text);
}

static void check_export(attune_store *s, int64_t id)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    FUZZ_CHECK(f);
    const int status = attune_store_export(s, id, put, f, NULL);
    fclose(f);
    check_json(status, text);
}

static void check_session(attune_store *s, int64_t id)
{
    attune_record r;
    attune_error err = {0};
    char *text = NULL;
    int status = attune_store_windows(s, id, take_window, NULL, &err);

    FUZZ_CHECK(status == ATTUNE_OK || err.text[0]);
    attune_store_record(s, id, &r, NULL);
    attune_store_summary(s, id, &text, NULL);
    free(text);
    text = NULL;
    status = attune_store_session_json(s, id, &text, NULL);
    check_json(status, text);
    check_export(s, id);
}

/* What takes long: figures with intervals. */
static void check_figures(attune_store *s, int64_t id, const char *person)
{
    const attune_report_options o = {.sinks = "jsonl,summary", .write = drop};
    char *text = NULL;
    const int status = attune_store_trends_json(s, *person ? person : NULL, &text, NULL);

    check_json(status, text);
    attune_store_report(s, id, &o, NULL, NULL);
}

static int take_consent(void *user, const attune_xapi_consent *c)
{
    int64_t *id = user;

    FUZZ_CHECK(!strncmp(c->store, "https://", 8) || !strncmp(c->store, "http://1", 8) ||
               !strncmp(c->store, "http://l", 8) || !strncmp(c->store, "http://[", 8));
    FUZZ_CHECK(c->what && c->what <= ATTUNE_XAPI_ALL);
    FUZZ_CHECK(memchr(c->person, 0, sizeof c->person) && memchr(c->account, 0, sizeof c->account));
    *id = c->id;
    return 0;
}

static void check_consents(attune_store *s)
{
    int64_t id = 1;
    char *text = NULL;

    attune_xapi_consents(s, take_consent, &id, NULL);
    const int status = attune_xapi_statement(s, id, 1, &text, NULL);
    check_json(status, text);
    attune_xapi_queue(s, id, 1, NULL);
    attune_xapi_withdraw(s, id, NULL);
}

/* which: of the sessions has its figures made. */
static void read_store(attune_store *s, size_t which)
{
    const attune_group_query all = {0};
    found f = {0};
    char *text = NULL;
    int64_t gone;

    attune_store_list(s, take_record, &f, NULL);
    for (int i = 0; i < f.n; i++)
        check_session(s, f.id[i]);
    if (f.n)
        check_figures(s, f.id[which % (size_t)f.n], f.person[which % (size_t)f.n]);
    int status = attune_store_sessions_json(s, &text, NULL);
    check_json(status, text);
    text = NULL;
    status = attune_store_group_json(s, &all, &text, NULL);
    check_json(status, text);
    check_consents(s);
    attune_store_keep_days(s, 3, &gone, NULL);
    attune_store_expire(s, 0, &gone, NULL);
    attune_store_delete(s, f.n ? f.id[0] : 1, NULL);
    attune_store_delete_all(s, &gone, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    attune_store *s;
    attune_error err = {0};

    if (size < 1)
        return 0;
    if (!fine)
        make_fine();
    if (data[0] % 2) {
        put_file(fine, fine_size);
        change_cells(data + 1, size - 1);
    } else {
        change_bytes(data + 1, size - 1);
    }
    if (attune_store_open(&s, path, ATTUNE_STORE_EXISTING, &err) == ATTUNE_OK)
        read_store(s, size);
    else
        FUZZ_CHECK(!s && err.text[0]);
    attune_store_free(&s);
    fuzz_folder_empty();
    return 0;
}
