#include "serve/learner.h"

#include "base/error.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- frames (RFC 6455, section 5.2) ---------------------------------------------------------- */

enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

static int write_all(int fd, struct iovec *v, int n)
{
    while (n > 0) {
        struct msghdr message = {.msg_iov = v, .msg_iovlen = (size_t)n};
        ssize_t written = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        while (n > 0 && (size_t)written >= v->iov_len) {
            written -= (ssize_t)v->iov_len;
            v++;
            n--;
        }
        if (n > 0) {
            v->iov_base = (char *)v->iov_base + written;
            v->iov_len -= (size_t)written;
        }
    }
    return 0;
}

/* A client masks what it sends, here with zeros. */
static int send_frame(at_learner *l, int opcode, const void *head, size_t head_size,
                      const void *data, size_t size)
{
    uint8_t frame[14] = {(uint8_t)(0x80 | opcode)};
    size_t n = head_size + size, length = 2;
    struct iovec v[3] = {
        {frame, 0}, {(void *)(uintptr_t)head, head_size}, {(void *)(uintptr_t)data, size}};

    frame[1] = (uint8_t)(0x80 | (n < 126 ? n : n < 65536 ? 126 : 127));
    for (int i = n < 126 ? 0 : n < 65536 ? 2 : 8; i > 0; i--)
        frame[length++] = (uint8_t)(n >> 8 * (i - 1));
    v[0].iov_len = length + 4;
    return write_all(l->fd, v, 3);
}

int at_learner_send(at_learner *l, at_stream stream, int64_t t_us, const void *data, size_t size)
{
    uint8_t head[AT_WIRE_HEADER] = {AT_WIRE_VERSION, stream == AT_STREAM_VIDEO ? 1 : 2};
    uint32_t sequence = l->sequence[stream]++;

    for (int i = 0; i < 4; i++)
        head[4 + i] = (uint8_t)(sequence >> 8 * i);
    for (int i = 0; i < 8; i++)
        head[8 + i] = (uint8_t)((uint64_t)t_us >> 8 * i);
    return send_frame(l, BINARY, head, sizeof head, data, size);
}

/* ---- coming and going ---------------------------------------------------------------------- */

/* Of http://HOST:PORT/?token=TOKEN */
static int take_address(const char *address, int *port, const char **token)
{
    const char *colon = strrchr(address, ':'), *mark = strstr(address, "token=");

    *port = colon ? atoi(colon + 1) : 0;
    *token = mark ? mark + 6 : "";
    return *port > 0 && **token;
}

static int open_socket(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) < 0) {
        close(fd);
        return -1;
    }
    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

/* Reads the answer's header, a byte at a time: what follows is not ours yet. */
static int is_switched(int fd)
{
    static const char end[] = "\r\n\r\n", switched[] = "HTTP/1.1 101";
    char c, first[sizeof switched] = "";
    size_t n = 0;

    for (int matched = 0; matched < 4;) {
        if (recv(fd, &c, 1, 0) != 1 || n > 4096)
            return 0;
        if (n < sizeof first - 1)
            first[n] = c;
        n++;
        matched = c == end[matched] ? matched + 1 : c == '\r';
    }
    return strcmp(first, switched) == 0;
}

int at_learner_connect(at_learner *l, const char *address, attune_error *err)
{
    static const char hello[] = "{\"type\":\"hello\",\"version\":1}";
    char request[1024];
    const char *token;
    int port, n;

    *l = (at_learner){.fd = -1};
    if (!take_address(address, &port, &token))
        return at_fail(err, ATTUNE_E_ARG, "%s: not an address with a token", address);
    l->fd = open_socket(port);
    n = snprintf(request, sizeof request,
                 "GET /live HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
                 "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                 "Sec-WebSocket-Protocol: " AT_WIRE_PROTOCOL "\r\n\r\n",
                 port, token);
    if (l->fd < 0 || send(l->fd, request, (size_t)n, MSG_NOSIGNAL) != n || !is_switched(l->fd) ||
        send_frame(l, TEXT, "", 0, hello, sizeof hello - 1) < 0) {
        at_learner_leave(l);
        return at_fail(err, ATTUNE_E_IO, "a learner could not connect");
    }
    return ATTUNE_OK;
}

void at_learner_leave(at_learner *l)
{
    if (l->fd >= 0)
        close(l->fd);
    at_free(l->heard);
    l->heard = NULL;
    l->size = l->room = 0;
    l->fd = -1;
}

/* ---- listening ----------------------------------------------------------------------------- */

static int make_room(at_learner *l)
{
    size_t room = l->room ? 2 * l->room : 16384;
    uint8_t *heard;

    if (l->size < l->room)
        return 0;
    heard = at_alloc(room, 1);
    if (!heard)
        return -1;
    if (l->size)
        memcpy(heard, l->heard, l->size);
    at_free(l->heard);
    l->heard = heard;
    l->room = room;
    return 0;
}

/* Bytes of the first frame, 0 while it is not all there; *data and *size are what it carries. */
static size_t first_frame(const at_learner *l, const uint8_t **data, size_t *size)
{
    size_t head = 2, n;

    if (l->size < 2)
        return 0;
    n = l->heard[1] & 127;
    if (n > 125) {
        size_t bytes = n == 126 ? 2 : 8;
        if (l->size < 2 + bytes)
            return 0;
        for (n = 0; head < 2 + bytes; head++)
            n = n << 8 | l->heard[head];
    }
    *data = l->heard + head;
    *size = n;
    return l->size - head < n ? 0 : head + n;
}

int at_learner_listen(at_learner *l, void (*said)(void *user, const char *text, size_t size),
                      void *user)
{
    const uint8_t *data;
    size_t size, frame;
    ssize_t n;

    while (make_room(l) == 0 &&
           (n = recv(l->fd, l->heard + l->size, l->room - l->size, MSG_DONTWAIT)) != 0) {
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
        l->size += (size_t)n;
        while ((frame = first_frame(l, &data, &size)) > 0) {
            int opcode = l->heard[0] & 15;
            if (opcode == TEXT)
                said(user, (const char *)data, size);
            if (opcode == CLOSE || (opcode == PING && send_frame(l, PONG, "", 0, data, size) < 0))
                return -1;
            l->size -= frame;
            memmove(l->heard, l->heard + frame, l->size);
        }
    }
    return -1;
}
