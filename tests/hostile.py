"""Small files that ask for much: memory, or time. Each function writes one."""
import struct
import zlib


def segment(marker, data):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


def progressive_jpeg(path, w, h):
    """Without subsampling, whose decoder keeps two bytes for each of its coefficients."""
    path.write_bytes(
        b"\xff\xd8" + segment(0xdb, b"\0" + b"\1" * 64)
        + segment(0xc2, struct.pack(">BHHB", 8, h, w, 3) + b"\1\x11\0\2\x11\0\3\x11\0")
        + segment(0xc4, bytes([0, 1]) + bytes(15) + b"\0") + segment(0xda, b"\3\1\0\2\0\3\0\0\0\0")
        + bytes(w * h // 64 * 3 // 8) + b"\xff\xd9")


def zeros(n):
    """So many, deflated: a piece of them again and again, which takes no time."""
    def deflated(size, end):
        c = zlib.compressobj(wbits=-15)
        return c.compress(bytes(size)) + c.flush(end)

    piece = 1 << 20
    return (b"\x78\x9c" + deflated(piece, zlib.Z_FULL_FLUSH) * (n // piece) + deflated(n % piece, zlib.Z_FINISH)
            + struct.pack(">I", n % 65521 << 16 | 1))


def png(path, w, h, bits=8):
    """Black; of 16 bits with an alpha channel."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    channels, kind = (3, 2) if bits == 8 else (4, 6)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, kind, 0, 0, 0))
                     + chunk(b"IDAT", zeros(h * (1 + w * channels * bits // 8))) + chunk(b"IEND", b""))


def deep_tiff(path, w, h):
    """Black, of 16 bits with an alpha channel, in one strip."""
    data = zeros(w * h * 8)
    entries = [(256, 4, 1, w), (257, 4, 1, h), (258, 3, 4, 8), (259, 3, 1, 32946), (262, 3, 1, 2), (273, 4, 1, 16),
               (277, 3, 1, 4), (278, 4, 1, h), (279, 4, 1, len(data)), (338, 3, 1, 2)]
    path.write_bytes(b"II*\0" + struct.pack("<I", 16 + len(data)) + struct.pack("<4H", 16, 16, 16, 16) + data
                     + struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries) + bytes(4))


def gif(path, w, h, frames, hundredths):
    """Frames of one pixel."""
    frame = (b"\x21\xf9\x04\x04" + struct.pack("<H", hundredths) + b"\0\0\x2c"
             + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0")
    path.write_bytes(b"GIF89a" + struct.pack("<HHBBB", w, h, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
                     + frame * frames + b";")


def hidden_pictures(path, ivf, times):
    """VP8, of which the second picture comes again and again and is never shown."""
    first, = struct.unpack_from("<I", ivf, 32)
    at = 44 + first
    second, = struct.unpack_from("<I", ivf, at)
    frame = bytearray(ivf[at:at + 12 + second])
    frame[12] &= ~0x10
    path.write_bytes(ivf[:at] + bytes(frame) * times)


def y4m(path, w, h):
    path.write_bytes(b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C444\n" % (w, h) + (b"FRAME\n" + bytes(3000000)) * 3)


def wav(path, channels, rate, size):
    path.write_bytes(b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt "
                     + struct.pack("<IHHIIHH", 16, 1, channels, rate, channels * rate, channels, 8)
                     + b"data" + struct.pack("<I", size) + bytes(size))


# ---- MP4 ----

def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def full(kind, *parts):
    return box(kind, b"\0\0\0\0", *parts)


def track(number, codec, w, h, steps, scale, size, chunks):
    """Samples of size bytes each, so many of such a length in each of steps; chunks: where they lie."""
    samples = sum(n for n, _ in steps)
    entry = (struct.pack(">I4s6xH", 86, codec, 1) + bytes(16)
             + struct.pack(">HHIIIH32sHh", w, h, 0x480000, 0x480000, 0, 1, b"", 24, -1))
    per_chunk = samples // len(chunks)
    table = box(b"stbl", full(b"stsd", struct.pack(">I", 1), entry),
                full(b"stts", struct.pack(">I", len(steps)), *[struct.pack(">II", *step) for step in steps]),
                full(b"stsc", struct.pack(">IIII", 1, 1, per_chunk, 1)),
                full(b"stsz", struct.pack(">II", size, samples)),
                full(b"stco", struct.pack(f">I{len(chunks)}I", len(chunks), *chunks)))
    media = box(b"mdia", full(b"mdhd", struct.pack(">IIIIHH", 0, 0, scale, samples, 0, 0)),
                full(b"hdlr", b"\0\0\0\0vide" + bytes(13)), box(b"minf", full(b"vmhd", bytes(8)), table))
    head = full(b"tkhd", struct.pack(">IIIII", 0, 0, number, 0, samples) + bytes(52)
                + struct.pack(">II", w << 16, h << 16))
    return box(b"trak", head, media)


def mp4(path, data, *tracks):
    movie = full(b"mvhd", struct.pack(">IIII", 0, 0, 1000, 1000) + bytes(80))
    path.write_bytes(box(b"ftyp", b"isom\0\0\0\0isom") + box(b"mdat", data) + box(b"moov", movie, *tracks))


DATA_AT = 28  # of the first byte of data in an MP4 of these


def long_index(path, tracks, samples):
    """An index of 24 bytes in memory for each sample, and none in the file."""
    mp4(path, bytes(1000), *[track(i + 1, b"mp4v", 64, 64, [(samples, 1)], 1000, 1, [DATA_AT])
                             for i in range(tracks)])


def same_picture(path, jpeg, w, h, steps, a_second):
    """One picture again and again."""
    times = sum(n for n, _ in steps)
    mp4(path, jpeg, track(1, b"jpeg", w, h, steps, a_second, len(jpeg), [DATA_AT] * times))


def index_and_picture(path, png, w, h, samples):
    """A large picture, beside an index of samples that are in no file."""
    mp4(path, png, track(1, b"png ", w, h, [(3, 1)], 1, len(png), [DATA_AT] * 3),
        track(2, b"junk", 64, 64, [(samples, 1)], 1000, 1, [DATA_AT]))
