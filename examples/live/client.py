#!/usr/bin/env python3
"""A clip sent to attune serve as a camera and a microphone would, and what comes back, printed.

    attune serve                                        # in another terminal; it prints an address
    python3 client.py 'http://127.0.0.1:8765/?token=...' clip.mp4

Python's standard library, and ffmpeg to read the clip. docs/live.md has the messages.
"""
import base64
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

PICTURE, SOUND = 1, 2
RATE, PIECE = 16000, 1600  # samples of sound a second, and in a message


class Live:
    """A WebSocket (RFC 6455) to attune serve, with its messages."""

    def __init__(self, address, **hello):
        url = urllib.parse.urlsplit(address)
        token = urllib.parse.parse_qs(url.query)["token"][0]
        tls = url.scheme == "https"
        self.socket = socket.create_connection((url.hostname, url.port or (443 if tls else 80)))
        if tls:
            self.socket = ssl.create_default_context().wrap_socket(self.socket, server_hostname=url.hostname)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /live HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {token}\r\n"
                             "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: attune.v1\r\n\r\n").encode())
        self.file, self.lock = self.socket.makefile("rb"), threading.Lock()
        status = self.file.readline()
        if b" 101 " not in status:
            raise ConnectionError(status.decode().strip())
        while self.file.readline().strip():
            pass
        self.say(type="hello", version=1, **hello)

    def frame(self, opcode, data):
        """Every frame of a client is masked, here with zeros."""
        size = len(data)
        length = (bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size) if size < 65536
                  else b"\xff" + struct.pack(">Q", size))
        with self.lock:
            self.socket.sendall(bytes([0x80 | opcode]) + length + bytes(4) + data)

    def say(self, **message):
        self.frame(1, json.dumps(message).encode())

    def send(self, kind, sequence, t_us, data):
        self.frame(2, struct.pack("<BBHIq", 1, kind, 0, sequence, t_us) + data)

    def close(self):
        self.file.close()
        self.socket.close()

    def messages(self):
        while head := self.file.read(2):
            size = head[1] & 127
            if size > 125:
                size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
            data, opcode = self.file.read(size), head[0] & 15
            if opcode == 1:
                yield json.loads(data)
            elif opcode == 9:
                self.frame(10, data)
            elif opcode == 8:
                return


def read_clip(path, rate, *options):
    """Pictures as JPEG, rate a second, and the sound: 16 bits, 16 kHz, mono."""
    def ffmpeg(*args, check=True):
        return subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *options, "-i", path, *args, "-"], check=check, capture_output=True).stdout
    mjpeg = ffmpeg("-vf", f"fps={rate}", "-f", "mjpeg", "-q:v", "3")
    pictures = [b"\xff\xd8" + p for p in mjpeg.split(b"\xff\xd8")[1:]]
    return pictures, ffmpeg("-vn", "-ac", "1", "-ar", str(RATE), "-f", "s16le", check=False)  # it may have none


def send_clip(live, path, rate):
    """In order of time, and no faster than it passes."""
    try:
        pictures, sound = read_clip(path, rate)
    except subprocess.CalledProcessError as error:
        print(f"{path}: {error.stderr.decode().strip()}", file=sys.stderr)
        return live.say(type="end")
    items = [(i * 1000000 // rate, PICTURE, i, p) for i, p in enumerate(pictures)]
    items += [(i * 1000000 // RATE, SOUND, i // PIECE, sound[2 * i:2 * (i + PIECE)])
              for i in range(0, len(sound) // 2, PIECE)]
    start = time.monotonic()
    for t_us, kind, sequence, data in sorted(items, key=lambda item: item[0]):
        time.sleep(max(0, start + t_us / 1e6 - time.monotonic()))
        live.send(kind, sequence, t_us, data)
    live.say(type="end")


def main(address, path):
    live = Live(address)
    for message in live.messages():
        if message["type"] == "welcome":
            threading.Thread(target=send_clip, args=(live, path, int(message["rate"])), daemon=True).start()
            names = message["emotions"]
        elif message["type"] == "window":
            best = max(names, key=lambda name: message[f"emotion_{name}"])
            said = "withheld" if message["abstain"] else f"{best} {100 * message[f'emotion_{best}']:.0f} %"
            print(f"{message['end_s']:6.1f} s  {said}", flush=True)
        elif message["type"] == "error":
            sys.exit(f"{message['code']}: {message['text']}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
