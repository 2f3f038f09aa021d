#include "serve/token.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

int at_random_text(char *out, size_t n, attune_error *err)
{
    unsigned char bytes[64];

    if (n > sizeof bytes || getrandom(bytes, n, 0) != (ssize_t)n)
        return at_fail(err, ATTUNE_E_IO, "there are no random numbers");
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return ATTUNE_OK;
}

int at_token_read(char token[AT_TOKEN_MOST + 1], const char *path, attune_error *err)
{
    unsigned char *data = NULL;
    size_t size = 0;
    int rc = at_file_read(path, 4096, &data, &size, err);

    if (rc < 0)
        return rc;
    ((char *)data)[strcspn((char *)data, "\r\n")] = 0;
    if (at_token_is_fit((char *)data))
        memcpy(token, data, strlen((char *)data) + 1);
    else
        rc = at_fail(err, ATTUNE_E_FORMAT,
                     "%s: its first line is no token: %d to %d letters, digits, '-', '_' or '.'",
                     path, AT_TOKEN_LEAST, AT_TOKEN_MOST);
    at_free(data);
    return rc;
}

/* A folder of ours alone, in root/below. */
static int make_folder(char *out, size_t size, const char *root, const char *below)
{
    struct stat st;
    int n = root && *root == '/' ? snprintf(out, size, "%s%s/attune", root, below) : -1;

    return n > 0 && (size_t)n < size && at_mkdirs(out, NULL) == ATTUNE_OK && stat(out, &st) == 0 &&
           st.st_uid == geteuid() && (!(st.st_mode & 077) || chmod(out, 0700) == 0);
}

static int find_path(at_token_file *file, int port)
{
    char dir[sizeof file->path - 32];

    if (!make_folder(dir, sizeof dir, getenv("XDG_RUNTIME_DIR"), "") &&
        !make_folder(dir, sizeof dir, getenv("HOME"), "/.cache"))
        return 0;
    snprintf(file->path, sizeof file->path, "%s/%d.token", dir, port);
    return 1;
}

/* What is there and is a file of ours that nobody else could read. */
static int read_kept(char token[AT_TOKEN_MOST + 1], const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    char text[AT_TOKEN_MOST + 2];
    ssize_t n = -1;

    if (fd < 0)
        return 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077))
        n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return 0;
    text[n] = 0;
    text[strcspn(text, "\n")] = 0;
    if (strlen(text) != (size_t)2 * AT_TOKEN_BYTES || !at_token_is_fit(text))
        return 0;
    memcpy(token, text, strlen(text) + 1);
    return 1;
}

static int write_new(const char *token, const char *path)
{
    size_t n = strlen(token);
    int fd, written;

    unlink(path); /* whatever stands there is not ours to follow */
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return 0;
    written = write(fd, token, n) == (ssize_t)n;
    written = close(fd) == 0 && written;
    if (!written)
        unlink(path);
    return written;
}

int at_token_keep(char token[AT_TOKEN_MOST + 1], int port, at_token_file *file, attune_error *err)
{
    int there = find_path(file, port), rc;

    if (there && read_kept(token, file->path))
        return ATTUNE_OK;
    rc = at_random_text(token, AT_TOKEN_BYTES, err);
    if (rc == ATTUNE_OK && (!there || !write_new(token, file->path)))
        file->path[0] = 0;
    return rc;
}

void at_token_forget(const at_token_file *file)
{
    if (file->path[0])
        unlink(file->path);
}
