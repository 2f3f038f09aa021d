/* usher.h - lets a confined process talk to the one host that the user named, and to nobody else.
 *
 * A name cannot be looked up, nor an address be compared, by a filter of system calls. So a second process, which
 * reads nothing of the input, looks the name up, and the kernel asks it (seccomp_unotify(2), Linux 5.9) whenever the
 * confined one wants a socket, connects it, names an address to send to, or opens /etc/hosts, where
 * it finds that one name. The usher makes sockets and connects and sends itself, from copies of its own, so nothing
 * that another thread changes meanwhile counts.
 */
#ifndef AT_MEDIA_USHER_H
#define AT_MEDIA_USHER_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

typedef struct at_usher {
    pid_t pid; /* 0: there is none */
    int line;  /* to the usher, for the confined process alone; -1: none */
} at_usher;

/* For an address as the user gave it. Of one that says no host, or that waits to be called, there is none: who will
 * call cannot be known. Nor is there where no process can be had. */
void at_usher_start(at_usher *u, const char *address);

/* Closes this process's end of the line, after the fork of whoever is confined. */
void at_usher_leave(at_usher *u);

/* When the confined process is gone. */
void at_usher_end(at_usher *u);

/* ---- the confined process's part ---------------------------------------------------------- */

/* First, while files may be opened: what lets the usher read the arguments of calls. Whether it worked. */
int at_usher_show_memory(int line);

/* Then the kernel's questions, by the one call to send that need not ask (sendmmsg, which is to be refused from
 * then on). Whether it worked. */
int at_usher_hand_over(int line, int questions);

/* ---- usher_hosts.c ------------------------------------------------------------------------ */

enum { AT_USHER_HOSTS = 16, AT_USHER_NAME = 256 };

typedef struct at_hosts {
    char name[AT_USHER_NAME];
    struct sockaddr_storage address[AT_USHER_HOSTS];
    int n;
} at_hosts;

/* The host that an address names; whether there is one that it calls. */
int at_hosts_name(char out[AT_USHER_NAME], const char *address);

/* Looks the name up; as many as there are. */
void at_hosts_find(at_hosts *h);

/* Whether the host of an address is found; also of one that calls none. */
int at_hosts_known(const char *address);

/* Whether that is one of them, whatever the port. */
int at_hosts_has(const at_hosts *h, const struct sockaddr *a, size_t bytes);

/* A descriptor of what /etc/hosts should say, at its beginning; -1: none. */
int at_hosts_file(const at_hosts *h);

#endif
