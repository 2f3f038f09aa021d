#include "store/schema.h"

#include "base/error.h"
#include "store/sql.h"

#include <stdio.h>
#include <string.h>

/* Each takes a store from the version before to its own, 0 being an empty file. They are history:
 * another schema is another version at the end, never a change of these. */
static const char version_1[] =
    "CREATE TABLE people ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " label TEXT NOT NULL UNIQUE"
    ") STRICT;"
    "CREATE TABLE sessions ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " person INTEGER REFERENCES people (id),"
    " source TEXT NOT NULL,"
    " consent TEXT NOT NULL, consent_s INTEGER NOT NULL,"
    " began_s INTEGER NOT NULL, ended_s INTEGER, interrupted INTEGER NOT NULL DEFAULT 0,"
    " attune TEXT NOT NULL, model TEXT, model_version TEXT, model_digest TEXT,"
    " rate REAL NOT NULL, window_s REAL NOT NULL, hop_s REAL NOT NULL,"
    " max_tracks INTEGER NOT NULL, no_video INTEGER NOT NULL, no_audio INTEGER NOT NULL,"
    " no_baseline INTEGER NOT NULL, causal INTEGER NOT NULL,"
    " duration_s REAL, has_video INTEGER, has_audio INTEGER, width INTEGER, height INTEGER,"
    " frames INTEGER, frames_with_face INTEGER, late_frames INTEGER, late_audio_us INTEGER,"
    " windows INTEGER, withheld INTEGER, faces INTEGER, summary TEXT"
    ") STRICT;"
    "CREATE TABLE windows ("
    " id INTEGER PRIMARY KEY,"
    " session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,"
    " start_us INTEGER NOT NULL, end_us INTEGER NOT NULL,"
    " track INTEGER NOT NULL, used INTEGER NOT NULL,"
    " abstain INTEGER NOT NULL, has_state INTEGER NOT NULL,"
    " reliability_face REAL, reliability_voice REAL, weight_face REAL, weight_voice REAL,"
    " emotion_neutral REAL, emotion_happy REAL, emotion_sad REAL, emotion_angry REAL,"
    " emotion_fearful REAL, emotion_disgusted REAL, emotion_surprised REAL,"
    " state_boredom_0 REAL, state_boredom_1 REAL, state_boredom_2 REAL, state_boredom_3 REAL,"
    " state_engagement_0 REAL, state_engagement_1 REAL, state_engagement_2 REAL,"
    " state_engagement_3 REAL,"
    " state_confusion_0 REAL, state_confusion_1 REAL, state_confusion_2 REAL,"
    " state_confusion_3 REAL,"
    " state_frustration_0 REAL, state_frustration_1 REAL, state_frustration_2 REAL,"
    " state_frustration_3 REAL,"
    " engagement_disengaged REAL, engagement_partial REAL, engagement_engaged REAL,"
    " box_x REAL, box_y REAL, box_w REAL, box_h REAL,"
    " sharpness REAL, brightness REAL, contrast REAL, face_size REAL, detector_score REAL,"
    " coverage REAL, face_share REAL, snr_db REAL, speech_share REAL, yaw REAL, pitch REAL,"
    " roll REAL,"
    " seen_face REAL, seen_voice REAL, any_face REAL, baseline_s REAL,"
    " offset_neutral REAL, offset_happy REAL, offset_sad REAL, offset_angry REAL,"
    " offset_fearful REAL, offset_disgusted REAL, offset_surprised REAL,"
    " unit_browDownLeft REAL, unit_browDownRight REAL, unit_browInnerUp REAL,"
    " unit_browOuterUpLeft REAL, unit_browOuterUpRight REAL, unit_cheekPuff REAL,"
    " unit_cheekSquintLeft REAL, unit_cheekSquintRight REAL, unit_eyeBlinkLeft REAL,"
    " unit_eyeBlinkRight REAL, unit_eyeLookDownLeft REAL, unit_eyeLookDownRight REAL,"
    " unit_eyeLookInLeft REAL, unit_eyeLookInRight REAL, unit_eyeLookOutLeft REAL,"
    " unit_eyeLookOutRight REAL, unit_eyeLookUpLeft REAL, unit_eyeLookUpRight REAL,"
    " unit_eyeSquintLeft REAL, unit_eyeSquintRight REAL, unit_eyeWideLeft REAL,"
    " unit_eyeWideRight REAL, unit_jawForward REAL, unit_jawLeft REAL, unit_jawOpen REAL,"
    " unit_jawRight REAL, unit_mouthClose REAL, unit_mouthDimpleLeft REAL,"
    " unit_mouthDimpleRight REAL, unit_mouthFrownLeft REAL, unit_mouthFrownRight REAL,"
    " unit_mouthFunnel REAL, unit_mouthLeft REAL, unit_mouthLowerDownLeft REAL,"
    " unit_mouthLowerDownRight REAL, unit_mouthPressLeft REAL, unit_mouthPressRight REAL,"
    " unit_mouthPucker REAL, unit_mouthRight REAL, unit_mouthRollLower REAL,"
    " unit_mouthRollUpper REAL, unit_mouthShrugLower REAL, unit_mouthShrugUpper REAL,"
    " unit_mouthSmileLeft REAL, unit_mouthSmileRight REAL, unit_mouthStretchLeft REAL,"
    " unit_mouthStretchRight REAL, unit_mouthUpperUpLeft REAL, unit_mouthUpperUpRight REAL,"
    " unit_noseSneerLeft REAL, unit_noseSneerRight REAL,"
    " condition_face REAL, condition_voice REAL"
    ") STRICT;"
    "CREATE INDEX windows_session ON windows (session);";

