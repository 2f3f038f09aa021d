/* sanitized.h - whether this program is built with a sanitizer that makes it some ten times as slow:
 * a test may then take fewer samples of the same kinds. THREAD_SANITIZED: with the one that looks for
 * races alone, to which a long test that has one thread shows nothing. An emulator of the processor is as
 * slow, and is taken for a sanitizer (tools/aarch64.sh, valgrind in tools/night.sh). */
#ifndef SANITIZED_H
#define SANITIZED_H

#include "base/sanitized.h"

#ifdef EMULATED
#define SANITIZED 1
#else
#define SANITIZED (AT_ADDRESS_SANITIZED || AT_THREAD_SANITIZED)
#endif

#define THREAD_SANITIZED AT_THREAD_SANITIZED

/* Before a function of a test that is alone at work, such as a plain reference: it is not looked at for races, which
 * takes most of the time of what reads and writes numbers. What it calls is. */
#define ALONE __attribute__((no_sanitize("thread")))

#endif
