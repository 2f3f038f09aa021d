/* A confined process and its usher: the host that was named is reached, by name and by number, and no other. */
#include "media/confine.h"
#include "media/usher.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NAMED, OTHER, HOSTS, PATIENCE_MS = 60000 };

/* Of both hosts, all of this machine: sockets that listen, and hear. */
static int tcp[HOSTS], udp[HOSTS];
static struct sockaddr_in tcp_at[HOSTS], udp_at[HOSTS];

static int bound(int host, int kind, struct sockaddr_in *at)
{
    socklen_t bytes = sizeof *at;
    const int fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
    *at = (struct sockaddr_in){.sin_family = AF_INET,
                               .sin_addr = {htonl(INADDR_LOOPBACK + (unsigned)host)}};
    assert_int_equal(bind(fd, (struct sockaddr *)at, bytes), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)at, &bytes), 0);
    return fd;
}

static int open_hosts(void **state)
{
    (void)state;
    for (int i = 0; i < HOSTS; i++) {
        tcp[i] = bound(i, SOCK_STREAM, &tcp_at[i]);
        udp[i] = bound(i, SOCK_DGRAM, &udp_at[i]);
        assert_int_equal(listen(tcp[i], 8), 0);
    }
    return 0;
}

static int close_hosts(void **state)
{
    (void)state;
    for (int i = 0; i < HOSTS; i++) {
        close(tcp[i]);
        close(udp[i]);
    }
    return 0;
}

/* What happens when tries runs confined to what address names: its exit code, or -1. */
static int confined(const char *address, int (*tries)(void))
{
    at_usher usher;
    int status = 0;
    at_usher_start(&usher, address);
    const pid_t pid = fork();
    if (pid == 0) {
        const unsigned held = at_confine(AT_CONFINE_HOST, fcntl(2, F_DUPFD, 3), usher.line);
        _exit(held & AT_HELD_HOST ? tries() : 77);
    }
    at_usher_leave(&usher);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    at_usher_end(&usher);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip(); /* a kernel without it */
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- what is let through ------------------------------------------------------------------ */

static int reaches(const struct sockaddr_in *at)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int ok = connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;
    const int refused = !ok && errno == EACCES;
    return ok && send(fd, "hello", 5, 0) == 5 ? 1 : refused ? 2 : 3;
}

static int reaches_named(void)
{
    return reaches(&tcp_at[NAMED]);
}

static int reaches_other(void)
{
    return reaches(&tcp_at[OTHER]);
}

static int heard(int fd, char *out, int size)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, PATIENCE_MS) == 1 ? (int)recv(fd, out, (size_t)size, 0) : -1;
}

static void the_named_host_is_reached(void **state)
{
    char said[8];
    (void)state;
    assert_int_equal(confined("tcp://127.0.0.1:9/x", reaches_named), 1);
    const int fd = accept(tcp[NAMED], NULL, NULL);
    assert_int_equal(heard(fd, said, sizeof said), 5);
    assert_int_equal(heard(fd, said, sizeof said), 0);
    close(fd);
}

static void no_other_is(void **state)
{
    (void)state;
    assert_int_equal(confined("tcp://127.0.0.1:9/x", reaches_other), 2);
    assert_int_equal(confined("tcp://[::1]:9/x", reaches_named), 2);
    assert_int_equal(confined("tcp://127.0.0.2:9/x", reaches_other), 1);
    close(accept(tcp[OTHER], NULL, NULL));
}

/* ---- names -------------------------------------------------------------------------------- */

static int is_known(const char *name)
{
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const int ok = getaddrinfo(name, "9", &hints, &found) == 0;
    if (ok)
        freeaddrinfo(found);
    return ok;
}

static int knows_its_host_alone(void)
{
    return is_known("localhost") && !is_known("example.org");
}

static void its_name_is_known_and_no_other(void **state)
{
    (void)state;
    assert_int_equal(confined("rtsp://user:word@localhost:9/x", knows_its_host_alone), 1);
}

