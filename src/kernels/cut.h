/* cut.h - the arithmetic of cutting work into tasks. Inside this module only. */
#ifndef AT_KERNELS_CUT_H
#define AT_KERNELS_CUT_H

/* Work worth a task of its own, in multiply-adds: some ten microseconds. */
#define AT_TASK_MACS (512 * 1024)
/* Most parts that a sum over rows is cut into: enough to share among many threads, few enough to
 * add up quickly. */
#define AT_SUM_PARTS 16

static inline int at_ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

static inline int at_min_int(int a, int b)
{
    return a < b ? a : b;
}

static inline int at_max_int(int a, int b)
{
    return a > b ? a : b;
}

/* How many tasks `macs` multiply-adds are worth, in [1, most]. */
static inline int at_tasks_for(double macs, int most)
{
    double tasks = macs / AT_TASK_MACS;
    return tasks < 1 ? 1 : tasks > most ? most : (int)tasks;
}

#endif
