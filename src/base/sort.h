/* sort.h - numbers in order, without a call for each comparison. */
#ifndef AT_BASE_SORT_H
#define AT_BASE_SORT_H

#include <stddef.h>

/* v (n) ascending, in place. With a NaN among them the order is unspecified. */
void at_sort_floats(float *v, size_t n);

#endif