/* answers and answered say which sessions, of whom, each answer about a group was over. They refer to no
 * other table, since they outlive what was deleted. */
static const char version_2[] =
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE answers (id INTEGER PRIMARY KEY AUTOINCREMENT, asked_s INTEGER NOT NULL) STRICT;"
    "CREATE TABLE answered ("
    " answer INTEGER NOT NULL REFERENCES answers (id) ON DELETE CASCADE,"
    " session INTEGER NOT NULL, person INTEGER NOT NULL,"
    " PRIMARY KEY (answer, session)"
    ") STRICT, WITHOUT ROWID;";

/* What may be sent where (docs/xapi.md), and what is on its way. Statements outlive their sessions: what
 * was sent must stay known to be taken back. A consent's person is a label, which outlives people. */
static const char version_3[] =
    "CREATE TABLE consents ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " store TEXT NOT NULL, person TEXT NOT NULL, what INTEGER NOT NULL,"
    " text TEXT NOT NULL, agreed_s INTEGER NOT NULL, until_s INTEGER NOT NULL, withdrawn_s INTEGER,"
    " home TEXT NOT NULL, account TEXT NOT NULL, token TEXT NOT NULL UNIQUE,"
    " failures INTEGER NOT NULL DEFAULT 0, due_s INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "CREATE TABLE statements ("
    " id TEXT PRIMARY KEY,"
    " consent INTEGER NOT NULL REFERENCES consents (id),"
    " session INTEGER NOT NULL, voids TEXT, body TEXT,"
    " state TEXT NOT NULL DEFAULT 'waiting', tries INTEGER NOT NULL DEFAULT 0,"
    " answered_s INTEGER, answer TEXT"
    ") STRICT;";

/* What was recorded beside pictures and sound: a session's lanes, and what windows say of them. A row of signals is a
 * column in a window. */
static const char version_4[] =
    "CREATE TABLE beside ("
    " session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,"
    " place INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,"
    " came INTEGER, late INTEGER, unread INTEGER,"
    " PRIMARY KEY (session, place)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE beside_windows ("
    " window INTEGER PRIMARY KEY REFERENCES windows (id) ON DELETE CASCADE,"
    " weight_signal REAL, weight_chat REAL, condition_signal REAL, condition_chat REAL,"
    " chat_messages INTEGER,"
    " chat_neutral REAL, chat_happy REAL, chat_sad REAL, chat_angry REAL, chat_fearful REAL,"
    " chat_disgusted REAL, chat_surprised REAL,"
    " chat_boredom REAL, chat_engagement REAL, chat_confusion REAL, chat_frustration REAL,"
    " chat_unread INTEGER"
    ") STRICT;"
    "CREATE TABLE signals ("
    " window INTEGER NOT NULL REFERENCES windows (id) ON DELETE CASCADE,"
    " place INTEGER NOT NULL,"
    " mean REAL, slope REAL, deviation REAL, z REAL, coverage REAL,"
    " PRIMARY KEY (window, place)"
    ") STRICT, WITHOUT ROWID;";

static const char *const versions[] = {version_1, version_2, version_3, version_4};
_Static_assert(sizeof versions / sizeof *versions == AT_STORE_VERSION, "a step for each version");

/* SQLite makes the sequences and statistics itself. */
static const char objects[] =
    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT IN "
    "('sqlite_sequence', 'sqlite_stat1', 'sqlite_stat4') ORDER BY type, name";

static int upgrade_from(sqlite3 *db, int64_t version, int64_t to, attune_error *err)
{
    char set[96];
    int rc = ATTUNE_OK;

    for (; rc == ATTUNE_OK && version < to; version++)
        rc = at_sql_run(db, versions[version], err);
    snprintf(set, sizeof set, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             (int)AT_STORE_APPLICATION, (int)to);
    return rc < 0 ? rc : at_sql_run(db, set, err);
}

int at_schema_upgrade(sqlite3 *db, attune_error *err)
{
    int64_t version;
    int rc = at_sql_number(db, "PRAGMA user_version", 0, &version, err);

    if (rc < 0 || version == AT_STORE_VERSION)
        return rc;
    if ((rc = at_sql_begin(db, err)) < 0)
        return rc;
    /* Another program may have come first. */
    rc = at_sql_number(db, "PRAGMA user_version", 0, &version, err);
    if (rc == ATTUNE_OK && version >= 0 && version < AT_STORE_VERSION)
        rc = upgrade_from(db, version, AT_STORE_VERSION, err);
    return at_sql_end(db, rc, err);
}

/* The tables of one version, as temporary ones. */
static int stand_in(sqlite3 *db, const char *sql, attune_error *err)
{
    static const char create[] = "CREATE TABLE ";
    int rc = ATTUNE_OK;

    while (rc == ATTUNE_OK && (sql = strstr(sql, create))) {
        const char *const from = sql + strlen(create), *const end = strchr(from, ';');
        char one[1024];
        snprintf(one, sizeof one, "CREATE TEMP TABLE %.*s", (int)(end - from), from);
        rc = at_sql_run(db, one, err);
        sql = end;
    }
    return rc;
}

int at_schema_complete(sqlite3 *db, attune_error *err)
{
    int64_t version;
    int rc = at_sql_number(db, "PRAGMA user_version", 0, &version, err);

    for (; rc == ATTUNE_OK && version > 0 && version < AT_STORE_VERSION; version++)
        rc = stand_in(db, versions[version], err);
    return rc;
}

static int fail_foreign(sqlite3 *db, attune_error *err)
{
    return at_fail(err, ATTUNE_E_FORMAT, "%s: is no store of attune",
                   sqlite3_db_filename(db, "main"));
}

static int same(sqlite3_stmt *a, sqlite3_stmt *b)
{
    int equal = 1;

    for (int i = 0; i < 4; i++) {
        const char *x = (const char *)sqlite3_column_text(a, i);
        const char *y = (const char *)sqlite3_column_text(b, i);
        equal &= x && y && !strcmp(x, y);
    }
    return equal;
}

/* Row by row against what the steps make. */
static int compare(sqlite3 *db, sqlite3 *made, attune_error *err)
{
    sqlite3_stmt *is = NULL, *ought = NULL;
    int rc = at_sql_prepare(db, &is, objects, err), more = 1;

    rc = rc < 0 ? rc : at_sql_prepare(made, &ought, objects, err);
    while (rc == ATTUNE_OK && more) {
        int a = at_sql_step(is, err), b = at_sql_step(ought, err);
        rc = a < 0 ? a : b < 0 ? b : ATTUNE_OK;
        more = a > 0 && b > 0;
        if (rc == ATTUNE_OK && (a != b || (more && !same(is, ought))))
            rc = at_fail(err, ATTUNE_E_FORMAT, "%s: has tables, or triggers, that no attune made",
                         sqlite3_db_filename(db, "main"));
    }
    sqlite3_finalize(is);
    sqlite3_finalize(ought);
    return rc;
}

static int check_objects(sqlite3 *db, int64_t version, attune_error *err)
{
    sqlite3 *made = NULL;
    int rc = ATTUNE_OK;

    if (sqlite3_open_v2(":memory:", &made, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL) !=
        SQLITE_OK)
        rc = at_fail_nomem(err);
    rc = rc < 0 ? rc : upgrade_from(made, 0, version, err);
    rc = rc < 0 ? rc : compare(db, made, err);
    sqlite3_close(made);
    return rc;
}

int at_schema_check(sqlite3 *db, attune_error *err)
{
    int64_t application, version, things;
    int rc = at_sql_number(db, "PRAGMA application_id", 0, &application, err);

    rc = rc < 0 ? rc : at_sql_number(db, "PRAGMA user_version", 0, &version, err);
    rc = rc < 0 ? rc : at_sql_number(db, "SELECT count(*) FROM sqlite_schema", 0, &things, err);
    if (rc < 0)
        return rc;
    if (!application && !version && !things)
        return ATTUNE_OK;
    if (application != AT_STORE_APPLICATION || version < 1)
        return fail_foreign(db, err);
    if (version > AT_STORE_VERSION)
        return at_fail(err, ATTUNE_E_UNSUPPORTED,
                       "%s: was made by a later attune (schema %d; this one knows %d)",
                       sqlite3_db_filename(db, "main"), (int)version, (int)AT_STORE_VERSION);
    return check_objects(db, version, err);
}
