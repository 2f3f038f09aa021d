/* habit.h - what is usual for a person and was therefore taken out of their answers, in words. */
#ifndef AT_REPORT_HABIT_H
#define AT_REPORT_HABIT_H

#include <attune/attune.h>

/* As a person's latest window had it. Zero-initialised: nothing. */
typedef struct at_habit {
    float offset[ATTUNE_EMOTIONS], seconds;
} at_habit;

enum { AT_HABIT_SIZE = 128 };

/* "more surprised (1.3), less sad (0.9)": what was taken out of the logarithm of a probability, the
 * largest three from AT_HABIT_LEAST on. NULL: nothing to speak of. Returns text. */
#define AT_HABIT_LEAST 0.5f
const char *at_habit_words(char text[AT_HABIT_SIZE], const at_habit *h);

#endif
