/* load_usage.h - what this process and its children take of the machine. For measuring. */
#ifndef AT_SERVE_LOAD_USAGE_H
#define AT_SERVE_LOAD_USAGE_H

typedef struct at_load_usage {
    double
        seconds; /* of processor time, but for the calling thread's. Of children that are gone nothing */
    double
        mb; /* 10^6 bytes: what is resident here, and what children have of their own as far as it may be
                      * read: by root, they being closed to others */
    int descriptors; /* of this process */
} at_load_usage;

void at_load_usage_now(at_load_usage *out);

#endif
