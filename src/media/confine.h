/* confine.h - gives up, for good, what a process does not need that decodes what it was handed.
 */
#ifndef AT_MEDIA_CONFINE_H
#define AT_MEDIA_CONFINE_H

/* Whether a program with threads may go on in a child that it forks: not under the thread sanitizer. */
#if defined __SANITIZE_THREAD__
#define AT_BOX_POSSIBLE 0
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define AT_BOX_POSSIBLE 0
#endif
#endif
#ifndef AT_BOX_POSSIBLE
#define AT_BOX_POSSIBLE 1
#endif

typedef enum at_confine_kind {
    AT_CONFINE_FILE, /* reads one descriptor, writes another, computes */
    AT_CONFINE_LIVE, /* talks to the network and to devices, too */
} at_confine_kind;

/* Keeps the descriptors out and in (-1: none) and closes all others. Returns what is in force. */
unsigned at_confine(at_confine_kind kind, int out, int in);

#endif
