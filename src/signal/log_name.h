/* log_name.h - what a signal's column is called everywhere behind the file: letters, digits, '_', '-' and '.', none else, since it
 * becomes part of names in tables, pages, models and programs. Private to signal. */
#ifndef AT_SIGNAL_LOG_NAME_H
#define AT_SIGNAL_LOG_NAME_H

#include <attune/attune.h>

/* Letters of Latin, Greek and Cyrillic are written in ASCII's ("µS" uS, "Größe" Groesse, "°C" degC); of anything else comes one
 * '_', and none at the ends. A column whose name has nothing of all that is column_NUMBER. */
void at_log_name(char out[ATTUNE_SIGNAL_BYTES], const char *utf8, int number);
/* NAME_NUMBER, of as much of the name as there is room for. */
void at_log_name_number(char out[ATTUNE_SIGNAL_BYTES], const char *name, int number);

#endif
