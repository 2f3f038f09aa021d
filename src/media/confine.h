/* confine.h - gives up, for good, what a process does not need that decodes what it was handed.
 *
 * In layers, each of which holds if others are missing: descriptors and limits, the kernel's Landlock for files,
 * its seccomp for system calls. What this kernel lacks is left out, and the answer says so.
 */
#ifndef AT_MEDIA_CONFINE_H
#define AT_MEDIA_CONFINE_H

typedef enum at_confine_kind {
    AT_CONFINE_FILE,    /* reads one descriptor, writes another, computes */
    AT_CONFINE_DEVICE,  /* talks to cameras and sound servers, too; opens what its libraries read */
    AT_CONFINE_HOST,    /* talks to one host, too (usher.h); opens what its libraries read */
    AT_CONFINE_NETWORK, /* talks to any host, too: to the one that calls */
} at_confine_kind;

/* What a child may take of memory beyond what attune had, in MB: pictures, packets, whatever headers make FFmpeg
 * ask for. Allocations beyond fail. */
enum { AT_CONFINE_MB = 480 };

/* What is in force, as bits. */
enum {
    AT_HELD_PROCESS = 1 << 0,     /* a process of its own, which dies with its parent */
    AT_HELD_DESCRIPTORS = 1 << 1, /* nothing else is open */
    AT_HELD_LIMITS = 1 << 2,      /* of memory and descriptors */
    AT_HELD_PRIVILEGES = 1 << 3,  /* none to be gained; not to be looked into by others */
    AT_HELD_FILES = 1 << 4,       /* Landlock: no file, or those of the libraries to read */
    AT_HELD_CALLS = 1 << 5,       /* seccomp: the calls of confine_calls.c */
    AT_HELD_HOST = 1 << 6,        /* seccomp: no host but the one that was named */
    AT_HELD_LAYERS = 7,
    AT_HELD_ALL = (1 << AT_HELD_LAYERS) - 1
};

/* Of the layer with that bit's number: a word. */
const char *at_held_name(int layer);

/* Keeps the descriptors out (> 2) and in (-1: standard input is none of ours) and closes all others. Of a process of
 * one thread. in of a host's: the line to its usher. Returns bits of what is in force. */
unsigned at_confine(at_confine_kind kind, int out, int in);

/* ---- confine_descriptors.c, confine_files.c, confine_calls.c -------------------------------- */

/* The first layer by itself: whether it worked. */
int at_confine_descriptors(int out, int in);

/* Bits of what is in force. The privileges must have been dropped. */
unsigned at_confine_files(at_confine_kind kind);
unsigned at_confine_calls(at_confine_kind kind, int line);

/* Whether this process may fork a child that goes on: always, but for sanitizers, whose own locks a child may find
 * held by threads that it has not. The address sanitizer's can with a single thread, the thread sanitizer's never. */
int at_confine_possible(void);

#endif
