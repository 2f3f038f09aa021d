/* sanitized.h - whether this program is built with a sanitizer that makes it some ten times as slow:
 * a test may then take fewer samples of the same kinds. */
#ifndef SANITIZED_H
#define SANITIZED_H

#ifdef __has_feature /* clang's way to say it */
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#elif defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#endif

#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
