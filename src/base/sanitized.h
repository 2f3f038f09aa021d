/* sanitized.h - which sanitizer this is built with, 0 or 1: for what has to leave one its own needs. */
#ifndef AT_BASE_SANITIZED_H
#define AT_BASE_SANITIZED_H

#ifdef __has_feature /* clang's way to say it */
#if __has_feature(address_sanitizer)
#define AT_ADDRESS_SANITIZED 1
#elif __has_feature(thread_sanitizer)
#define AT_THREAD_SANITIZED 1
#endif
#elif defined __SANITIZE_ADDRESS__
#define AT_ADDRESS_SANITIZED 1
#elif defined __SANITIZE_THREAD__
#define AT_THREAD_SANITIZED 1
#endif

#ifndef AT_ADDRESS_SANITIZED
#define AT_ADDRESS_SANITIZED 0
#endif
#ifndef AT_THREAD_SANITIZED
#define AT_THREAD_SANITIZED 0
#endif

enum { AT_SANITIZED = AT_ADDRESS_SANITIZED || AT_THREAD_SANITIZED };

#endif
