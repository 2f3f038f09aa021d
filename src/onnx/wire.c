#include "onnx/wire.h"
#include "base/mem.h"
#include <string.h>

/* How a field's value lies there. */
enum { VARINT = 0, LENGTH = 2, FIXED32 = 5 };

void at_wire_free(at_wire *w)
{
    at_free(w->data);
    *w = (at_wire){0};
}

/* Room for n bytes more; NULL: memory is out. */
static unsigned char *more(at_wire *w, size_t n)
{
    if (!w->failed && n > w->room - w->size) {
        size_t room = 2 * w->room + n + 64;
        unsigned char *data = n < SIZE_MAX / 4 && w->room < SIZE_MAX / 8 ? at_alloc(room, 1) : NULL;
        w->failed = !data;
        if (data && w->size)
            memcpy(data, w->data, w->size);
        if (data) {
            at_free(w->data);
            w->data = data;
            w->room = room;
        }
    }
    if (w->failed)
        return NULL;
    w->size += n;
    return w->data + w->size - n;
}

/* Seven bits a byte, the lowest first; the eighth says that more follow. */
static void put_varint(at_wire *w, uint64_t value)
{
    unsigned char byte[10];
    size_t n = 0;

    for (; value > 127; value >>= 7)
        byte[n++] = (unsigned char)(value | 128);
    byte[n++] = (unsigned char)value;
    unsigned char *to = more(w, n);
    if (to)
        memcpy(to, byte, n);
}

static void put_key(at_wire *w, int field, int type)
{
    put_varint(w, (uint64_t)field << 3 | (unsigned)type);
}

static void put_little(unsigned char *to, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(bits >> 8 * i);
}

void at_wire_int(at_wire *w, int field, int64_t value)
{
    put_key(w, field, VARINT);
    put_varint(w, (uint64_t)value);
}

void at_wire_float(at_wire *w, int field, float value)
{
    put_key(w, field, FIXED32);
    unsigned char *to = more(w, 4);
    if (to)
        put_little(to, value);
}

void at_wire_length(at_wire *w, int field, size_t n)
{
    put_key(w, field, LENGTH);
    put_varint(w, n);
}

void at_wire_bytes(at_wire *w, int field, const void *bytes, size_t n)
{
    at_wire_length(w, field, n);
    unsigned char *to = more(w, n);
    if (to && n)
        memcpy(to, bytes, n);
}

void at_wire_text(at_wire *w, int field, const char *text)
{
    at_wire_bytes(w, field, text, strlen(text));
}

void at_wire_floats(at_wire *w, int field, const float *values, size_t n)
{
    at_wire_length(w, field, 4 * n);
    unsigned char *to = more(w, 4 * n);
    for (size_t i = 0; to && i < n; i++)
        put_little(to + 4 * i, values[i]);
}

void at_wire_message(at_wire *w, int field, at_wire *part)
{
    w->failed |= part->failed;
    at_wire_bytes(w, field, part->data, part->size);
    at_wire_free(part);
}
