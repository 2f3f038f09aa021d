#include "store/summary.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

static const char *const naming[] = {"input", "notes", "truncated_reason", "files_of_earlier_runs"};

int at_summary_nameless(const char *text, char **out, attune_error *err)
{
    json_t *root;
    const int rc = at_json_read(&root, text, strlen(text), 0, NULL);

    *out = NULL;
    if (!json_is_object(root)) {
        json_decref(root);
        return rc == ATTUNE_E_NOMEM
                   ? at_fail_nomem(err)
                   : at_fail(err, ATTUNE_E_ARG, "a session's summary is no JSON object");
    }
    for (size_t i = 0; i < sizeof naming / sizeof *naming; i++)
        json_object_del(root, naming[i]);
    json_object_del(json_object_get(root, "model"), "path");
    json_object_del(root, "timeline_columns"); /* the same for all */
    *out = at_json_write(root, JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_decref(root);
    return *out ? ATTUNE_OK : at_fail_nomem(err);
}