static void an_address_names_its_host(void **state)
{
    char name[AT_USHER_NAME];
    (void)state;
    assert_true(at_hosts_name(name, "rtsp://me:word@example.org:554/x?y"));
    assert_string_equal(name, "example.org");
    assert_true(at_hosts_name(name, "srt://[2001:db8::1]:9000"));
    assert_string_equal(name, "2001:db8::1");
    assert_false(at_hosts_name(name, "udp://:1234"));
    assert_false(at_hosts_name(name, "udp://@:1234"));
    assert_false(at_hosts_name(name, "srt://0.0.0.0:9000"));
    assert_false(at_hosts_name(name, "srt://[::]:9000"));
    assert_false(at_hosts_name(name, "srt://127.0.0.1:9000?mode=listener"));
    assert_false(at_hosts_name(name, "clip.mp4"));
    assert_false(at_hosts_name(name, "pulse:example.org"));
}

static void addresses_are_compared(void **state)
{
    at_hosts h = {.name = "127.0.0.1"};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    (void)state;
    at_hosts_find(&h);
    assert_int_equal(h.n, 1);
    assert_true(at_hosts_has(&h, (struct sockaddr *)&tcp_at[NAMED], sizeof tcp_at[NAMED]));
    assert_false(at_hosts_has(&h, (struct sockaddr *)&tcp_at[NAMED], sizeof tcp_at[NAMED] - 1));
    assert_false(at_hosts_has(&h, (struct sockaddr *)&tcp_at[NAMED], 0));
    assert_false(at_hosts_has(&h, (struct sockaddr *)&tcp_at[OTHER], sizeof tcp_at[OTHER]));
    assert_false(at_hosts_has(&h, (struct sockaddr *)&six, sizeof six));
    six.sin6_addr = (struct in6_addr){{{[10] = 255, [11] = 255, 127, 0, 0, 1}}};
    assert_true(at_hosts_has(&h, (struct sockaddr *)&six, sizeof six));
    assert_false(at_hosts_has(&h, (struct sockaddr *)&six, sizeof six - 1));
}

/* ---- datagrams ---------------------------------------------------------------------------- */

static int send_two(int fd, struct sockaddr_in *at)
{
    char by[] = "by ", parts[] = "parts";
    struct iovec part[] = {{by, 3}, {parts, 5}};
    const struct msghdr m = {
        .msg_name = at, .msg_namelen = sizeof *at, .msg_iov = part, .msg_iovlen = 2};
    return (int)sendmsg(fd, &m, 0);
}

static int send_to(int fd, struct sockaddr_in *at)
{
    return (int)sendto(fd, "whole", 5, 0, (struct sockaddr *)at, sizeof *at);
}

static int sends(void)
{
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (send_to(fd, &udp_at[OTHER]) != -1 || errno != EACCES)
        return 2;
    if (send_two(fd, &udp_at[OTHER]) != -1 || errno != EACCES)
        return 3;
    if (send_to(fd, &udp_at[NAMED]) != 5 || send_two(fd, &udp_at[NAMED]) != 8)
        return 4;
    if (send_to(-1, &udp_at[NAMED]) != -1 || send_to(2, &udp_at[NAMED]) != -1)
        return 5;
    return 1;
}

static void datagrams_go_to_it_alone(void **state)
{
    char said[16];
    (void)state;
    assert_int_equal(confined("udp://127.0.0.1:9", sends), 1);
    assert_int_equal(heard(udp[NAMED], said, sizeof said), 5);
    assert_memory_equal(said, "whole", 5);
    assert_int_equal(heard(udp[NAMED], said, sizeof said), 8);
    assert_memory_equal(said, "by parts", 8);
    assert_int_equal(recv(udp[OTHER], said, sizeof said, MSG_DONTWAIT), -1);
}

/* ---- ways past ---------------------------------------------------------------------------- */

