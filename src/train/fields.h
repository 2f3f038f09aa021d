/* fields.h - what a JSON object may say, as a table: a line a field, from which follow reading it
 * into a struct, its default, its range, the error that names it, and the documentation.
 *
 * A field that is there must have its type and lie in its range; one that the table lacks is an
 * error, so that a misspelt one cannot be silently ignored. "comment" is allowed everywhere.
 */
#ifndef AT_TRAIN_FIELDS_H
#define AT_TRAIN_FIELDS_H

#include <attune/attune.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

typedef enum at_field_type {
    AT_FIELD_FLOAT,  /* float */
    AT_FIELD_DOUBLE, /* double */
    AT_FIELD_INT,    /* int: a whole number */
    AT_FIELD_INT64,  /* int64_t */
    AT_FIELD_TEXT,   /* const char *, which lives with the JSON; least 1: must be there */
    AT_FIELD_FILE,   /* the same, naming a file that the run reads */
    AT_FIELD_OBJECT, /* a struct with a table of its own */
    AT_FIELD_LIST,   /* an array of such structs, or of texts, and how many there are */
    AT_FIELD_SHARED, /* not a field: fields of another table, in the same object */
    AT_FIELD_ANY,    /* const json_t *, an object: its reader knows what it means; NULL: none */
} at_field_type;

typedef struct at_fields at_fields;

typedef struct at_field {
    const char *name;
    at_field_type type;
    size_t at;           /* where in the struct the value goes */
    double least, most;  /* of a number; of how many a list holds */
    double def;          /* a number's default */
    const char *text;    /* a text's default, nullable */
    const at_fields *of; /* OBJECT, LIST (NULL: of texts), SHARED */
    size_t count_at;     /* LIST: where the int goes that says how many there are */
    const char *help;
} at_field;

struct at_fields {
    const at_field *list; /* ends with a name of NULL */
    size_t size;          /* of the struct */
    /* What is wrong with a struct whose fields are each in range; NULL: nothing. Nullable. */
    const char *(*wrong)(const void *value);
};

/* Lines of a table. T: the struct, m: its member. */
#define AT_NUMBER(T, m, name_, def_, least_, most_, help_)                               \
    {                                                                                    \
        .name = name_,                                                                   \
        .type = _Generic(((T *)0)->m, float                                              \
                         : AT_FIELD_FLOAT, double                                        \
                         : AT_FIELD_DOUBLE, int                                          \
                         : AT_FIELD_INT, int64_t                                         \
                         : AT_FIELD_INT64),                                              \
        .at = offsetof(T, m), .def = def_, .least = least_, .most = most_, .help = help_ \
    }
#define AT_STRING(T, m, name_, type_, def_, needed_, help_)                                 \
    {                                                                                       \
        .name = name_, .type = type_, .at = offsetof(T, m), .text = def_, .least = needed_, \
        .help = help_                                                                       \
    }
#define AT_TEXT(T, m, name_, def_, help_)  AT_STRING(T, m, name_, AT_FIELD_TEXT, def_, 0, help_)
#define AT_NEEDED(T, m, name_, help_)      AT_STRING(T, m, name_, AT_FIELD_TEXT, NULL, 1, help_)
#define AT_FILE(T, m, name_, def_, help_)  AT_STRING(T, m, name_, AT_FIELD_FILE, def_, 0, help_)
#define AT_NEEDED_FILE(T, m, name_, help_) AT_STRING(T, m, name_, AT_FIELD_FILE, NULL, 1, help_)
#define AT_OBJECT(T, m, name_, of_, help_)                                                        \
    {                                                                                             \
        .name = name_, .type = AT_FIELD_OBJECT, .at = offsetof(T, m), .of = &(of_), .help = help_ \
    }
#define AT_LIST(T, m, n, name_, of_, least_, help_)                            \
    {                                                                          \
        .name = name_, .type = AT_FIELD_LIST, .at = offsetof(T, m), .of = of_, \
        .count_at = offsetof(T, n), .least = least_,                           \
        .most = sizeof(((T *)0)->m) / sizeof *((T *)0)->m, .help = help_       \
    }
#define AT_SHARED(T, m, of_)                                                    \
    {                                                                           \
        .name = "", .type = AT_FIELD_SHARED, .at = offsetof(T, m), .of = &(of_) \
    }
#define AT_ANY(T, m, name_, help_)                                               \
    {                                                                            \
        .name = name_, .type = AT_FIELD_ANY, .at = offsetof(T, m), .help = help_ \
    }
#define AT_FIELDS_END \
    {                 \
        .name = NULL  \
    }

/* Reads object (NULL: all defaults) into the struct that value points to. where: the object's own
 * name in messages, "" at the top; path: of the file. What is in value afterwards lies within the
 * table's ranges. ATTUNE_E_FORMAT names the field. */
int at_fields_read(const at_fields *fields, const json_t *object, const char *path,
                   const char *where, void *value, attune_error *err);

/* Calls fn with each file that value, as read, names, in the order of the table, until fn fails;
 * returns what the last call returned. */
int at_fields_files(const at_fields *fields, const void *value,
                    int (*fn)(void *user, const char *file, attune_error *err), void *user,
                    attune_error *err);

/* The i-th field (from 0) with those of objects and lists after their owner, its full name ("data[]
 * .share") into name: NULL past the end. For documentation. */
const at_field *at_fields_at(const at_fields *fields, int i, char *name, size_t size);

#endif
