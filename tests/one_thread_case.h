/* one_thread_case.h - a case that starts no thread, in a program of which other cases do: the thread sanitizer, ten times as
 * slow, has nothing to see there and leaves it out. Without sanitizers, what starts a thread in one ends the program.
 */
#ifndef AT_TESTS_ONE_THREAD_CASE_H
#define AT_TESTS_ONE_THREAD_CASE_H

/* What its name ends with. */
#define ONE_THREAD " (one thread)"

/* In place of cmocka_unit_test(test), and of cmocka_unit_test_setup(test, set_up): set_up ends with forbid_threads. */
#define one_thread_case(test) one_thread_case_setup(test, forbid_threads)
#define one_thread_case_setup(test, set_up)                      \
    {                                                            \
        one_thread_name(test), test, set_up, allow_threads, NULL \
    }
#define one_thread_name(test) #test ONE_THREAD

int forbid_threads(void **state);
int allow_threads(void **state);

#endif
