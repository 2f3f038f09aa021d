#include "study/folder.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/outset.h"
#include "base/visible.h"
#include "report/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char at_study_manifest[] = "manifest.csv";
const char at_study_maker[] = "attune analyze --manifest writes it";
static const char mark[] = "study.json", note[] = "failed.txt", summary[] = "summary.json",
                  source[] = "input.txt";

enum {
    MARK_LIMIT = 1 << 20,
    MANIFEST_LIMIT = 512 << 20,
    SUMMARY_LIMIT = 64 << 20,
    PART = 1 << 16,
    FORMAT = 1
};

int at_study_path(char out[AT_STUDY_PATH], const char *dir, const char *name, attune_error *err)
{
    return snprintf(out, AT_STUDY_PATH, "%s/%s", dir, name) < AT_STUDY_PATH
               ? ATTUNE_OK
               : at_fail(err, ATTUNE_E_ARG, "the folder's name is too long");
}

/* ---- which study --------------------------------------------------------------------------- */

static int write_by(int (*commit)(at_outfile *, attune_error *), const char *path, const void *data,
                    size_t size, attune_error *err)
{
    at_outfile o;
    int rc = at_outfile_open(&o, path, err);

    if (rc < 0)
        return rc;
    fwrite(data, 1, size, o.f);
    return commit(&o, err);
}

static int write_file(const char *path, const void *data, size_t size, attune_error *err)
{
    return write_by(at_outfile_commit, path, data, size, err);
}

static int same_bytes(const char *path, const void *data, size_t size, attune_error *err)
{
    unsigned char *there;
    size_t n;
    int rc = at_file_read(path, MANIFEST_LIMIT, &there, &n, err);

    if (rc < 0)
        return rc;
    rc = n == size && memcmp(there, data, n) == 0;
    at_free(there);
    return rc;
}

/* Is written where it is not there. 1: it says the same; 0: something else. */
static int put_or_compare(const char *dir, const char *name, const void *data, size_t size,
                          attune_error *err)
{
    char path[AT_STUDY_PATH];
    int rc = at_study_path(path, dir, name, err);

    if (rc < 0)
        return rc;
    /* shards may begin together: all compare with what the first one wrote */
    if (access(path, F_OK) != 0)
        rc = write_by(at_outfile_commit_first, path, data, size, err);
    return rc < 0 ? rc : same_bytes(path, data, size, err);
}

static char *make_mark(const char *made_with)
{
    json_t *root = json_pack("{s:s,s:i,s:s,s:s}", "what", "a study of attune's", "format", FORMAT,
                             "attune", attune_version(), "made_with", made_with ? made_with : "");
    char *text = at_json_write(root, JSON_INDENT(1));

    json_decref(root);
    return text;
}

int at_study_mark(const char *dir, const char *manifest, const char *made_with, attune_error *err)
{
    unsigned char *data = NULL;
    char *text = NULL;
    size_t size;
    int rc = at_mkdirs(dir, err);

    rc = rc < 0 ? rc : at_file_read(manifest, MANIFEST_LIMIT, &data, &size, err);
    rc = rc < 0 ? rc : put_or_compare(dir, at_study_manifest, data, size, err);
    if (rc == 0)
        rc = at_fail(err, ATTUNE_E_STATE, "%s: holds the results of another manifest than %s", dir,
                     manifest);
    if (rc > 0 && !(text = make_mark(made_with)))
        rc = at_fail_nomem(err);
    rc = rc < 0 ? rc : put_or_compare(dir, mark, text, strlen(text), err);
    if (rc == 0)
        rc = at_fail(err, ATTUNE_E_STATE,
                     "%s: its results were made with another version, model or other options "
                     "(%s/%s); another folder is needed",
                     dir, dir, mark);
    free(text);
    at_free(data);
    return rc < 0 ? rc : ATTUNE_OK;
}

static int same_file(const char *dir, const char *other, const char *name, attune_error *err)
{
    char one[AT_STUDY_PATH], two[AT_STUDY_PATH];
    unsigned char *data;
    size_t size;
    int rc = at_study_path(one, dir, name, err);

    rc = rc < 0 ? rc : at_study_path(two, other, name, err);
    rc = rc < 0 ? rc : at_file_read(two, MANIFEST_LIMIT, &data, &size, err);
    if (rc < 0)
        return at_fail_unmade(rc, two, at_study_maker, err);
    rc = same_bytes(one, data, size, err);
    at_free(data);
    return rc;
}

int at_study_same(const char *dir, const char *other, attune_error *err)
{
    int rc = same_file(dir, other, at_study_manifest, err);

    if (rc > 0)
        rc = same_file(dir, other, mark, err);
    if (rc == 0)
        rc = at_fail(err, ATTUNE_E_STATE, "%s and %s are not of one study", dir, other);
    return rc < 0 ? rc : ATTUNE_OK;
}

/* ---- what has become of a recording ----------------------------------------------------------- */

static int is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* 1: of all of the recording; 0: it was interrupted. */
static int read_summary(const char *path, json_int_t *windows, attune_error *err)
{
    json_t *root;
    int rc = at_json_read_file(&root, path, SUMMARY_LIMIT, 0, err);

    if (rc < 0)
        return rc;
    const json_t *interrupted = json_object_get(root, "interrupted");
    const json_t *count = json_object_get(root, "windows");
    *windows = json_integer_value(count);
    rc = json_is_boolean(interrupted) && json_is_integer(count)
             ? !json_is_true(interrupted)
             : at_fail(err, ATTUNE_E_FORMAT, "%s: is damaged", path);
    json_decref(root);
    return rc;
}

