/* parity_bench.h - the speed of every kernel entry, printed as a table. */
#ifndef AT_TESTS_PARITY_BENCH_H
#define AT_TESTS_PARITY_BENCH_H

/* only: nullable, a part of the names of the entries to run. Returns an exit code. */
int parity_bench(const char *only);

#endif
