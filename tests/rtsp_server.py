"""A server of one RTSP stream for tests: it answers DESCRIBE, SETUP and PLAY (RFC 2326) of one client, takes the packets
that ffmpeg makes, and passes them on in the same connection (10.12, interleaved), as attune asks for."""
import re
import select
import socket
import struct
import subprocess
import threading

TRACKS = {"video": ("-map", "0:v", "-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p",
                    "-payload_type", "96"),
          "audio": ("-map", "1:a", "-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1")}
SDP = "\r\n".join(["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=test", "c=IN IP4 127.0.0.1", "t=0 0",
                   "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1",
                   "a=control:video", "m=audio 0 RTP/AVP 0", "a=control:audio", ""])


class Server:
    def __init__(self, inputs):
        """inputs: ffmpeg's arguments for pictures (0:v) and sound (1:a)"""
        self.inputs, self.channels, self.sender = inputs, {}, None
        self.lock = threading.Lock()  # of what is written into the connection
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"rtsp://127.0.0.1:{self.socket.getsockname()[1]}/x"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            client, _ = self.socket.accept()
            with client, client.makefile("rb") as f:
                while first := f.read(1):
                    if first == b"$":  # what the client says of its reception
                        f.read(struct.unpack(">xH", f.read(3))[0])
                    else:
                        self.answer(client, (first + f.readline()).decode(), dict(self.headers(f)))
        except (OSError, ValueError):
            pass  # closed, by either side

    @staticmethod
    def headers(f):
        while line := f.readline().decode().strip():
            name, _, value = line.partition(":")
            yield name.lower(), value.strip()

    def answer(self, client, request, headers):
        method, address, _ = request.split()
        said, body = ["RTSP/1.0 200 OK", f"CSeq: {headers['cseq']}", "Session: 1"], ""
        if method == "OPTIONS":
            said += ["Public: DESCRIBE, SETUP, PLAY, TEARDOWN"]
        elif method == "DESCRIBE":
            body = SDP
            said += ["Content-Type: application/sdp", f"Content-Base: {self.address}/", f"Content-Length: {len(body)}"]
        elif method == "SETUP":
            channel = re.search(r"interleaved=(\d+)", headers["transport"]).group(1)
            self.channels[address.rsplit("/", 1)[1]] = int(channel)
            said += [f"Transport: {headers['transport']}"]
        with self.lock:
            client.sendall("\r\n".join([*said, "", body]).encode())
        if method == "PLAY":
            threading.Thread(target=self.play, args=[client], daemon=True).start()

    def play(self, client):
        command = ["ffmpeg", "-v", "error", "-re", *map(str, self.inputs)]
        channel_of = {}
        for name, channel in self.channels.items():
            packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            packets.bind(("127.0.0.1", 0))
            channel_of[packets] = channel
            command += [*TRACKS[name], "-f", "rtp", f"rtp://127.0.0.1:{packets.getsockname()[1]}"]
        self.sender = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        try:
            while self.sender.poll() is None:
                for packets in select.select(list(channel_of), [], [], 0.2)[0]:
                    packet = packets.recv(65535)
                    with self.lock:
                        client.sendall(struct.pack(">cBH", b"$", channel_of[packets], len(packet)) + packet)
        except OSError:
            pass  # the client has gone
        for packets in channel_of:
            packets.close()

    def close(self):
        self.socket.close()
        if self.sender:
            self.sender.kill()
            self.sender.wait()
