"""Seeds of the fuzz program that reads media: small ones by hand, and by ffmpeg, where it is there, a clip of each
container and codec that may be opened (src/media/av_allowed.c)."""

import concurrent.futures
import math
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import zlib


def samples(n):
    return b"".join(struct.pack("<h", int(9000 * math.sin(i / 5))) for i in range(n))


def chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def wav(rate, channels, n):
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * 2 * channels, 2 * channels, 16)
    body = b"WAVE" + chunk(b"fmt ", form) + chunk(b"data", samples(n * channels))
    return chunk(b"RIFF", body)


def picture(w, h):
    return bytes((7 * x + 3 * y + 80 * c) & 255 for y in range(h) for x in range(w)
                 for c in range(3))


def png(w, h):
    def part(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I",
                                                                        zlib.crc32(name + body))
    rows = picture(w, h)
    packed = zlib.compress(b"".join(b"\0" + rows[3 * w * y:3 * w * (y + 1)] for y in range(h)))
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) +
            part(b"IDAT", packed) + part(b"IEND", b""))


def bmp(w, h):
    row = (3 * w + 3) // 4 * 4
    return (struct.pack("<2sIHHI", b"BM", 54 + row * h, 0, 0, 54) +
            struct.pack("<IiiHHIIiiII", 40, w, h, 1, 24, 0, row * h, 0, 0, 0, 0) +
            b"".join(picture(w, 1).ljust(row, b"\0") for _ in range(h)))


def avi(w, h, frames):
    """Uncompressed pictures with 8 kHz sound."""
    def group(name, body):
        return chunk(b"LIST", name + body)
    size = 3 * w * h
    main = struct.pack("<14I", 100000, size * 10, 0, 0x10, frames, 0, 2, size, w, h, 0, 0, 0, 0)
    video = struct.pack("<4s4sIHHIIIIIIIIhhhh", b"vids", b"DIB ", 0, 0, 0, 0, 1, 10, 0, frames,
                        size, 0, 0, 0, 0, w, h)
    shape = struct.pack("<IiiHHIIiiII", 40, w, h, 1, 24, 0, size, 0, 0, 0, 0)
    audio = struct.pack("<4s4sIHHIIIIIIIIhhhh", b"auds", b"\1\0\0\0", 0, 0, 0, 0, 1, 8000, 0,
                        800 * frames, 1600, 0, 2, 0, 0, 0, 0)
    form = struct.pack("<HHIIHHH", 1, 1, 8000, 16000, 2, 16, 0)
    head = group(b"hdrl", chunk(b"avih", main) +
                 group(b"strl", chunk(b"strh", video) + chunk(b"strf", shape)) +
                 group(b"strl", chunk(b"strh", audio) + chunk(b"strf", form)))
    body = b"".join(chunk(b"00db", picture(w, h)) + chunk(b"01wb", samples(800))
                    for _ in range(frames))
    return chunk(b"RIFF", b"AVI " + head + group(b"movi", body))


def mov(n):
    """QuickTime with one track of 16-bit little-endian sound, the index at the end."""
    def box(name, body):
        return struct.pack(">I", 8 + len(body)) + name + body
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    times = struct.pack(">IIIII", 0, 0, 0, 8000, n)
    entry = box(b"sowt", bytes(6) + struct.pack(">HHHIHHHHI", 1, 0, 0, 0, 1, 16, 0, 0,
                                                8000 << 16))
    data = samples(n)
    start = box(b"ftyp", b"qt  " + struct.pack(">I", 0) + b"qt  ") + box(b"mdat", data)
    table = (box(b"stsd", struct.pack(">II", 0, 1) + entry) +
             box(b"stts", struct.pack(">IIII", 0, 1, n, 1)) +
             box(b"stsc", struct.pack(">IIIII", 0, 1, 1, n, 1)) +
             box(b"stsz", struct.pack(">III", 0, 2, n)) +
             box(b"stco", struct.pack(">III", 0, 1, len(start) - len(data))))
    media = (box(b"mdhd", times + struct.pack(">HH", 0, 0)) +
             box(b"hdlr", struct.pack(">I4s4s", 0, b"mhlr", b"soun") + bytes(13)) +
             box(b"minf", box(b"smhd", bytes(8)) +
                 box(b"dinf", box(b"dref", struct.pack(">II", 0, 1) +
                                  box(b"url ", struct.pack(">I", 1)))) +
                 box(b"stbl", table)))
    track = box(b"trak", box(b"tkhd", struct.pack(">IIIIII", 7, 0, 0, 1, 0, n) + bytes(8) +
                             struct.pack(">HHHH", 0, 0, 256, 0) + matrix + bytes(8)) +
                box(b"mdia", media))
    return start + box(b"moov", box(b"mvhd", times + struct.pack(">IH", 0x10000, 256) +
                                    bytes(10) + matrix + bytes(24) + struct.pack(">I", 2)) +
                       track)


