/* habit.h - what is usual for a person and was therefore taken out of their answers, in words. */
#ifndef AT_REPORT_HABIT_H
#define AT_REPORT_HABIT_H

#include <attune/attune.h>

/* Zero-initialised: nothing. */
typedef struct at_habit {
    float
        offset[ATTUNE_EMOTIONS]; /* mean over the windows with an answer: the last of them may have
                                    * one stream alone, and all that is usual in it */
    float seconds;               /* of good input it is known from, as the latest has it */
    int64_t windows;
} at_habit;

/* A person's window, if anything usual was taken out of it. */
void at_habit_add(at_habit *h, const attune_window *w);

enum { AT_HABIT_SIZE = 128 };

/* "more surprised (1.3), less sad (0.9)": what was taken out of the logarithm of a probability, the
 * largest three from AT_HABIT_LEAST on. NULL: nothing to speak of. Returns text. */
#define AT_HABIT_LEAST 0.5f
const char *at_habit_words(char text[AT_HABIT_SIZE], const float offset[ATTUNE_EMOTIONS]);

#endif
