/* usher_hosts.c - the one host of an address: its name, its numbers. */
#include "media/usher.h"

#include "base/address.h"
#include "media/av.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* As FFmpeg takes an address apart, so that both mean the same. */
int at_hosts_name(char out[AT_USHER_NAME], const char *address)
{
    if (at_media_load_libraries(NULL) < 0)
        return 0;
    av_url_split(NULL, 0, NULL, 0, out, AT_USHER_NAME, NULL, NULL, 0, address);
    return at_address_is(address) && *out && strcmp(out, "0.0.0.0") != 0 &&
           strcmp(out, "::") != 0 && !strstr(address, "listen");
}

void at_hosts_find(at_hosts *h)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(h->name, NULL, &hints, &found) != 0)
        return;
    for (struct addrinfo *a = found; a && h->n < AT_USHER_HOSTS; a = a->ai_next)
        if (a->ai_addrlen <= sizeof h->address[0])
            memcpy(&h->address[h->n++], a->ai_addr, a->ai_addrlen);
    freeaddrinfo(found);
}

int at_hosts_known(const char *address)
{
    at_hosts h = {.n = 0};
    if (!at_hosts_name(h.name, address))
        return 1;
    at_hosts_find(&h);
    return h.n > 0;
}

/* An IPv4 address as IPv6 writes it: libraries use sockets that take both. Whether it is either. */
static int as_ipv6(struct in6_addr *out, const void *address, size_t bytes)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    sa_family_t family;
    if (bytes < sizeof family)
        return 0;
    memcpy(&family, address, sizeof family);
    if (family == AF_INET && bytes >= sizeof four) {
        memcpy(&four, address, sizeof four);
        *out = (struct in6_addr){{{[10] = 0xff, [11] = 0xff}}};
        memcpy(&out->s6_addr[12], &four.sin_addr, sizeof four.sin_addr);
        return 1;
    }
    if (family == AF_INET6 && bytes >= sizeof six) {
        memcpy(&six, address, sizeof six);
        *out = six.sin6_addr;
        return 1;
    }
    return 0;
}

int at_hosts_has(const at_hosts *h, const struct sockaddr *a, size_t bytes)
{
    struct in6_addr asked, host;
    if (!as_ipv6(&asked, a, bytes))
        return 0;
    for (int i = 0; i < h->n; i++)
        if (as_ipv6(&host, &h->address[i], sizeof h->address[i]) &&
            memcmp(&asked, &host, sizeof asked) == 0)
            return 1;
    return 0;
}

int at_hosts_file(const at_hosts *h)
{
    const int fd = memfd_create("hosts", MFD_CLOEXEC);
    for (int i = 0; fd >= 0 && i < h->n; i++) {
        char number[NI_MAXHOST];
        if (getnameinfo((const struct sockaddr *)&h->address[i], sizeof h->address[i], number,
                        sizeof number, NULL, 0, NI_NUMERICHOST) == 0)
            dprintf(fd, "%s %s\n", number, h->name);
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}