static int asks_for_what_makes_no_sense(void)
{
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct msghdr m = {.msg_name = &udp_at[NAMED], .msg_namelen = sizeof udp_at[NAMED]};
    struct iovec much = {(void *)8, SIZE_MAX};
    if (syscall(SYS_sendmsg, fd, 8, 0) != -1 || errno != EFAULT)
        return 2;
    m.msg_iovlen = SIZE_MAX;
    if (sendmsg(fd, &m, 0) != -1 || errno != EMSGSIZE)
        return 3;
    m.msg_iov = (void *)8;
    m.msg_iovlen = 1;
    if (sendmsg(fd, &m, 0) != -1 || errno != EFAULT)
        return 4;
    m.msg_iov = &much;
    if (sendmsg(fd, &m, 0) != -1 || errno != EMSGSIZE)
        return 5;
    much.iov_len = 9;
    if (sendmsg(fd, &m, 0) != -1 || errno != EFAULT)
        return 6;
    if (syscall(SYS_connect, fd, 8, 16) != -1 || errno != EACCES)
        return 7;
    if (syscall(SYS_connect, fd, &udp_at[NAMED], UINT32_MAX) != -1 || errno != EACCES)
        return 8;
    if (syscall(SYS_connect, 1 << 30, &udp_at[NAMED], sizeof udp_at[NAMED]) != -1 || errno != EBADF)
        return 9;
    return connect(fd, (struct sockaddr *)&udp_at[NAMED], sizeof udp_at[NAMED]) == 0;
}

static int goes_past(void)
{
    struct mmsghdr m = {.msg_len = 0};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || socket(AF_PACKET, SOCK_RAW, 0) >= 0 ||
        socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0 || socket(AF_NETLINK, SOCK_RAW, 0) >= 0)
        return 2;
    if (sendmmsg(fd, &m, 1, 0) != -1 || errno != ENOSYS)
        return 3;
    if (listen(fd, 1) == 0)
        return 4;
    close(fd);
    return connect(fd, (struct sockaddr *)&tcp_at[NAMED], sizeof tcp_at[NAMED]) != 0;
}

/* The copy must not keep open what was closed. */
static int closes_and_stays(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&tcp_at[NAMED], sizeof tcp_at[NAMED]) != 0)
        return 2;
    close(fd);
    const int heard_it = socket(AF_INET, SOCK_DGRAM, 0);
    char byte = 0;
    if (send_to(heard_it, &udp_at[NAMED]) != 5)
        return 3;
    return heard(heard_it, &byte, 1) == 1;
}

static void there_is_no_way_past(void **state)
{
    (void)state;
    assert_int_equal(confined("tcp://127.0.0.1:9", goes_past), 1);
    assert_int_equal(confined("udp://127.0.0.1:9", asks_for_what_makes_no_sense), 1);
}

static void what_is_closed_is_closed(void **state)
{
    char said[8];
    struct sockaddr_in from;
    socklen_t bytes = sizeof from;
    (void)state;
    const pid_t pid = fork();
    if (pid == 0) { /* the far end: answers once the connection has ended */
        const int fd = accept(tcp[NAMED], NULL, NULL);
        if (heard(fd, said, 1) == 0 &&
            recvfrom(udp[NAMED], said, sizeof said, 0, (struct sockaddr *)&from, &bytes) > 0)
            sendto(udp[NAMED], "y", 1, 0, (struct sockaddr *)&from, bytes);
        _exit(0);
    }
    const int came = confined("tcp://127.0.0.1:9", closes_and_stays);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(came, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_named_host_is_reached),
        cmocka_unit_test(no_other_is),
        cmocka_unit_test(its_name_is_known_and_no_other),
        cmocka_unit_test(an_address_names_its_host),
        cmocka_unit_test(addresses_are_compared),
        cmocka_unit_test(datagrams_go_to_it_alone),
        cmocka_unit_test(there_is_no_way_past),
        cmocka_unit_test(what_is_closed_is_closed),
    };
    if (!at_confine_possible())
        return 77;
    return cmocka_run_group_tests(tests, open_hosts, close_hosts);
}
