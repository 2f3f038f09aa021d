/* A stranger's report, given to more sinks: an error in words, or whole files. The input is its summary.json and
 * its timeline.jsonl, apart by a NUL. */
#include "folder.h"
#include "fuzz.h"

#include <attune/sink.h>
#include <jansson.h>
#include <string.h>

static const char to[] = "csv,jsonl,vtt,html,summary,eaf,textgrid,srt,table,openface-windows";

static void check_written(void)
{
    char path[FUZZ_PATH + 32];
    static const char *const files[] = {"out/summary.json", "out/table.csv-metadata.json"};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", fuzz_folder(), files[i]);
        json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
        FUZZ_CHECK(json_is_object(root));
        json_decref(root);
    }
}

/* One file, in the place of the input's own name. */
static void check_single(const char *report)
{
    char file[FUZZ_PATH];
    const attune_export_options o = {.to = "srt", .file = file, .input = "another.mp4"};
    attune_error err = {0};

    snprintf(file, sizeof file, "%s/out/single.srt", fuzz_folder());
    FUZZ_CHECK(attune_export(report, &o, &err) == ATTUNE_OK || err.text[0]);
    FUZZ_CHECK(access(file, F_OK) == 0 || err.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    char report[FUZZ_PATH], out[FUZZ_PATH];
    const attune_export_options o = {.to = to, .dir = out};
    attune_error err = {0};

    if (!end)
        return 0;
    snprintf(report, sizeof report, "%s/in", fuzz_folder());
    snprintf(out, sizeof out, "%s/out", fuzz_folder());
    FUZZ_CHECK(fuzz_folder_put("in/summary.json", data, (size_t)(end - data)));
    FUZZ_CHECK(fuzz_folder_put("in/timeline.jsonl", end + 1, (size_t)(data + size - end - 1)));
    if (attune_export(report, &o, &err) == ATTUNE_OK)
        check_written();
    else
        FUZZ_CHECK(err.text[0] && err.status != ATTUNE_E_NOMEM);
    check_single(report);
    fuzz_folder_empty();
    return 0;
}