def media():
    yield wav(16000, 1, 1600)
    yield wav(8000, 2, 400)
    yield wav(1000000, 1, 400)
    yield wav(16000, 40, 40)
    yield png(12, 9)
    yield bmp(9, 7)
    yield b"P6\n7 5\n255\n" + picture(7, 5)
    yield b"YUV4MPEG2 W16 H12 F10:1 Ip C420\n" + 3 * (b"FRAME\n" + bytes(range(192)) + bytes(96))
    yield avi(8, 6, 3)
    yield mov(1200)
    yield mov(1200)[:2000]


# ---- clips of every kind ------------------------------------------------------------------------

# What ffmpeg is asked for, by the output's ending; its sources come before.
PICTURE = "-f lavfi -i testsrc=s=48x32:r=10:d=0.5"
SOUND = "-f lavfi -i sine=f=300:r={rate}:d=0.5"
VIDEO = {
    "mp4": ["libx264 -preset ultrafast", "libx265 -preset ultrafast", "mpeg4", "libaom-av1 -cpu-used 8", "mjpeg"],
    "mov": ["libx264 -preset ultrafast -movflags faststart", "prores", "cinepak",
            "dnxhd -profile:v dnxhr_lb -s 256x120", "rawvideo"],
    "mkv": ["libx264 -preset ultrafast -bf 2", "libx265 -preset ultrafast -pix_fmt yuv420p10le", "libvpx",
            "libvpx-vp9", "ffv1", "huffyuv", "ffvhuff", "utvideo", "libtheora", "mpeg2video", "libsvtav1 -s 64x64",
            "rawvideo -pix_fmt yuv422p", "rawvideo -pix_fmt gray", "libx264 -pix_fmt yuv444p",
            "mjpeg -pix_fmt yuvj444p",
            *(f"libx264 -preset ultrafast -colorspace {c}" for c in ("bt709", "bt2020nc", "fcc", "smpte240m"))],
    "webm": ["libvpx", "libvpx-vp9"],
    "avi": ["mpeg4", "msmpeg4v2", "msmpeg4", "mjpeg", "rawvideo -pix_fmt bgr24", "huffyuv",
            "libx264 -preset ultrafast"],
    "mpg": ["mpeg1video -r 25", "mpeg2video -r 25"],
    "ts": ["libx264 -preset ultrafast", "mpeg2video -r 25", "libx265 -preset ultrafast"],
    "flv": ["flv", "libx264 -preset ultrafast"],
    "asf": ["wmv1", "wmv2", "msmpeg4"],
    "ogv": ["libtheora"],
    "mxf": ["mpeg2video -r 25"],
    "3gp": ["h263 -s 128x96", "mpeg4"],
    "m4v": ["mpeg4"],
    "gif": ["gif"],
    "y4m": ["wrapped_avframe", "wrapped_avframe -pix_fmt gray"],
    "ivf": ["libvpx", "libaom-av1 -cpu-used 8"],
    "obu": ["libaom-av1 -cpu-used 8"],
    "h264": ["libx264 -preset ultrafast"],
    "hevc": ["libx265 -preset ultrafast"],
    "mjpeg": ["mjpeg"],
    "dv": ["dvvideo -s 720x576 -r 25 -pix_fmt yuv420p -frames:v 1"],
}
AUDIO = {
    "wav": ["pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw",
            "adpcm_ms", "adpcm_ima_wav", "adpcm_yamaha", "libgsm_ms -ar 8000", "g726 -ar 8000",
            "pcm_s16le -ac 6 -t 0.2", *(f"{codec} -ac 2 -af pan=stereo|c0=c0|c1=-1*c0" for codec in (
                "pcm_s16le", "pcm_u8", "pcm_s32le", "pcm_f64le"))],
    "w64": ["pcm_s16le"],
    "aiff": ["pcm_s16be", "pcm_s8", "pcm_s24be"],
    "au": ["pcm_s16be", "pcm_f32be", "pcm_mulaw"],
    "caf": ["alac", "pcm_s32be", "adpcm_ima_qt"],
    "mp3": ["libmp3lame"],
    "mp2": ["mp2"],
    "aac": ["aac"],
    "flac": ["flac"],
    "ac3": ["ac3"],
    "eac3": ["eac3"],
    "ogg": ["libvorbis", "libopus", "flac", "libspeex -ar 16000"],
    "mka": ["dca -strict -2 -ar 48000 -t 0.2", "libopus", "g722 -ar 16000 -f matroska", "pcm_f64le", "aac -ac 2"],
    "wma": ["wmav1", "wmav2"],
    "flv": ["nellymoser -ar 8000", "adpcm_swf -ar 22050"],
    "latm": ["aac -f latm"],
    "gsm": ["libgsm -ar 8000"],
}
STILLS = ["png", "jpg", "bmp", "webp", "tiff", "pgm", "ppm", "png -pix_fmt pal8", "png -pix_fmt gray16be",
          "png -pix_fmt rgba", "png -pix_fmt monob", "jpg -pix_fmt yuvj422p", "tiff -pix_fmt gray"]
