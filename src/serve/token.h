/* token.h - where a server's token is kept, so that pages find a restarted server again. */
#ifndef AT_SERVE_TOKEN_H
#define AT_SERVE_TOKEN_H

#include "serve/access.h"

#include <attune/attune.h>

typedef struct at_token_file {
    char path[4096]; /* "": nothing to remove */
} at_token_file;

/* n random bytes as hexadecimal digits; out: 2 n + 1. */
int at_random_text(char *out, size_t n, attune_error *err);

/* Reads someone else's token: the first line of path. */
int at_token_read(char token[AT_TOKEN_MOST + 1], const char *path, attune_error *err);

/* The token of the server on a port: what one that ended without a goodbye left behind, or a new
 * one, kept at $XDG_RUNTIME_DIR/attune/PORT.token, or else in ~/.cache/attune (0600, in a folder
 * that is nobody else's). Where neither can be written the token is new and kept nowhere. */
int at_token_keep(char token[AT_TOKEN_MOST + 1], int port, at_token_file *file, attune_error *err);
void at_token_forget(const at_token_file *file); /* at a clean stop */

#endif
