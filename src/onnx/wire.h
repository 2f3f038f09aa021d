/* wire.h - messages in the wire format of protocol buffers (protobuf.dev/programming-guides/encoding), which
 * ONNX files are: written here, read in reader.h.
 *
 * A message is bytes that grow. Errors are sticky: once memory is out nothing is added, and `failed` tells.
 */
#ifndef AT_ONNX_WIRE_H
#define AT_ONNX_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* Zeros: an empty message. */
typedef struct at_wire {
    unsigned char *data;
    size_t size, room;
    int failed;
} at_wire;

void at_wire_free(at_wire *w); /* an empty message again */

/* One field each, by its number. */
void at_wire_int(at_wire *w, int field, int64_t value);
void at_wire_float(at_wire *w, int field, float value);
void at_wire_bytes(at_wire *w, int field, const void *bytes, size_t n);
void at_wire_text(at_wire *w, int field, const char *text);
/* n floats as the bytes of a little-endian array. */
void at_wire_floats(at_wire *w, int field, const float *values, size_t n);
/* The message `part` as a field of w; it is empty afterwards. */
void at_wire_message(at_wire *w, int field, at_wire *part);
/* What stands before a message of n bytes, which follow elsewhere. */
void at_wire_length(at_wire *w, int field, size_t n);

#endif
