/* parity_bench.h - the speed of every kernel entry, printed as a table. */
#ifndef AT_TESTS_PARITY_BENCH_H
#define AT_TESTS_PARITY_BENCH_H

int parity_bench(void); /* exit code */

#endif
