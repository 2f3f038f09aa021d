/* absent.c - a build without SQLite: no store can be opened, so that no other call is ever made. They are
 * here for programs to link, and say the same.
 */
#include "base/error.h"

#include <attune/store.h>

static int absent(attune_error *err)
{
    return at_fail(err, ATTUNE_E_UNSUPPORTED, "this attune was built without a store (SQLite)");
}

int attune_store_open(attune_store **out, const char *path, unsigned flags, attune_error *err)
{
    (void)path;
    (void)flags;
    *out = NULL;
    return absent(err);
}

void attune_store_free(attune_store **s)
{
    *s = NULL;
}

int attune_store_begin(attune_store *s, int64_t *id, const attune_keep *k, attune_error *err)
{
    (void)s;
    (void)id;
    (void)k;
    return absent(err);
}

int attune_store_window(attune_store *s, int64_t id, const attune_window *w, attune_error *err)
{
    (void)s;
    (void)id;
    (void)w;
    return absent(err);
}

int attune_store_end(attune_store *s, int64_t id, const attune_input_info *info, int interrupted,
                     const char *summary, attune_error *err)
{
    (void)s;
    (void)id;
    (void)info;
    (void)interrupted;
    (void)summary;
    return absent(err);
}

int attune_store_list(attune_store *s, int (*fn)(void *user, const attune_record *r), void *user,
                      attune_error *err)
{
    (void)s;
    (void)fn;
    (void)user;
    return absent(err);
}

int attune_store_record(attune_store *s, int64_t id, attune_record *out, attune_error *err)
{
    (void)s;
    (void)id;
    (void)out;
    return absent(err);
}

int attune_store_windows(attune_store *s, int64_t id, int (*fn)(void *user, const attune_window *w),
                         void *user, attune_error *err)
{
    (void)s;
    (void)id;
    (void)fn;
    (void)user;
    return absent(err);
}

int attune_store_summary(attune_store *s, int64_t id, char **out, attune_error *err)
{
    (void)s;
    (void)id;
    (void)out;
    return absent(err);
}

int attune_store_report(attune_store *s, int64_t id, const attune_report_options *o,
                        attune_report **out, attune_error *err)
{
    (void)s;
    (void)id;
    (void)o;
    (void)out;
    return absent(err);
}

int attune_store_export(attune_store *s, int64_t id,
                        int (*write)(void *user, const char *text, size_t size), void *user,
                        attune_error *err)
{
    (void)s;
    (void)id;
    (void)write;
    (void)user;
    return absent(err);
}

int attune_store_sessions_json(attune_store *s, char **out, attune_error *err)
{
    (void)s;
    (void)out;
    return absent(err);
}

int attune_store_session_json(attune_store *s, int64_t id, char **out, attune_error *err)
{
    (void)s;
    (void)id;
    (void)out;
    return absent(err);
}

int attune_store_trends_json(attune_store *s, const char *person, char **out, attune_error *err)
{
    (void)s;
    (void)person;
    (void)out;
    return absent(err);
}

int attune_store_group_json(attune_store *s, const attune_group_query *ask, char **out,
                            attune_error *err)
{
    (void)s;
    (void)ask;
    (void)out;
    return absent(err);
}

int attune_store_keep_days(attune_store *s, int days, int64_t *gone, attune_error *err)
{
    (void)s;
    (void)days;
    (void)gone;
    return absent(err);
}

int attune_store_expire(attune_store *s, int64_t now_s, int64_t *gone, attune_error *err)
{
    (void)s;
    (void)now_s;
    (void)gone;
    return absent(err);
}

int attune_store_delete(attune_store *s, int64_t id, attune_error *err)
{
    (void)s;
    (void)id;
    return absent(err);
}

int attune_store_delete_all(attune_store *s, int64_t *n, attune_error *err)
{
    (void)s;
    (void)n;
    return absent(err);
}
