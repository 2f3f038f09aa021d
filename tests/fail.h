/* fail.h - what the parts of fail.so share: which call is to fail, and how many there were.
 *
 * It is preloaded into a program, whose main then is not run at once but once a request, each in a child of its own:
 * what a program does before main (a hundred libraries) is done once. Requests are lines on descriptor $FAIL_REQUESTS,
 *
 *   KIND AT ERRNO HOW
 *
 *   KIND   alloc, a kind of system call (fail_calls.c), space (bytes that may be written to files), or none
 *   AT     1: the first of them; 0: none, they are counted alone. Of space: how many bytes
 *   ERRNO  a number, ENOMEM and the like
 *   HOW    once, all (that follow fail too), kill (instead the program dies there, before the call), or ways (nothing
 *          fails: of allocations it is told which are the first and the last that came by one way)
 *
 * and answers come on $FAIL_ANSWERS, the child's number when it begins and "STATUS COUNT FAILED" when it has ended: what
 * waitpid gave, how many calls of the kind there were, how many of them failed. After ways a line of numbers follows. */
#ifndef FAIL_H
#define FAIL_H

enum { FAIL_ONCE, FAIL_ALL, FAIL_KILL, FAIL_WAYS };

typedef struct fail_plan {
    char kind[16];
    long at;
    int error, how;
} fail_plan;

/* Shared with children, a decoder's too. */
typedef struct fail_counts {
    long made, failed;
} fail_counts;

extern fail_plan fail_wanted;
extern fail_counts *fail_seen;

/* Counts a call of the kind that is wanted. Non-zero: it fails. Does not come back where the program is to die. */
int fail_now(void);

/* Of system calls; nothing where another kind is wanted. Non-zero: the kernel does not allow it. */
int fail_calls_begin(void);
/* Before the first request. */
void fail_alloc_begin(void);

/* Ways to an allocation: the functions that are under way, and where in each (fail_ways.c). Non-zero: no memory. */
int fail_ways_begin(void);
void fail_ways_forget(void);
void fail_ways_note(long nth);
/* One line: the first and the last of each way, in no order; of more ways than there is room for, -1 alone. */
void fail_ways_tell(int to);

#endif
