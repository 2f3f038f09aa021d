/* schema.h - what a store's file holds, and how files of earlier versions become ones of this. Private
 * to store.
 */
#ifndef AT_STORE_SCHEMA_H
#define AT_STORE_SCHEMA_H

#include <attune/attune.h>
#include <sqlite3.h>

enum {
    AT_STORE_APPLICATION = 0x61747475, /* "attu", where file(1) and others look */
    AT_STORE_VERSION = 4,              /* user_version */
};

/* Whether db is empty, or a store of a version that is known: nothing is written. Not only must it say
 * so: its tables have to be ours to the letter, and it may have nothing else, no trigger nor view. */
int at_schema_check(sqlite3 *db, attune_error *err);
/* Brings db, which was checked, up to AT_STORE_VERSION: all of it or nothing. */
int at_schema_upgrade(sqlite3 *db, attune_error *err);
/* The same for reading alone, where nothing can be written: what db lacks is there, empty, in memory. */
int at_schema_complete(sqlite3 *db, attune_error *err);

#endif