/* -1: it cannot be read, or its last line has no end. */
static json_int_t count_lines(const char *path)
{
    char part[PART], last = '\n';
    json_int_t lines = 0;
    size_t n;
    FILE *f = fopen(path, "re");

    if (!f)
        return -1;
    while ((n = fread(part, 1, PART, f)) > 0) {
        for (size_t i = 0; i < n; i++)
            lines += part[i] == '\n';
        last = part[n - 1];
    }
    if (ferror(f) || last != '\n')
        lines = -1;
    fclose(f);
    return lines;
}

static int check_lines(const char *folder, const char *name, json_int_t lines, attune_error *err)
{
    char path[AT_STUDY_PATH];
    int rc = at_study_path(path, folder, name, err);

    return rc < 0 || count_lines(path) == lines
               ? rc
               : at_fail(err, ATTUNE_E_FORMAT, "%s: is not whole", path);
}

/* 1: whole; 0: it was interrupted. */
static int read_result(const char *folder, const char *result, attune_error *err)
{
    json_int_t windows;
    int whole = read_summary(result, &windows, err);

    if (whole != 1)
        return whole;
    int rc = check_lines(folder, "timeline.csv", 1 + windows, err); /* with its header */
    rc = rc < 0 ? rc : check_lines(folder, "timeline.jsonl", windows, err);
    return rc < 0 ? rc : 1;
}

static int read_note(const char *path, char reason[512], attune_error *err)
{
    unsigned char *text;
    size_t size;
    int rc = at_file_read(path, MARK_LIMIT, &text, &size, err);

    if (rc < 0)
        return rc;
    text[strcspn((char *)text, "\n")] = 0;
    at_visible_copy(reason, 512, (char *)text);
    at_free(text);
    return ATTUNE_OK;
}

int at_study_state(const char *folder, attune_recording_state *out, char reason[512],
                   attune_error *err)
{
    char result[AT_STUDY_PATH], failed[AT_STUDY_PATH];
    int rc = at_study_path(result, folder, summary, err);

    rc = rc < 0 ? rc : at_study_path(failed, folder, note, err);
    *out = ATTUNE_TO_DO;
    *reason = 0;
    if (rc < 0 || !is_there(folder))
        return rc;
    rc = at_outset_settle(folder, err);
    if (rc == ATTUNE_E_STATE) /* another run is putting it there */
        return ATTUNE_OK;
    if (rc == ATTUNE_OK && is_there(result)) {
        rc = read_result(folder, result, err);
        *out = rc == 1 ? ATTUNE_DONE : ATTUNE_TO_DO;
        if (rc == 1)
            unlink(failed); /* of an earlier try */
    } else if (rc == ATTUNE_OK && is_there(failed)) {
        rc = read_note(failed, reason, err);
        *out = ATTUNE_FAILED;
    }
    return rc < 0 ? rc : ATTUNE_OK;
}

int at_study_note(const char *folder, const char *reason, attune_error *err)
{
    char path[AT_STUDY_PATH], line[512];
    int rc = at_study_path(path, folder, note, err);

    rc = rc < 0 ? rc : at_mkdirs(folder, err);
    if (rc < 0)
        return rc;
    at_visible_copy(line, sizeof line - 1, reason);
    strcat(line, "\n");
    return write_file(path, line, strlen(line), err);
}

/* What else is there says nothing without it. */
int at_study_forget(const char *folder, attune_error *err)
{
    char path[AT_STUDY_PATH];
    int rc = at_study_path(path, folder, summary, err);

    if (rc == ATTUNE_OK && unlink(path) != 0 && errno != ENOENT)
        rc = at_fail(err, ATTUNE_E_IO, "%s: %s", path, strerror(errno));
    return rc;
}

/* ---- which files it was made of ---------------------------------------------------------------- */

void at_study_input(char out[AT_STUDY_INPUT], const char *const *path, int n)
{
    struct stat st;
    size_t used = 0;
    int i = 0;

    for (; i < n && stat(path[i], &st) == 0; i++)
        used += (size_t)snprintf(out + used, AT_STUDY_INPUT - used, "%lld bytes of %lld.%09ld s\n",
                                 (long long)st.st_size, (long long)st.st_mtim.tv_sec,
                                 st.st_mtim.tv_nsec);
    if (i < n)
        out[0] = 0;
}

int at_study_note_input(const char *folder, const char *input, attune_error *err)
{
    char path[AT_STUDY_PATH];
    int rc = at_study_path(path, folder, source, err);

    return rc < 0 ? rc : write_file(path, input, strlen(input), err);
}

/* The first line that is another; < 0: none. */
static int first_other(const char *text, const char *other)
{
    for (int line = 0; *text || *other; line++) {
        const size_t n = strcspn(text, "\n");
        if (strncmp(text, other, n + 1) != 0)
            return line;
        text += n + 1;
        other += n + 1;
    }
    return -1;
}

int at_study_changed(const char *folder, const char *input)
{
    char path[AT_STUDY_PATH];
    unsigned char *was;
    size_t size;

    if (!*input || at_study_path(path, folder, source, NULL) < 0 || !is_there(path) ||
        at_file_read(path, MARK_LIMIT, &was, &size, NULL) < 0)
        return -1;
    const int changed = first_other(input, (char *)was);
    at_free(was);
    return changed;
}

/* ---- whose it is to do -------------------------------------------------------------------------- */

/* A byte of the mark for each recording: so a lock leaves nothing behind. */
int at_study_lock(const char *dir, int row)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = row, .l_len = 1};
    char path[AT_STUDY_PATH];
    int fd = at_study_path(path, dir, mark, NULL) < 0 ? -1 : open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return fd < 0 ? -2 : fd;
    const int others = errno == EAGAIN || errno == EACCES;
    close(fd);
    return others ? -1 : -2;
}
