/* made_store.h - a store in a folder of its own, for the tests that write and break it. */
#ifndef MADE_STORE_H
#define MADE_STORE_H

#include "temp_folder.h"

#include <attune/store.h>

extern const char *store_path;

/* cmocka's, for the group (remove_folder takes it away), and for each test. */
int make_store_folder(void **state);
int fresh_store(void **state);

void remove_store(void); /* the file, and what is beside it */
void write_store(const void *bytes, size_t n);
size_t read_store(unsigned char **out); /* free */

attune_store *open_store(void);
int64_t begin_session(attune_store *s, const char *person /* nullable */);
void add_windows(attune_store *s, int64_t id, int windows);

/* By a connection of their own. */
int64_t sql_number(const char *sql);
void sql_run(const char *sql);
int store_is_whole(void); /* by SQLite's own checks */

/* Takes windows up to its room, and counts them all. */
typedef struct at_got {
    attune_window w[64];
    int n;
} at_got;
int take_window(void *user, const attune_window *w);
int count_record(void *user, const attune_record *r); /* user: int */

#endif
