/* one_thread_case.h - a case that starts no thread, in a program of which other cases do: the thread sanitizer, ten times as
 * slow, has nothing to see there and leaves it out. Without sanitizers, what starts a thread in one ends the program.
 */
#ifndef AT_TESTS_ONE_THREAD_CASE_H
#define AT_TESTS_ONE_THREAD_CASE_H

/* What its name ends with. */
#define ONE_THREAD " (one thread)"

/* In place of cmocka_unit_test(test). */
#define one_thread_case(test)                                       \
    {                                                               \
#test ONE_THREAD, test, forbid_threads, allow_threads, NULL \
    }
/* Of one that is set up: set_up ends with forbid_threads. */
#define one_thread_case_setup(test, set_up)                 \
    {                                                       \
#test ONE_THREAD, test, set_up, allow_threads, NULL \
    }

int forbid_threads(void **state);
int allow_threads(void **state);

#endif
