#include "store/summary.h"

#include "base/error.h"

#include <jansson.h>

static const char *const naming[] = {"input", "notes", "truncated_reason", "files_of_earlier_runs"};

int at_summary_nameless(const char *text, char **out, attune_error *err)
{
    json_error_t why;
    json_t *root = json_loads(text, 0, &why);

    *out = NULL;
    if (!json_is_object(root)) {
        int nomem = !root && json_error_code(&why) == json_error_out_of_memory;
        json_decref(root);
        return nomem ? at_fail_nomem(err)
                     : at_fail(err, ATTUNE_E_ARG, "a session's summary is no JSON object");
    }
    for (size_t i = 0; i < sizeof naming / sizeof *naming; i++)
        json_object_del(root, naming[i]);
    json_object_del(json_object_get(root, "model"), "path");
    json_object_del(root, "timeline_columns"); /* the same for all */
    *out = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_decref(root);
    return *out ? ATTUNE_OK : at_fail_nomem(err);
}