# More than one thing at once: tracks, turns, covers, what interleaves badly.
OTHERS = {
    "tracks.mkv": f"{PICTURE} {PICTURE} {SOUND} {SOUND} -map 0 -map 1 -map 2 -map 3 -c:v mpeg4 -c:a aac",
    "both.mp4": f"{PICTURE} {SOUND} -c:v libx264 -preset ultrafast -c:a aac -shortest",
    "both.ts": f"{PICTURE} {SOUND} -c:v mpeg2video -r 25 -c:a mp2 -shortest",
    "both.avi": f"{PICTURE} {SOUND} -c:v mpeg4 -c:a libmp3lame",
    "both.mpg": f"{PICTURE} {SOUND} -c:v mpeg1video -r 25 -c:a mp2",
    "wide.mkv": f"{PICTURE} -vf setsar=3/2 -c:v mpeg4",
    "fields.mkv": f"{PICTURE} -c:v mpeg2video -r 25 -flags +ildct+ilme -top 1",
    "late.mkv": f"{PICTURE} -itsoffset 3 {SOUND} -map 0 -map 1 -c:v mpeg4 -c:a flac",
    "cover.mp3": f"{SOUND} {PICTURE} -map 0 -map 1 -frames:v 1 -c:a libmp3lame -c:v mjpeg -disposition:v attached_pic",
    "fragments.mp4": f"{PICTURE} -c:v libx264 -preset ultrafast -movflags frag_keyframe+empty_moov",
    "unknown.mkv": f"{PICTURE} -c:v zmbv",
    "captions.mkv": f"{PICTURE} -c:v mpeg4 -metadata title=captions",
}


def clip_orders():
    """(name, ffmpeg's arguments) of each clip."""
    for ending, codecs in VIDEO.items():
        for i, codec in enumerate(codecs):
            yield f"v{i}.{ending}", f"{PICTURE} -pix_fmt yuv420p -c:v {codec}"
    for ending, codecs in AUDIO.items():
        for i, codec in enumerate(codecs):
            yield f"a{i}.{ending}", f"{SOUND} -c:a {codec}"
    for i, still in enumerate(STILLS):
        ending, *options = still.split(" ", 1)
        yield f"s{i}.{ending}", f"{PICTURE} -frames:v 1 {' '.join(options)}"
    yield from OTHERS.items()


def encode(folder, name, order):
    """What ffmpeg cannot make, in this build of it, is left out."""
    rate = re.search(r"-ar (\d+)", order)
    words = order.format(rate=rate[1] if rate else 16000).split()
    path = folder / name
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "quiet", "-y", *words, "-threads", "1", "-fflags", "+bitexact",
                           "-flags:v", "+bitexact", path], check=False, stderr=subprocess.DEVNULL)
    return path.read_bytes() if done.returncode == 0 and path.is_file() else b""


def turned(clip):
    """The same MP4, said to lie on its side: the matrices of its tracks."""
    upright = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    return clip.replace(upright, struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000))


def too_large(png):
    """The same picture, said to have too many pixels, and a side that is too long."""
    for w, h in (16000, 16000), (40000, 9), (600, 600):
        size = b"IHDR" + struct.pack(">II", w, h) + png[24:29]
        yield png[:12] + size + struct.pack(">I", zlib.crc32(size)) + png[33:]


def clips():
    if not shutil.which("ffmpeg"):
        return
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        made = dict(zip((name for name, _ in clip_orders()),
                        pool.map(lambda order: encode(pathlib.Path(folder), *order), clip_orders())))
    yield from (clip for clip in made.values() if clip)
    both = made["both.mp4"]
    if both:
        yield turned(both)
        yield both[:len(both) // 2]  # its index is lost
    for name in "both.ts", "v0.mkv", "v1.webm", "a0.ogg", "a0.flac", "s1.jpg", "v0.gif":
        yield made[name][:2 * len(made[name]) // 3]
    yield from too_large(made["s0.png"])
    yield b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts\n"
    yield b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n"
    yield b"ffconcat version 1.0\nfile a.mp4\n"
    yield b"this is a text\n"
    yield b""
    yield bytes(3000)
    for n in range(100, min(1200, len(made["v0.mov"])), 100):  # its index breaks off
        yield made["v0.mov"][:n]
    if made["both.ts"]:
        yield made["both.ts"] + made["both.ts"]  # its clock goes back
