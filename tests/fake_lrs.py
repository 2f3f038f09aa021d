"""A learning record store for tests that does as it is told: keeps statements by their numbers, or fails, lies, stalls."""
import http.server
import json
import ssl
import threading
import time


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate=None):
        """certificate: (chain, key) as PEM files; without one it speaks HTTP"""
        super().__init__(("127.0.0.1", 0), Handler)
        self.statements = {}  # number: body
        self.requests = []  # (method, path, headers, body)
        self.answers = []  # what to do with the next ones: a status, a function of the handler, None: a store's work
        self.stored = threading.Event()
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.address = f"http{'s' if certificate else ''}://127.0.0.1:{self.server_port}/xapi"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request, client_address):  # who hangs up is no fault here
        pass

    def stop(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        size = int(self.headers.get("Content-Length", 0))
        self.body = json.loads(self.rfile.read(size))
        self.server.requests.append((self.command, self.path, dict(self.headers), self.body))
        answer = self.server.answers.pop(0) if self.server.answers else None
        if callable(answer):
            answer(self)
        else:
            self.reply(answer or self.store())

    do_POST = do_GET = do_PUT

    def log_message(self, *_):
        pass

    def store(self):
        number = self.path.partition("statementId=")[2]
        kept = self.server.statements.setdefault(number, self.body)
        self.server.stored.set()
        return 204 if kept == self.body else 409

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204 or body:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# ---- answers that are none ------------------------------------------------------------------------------


def later(seconds):
    return lambda handler: handler.reply(503, Retry_After=str(seconds))


def loses_its_answer(handler):
    handler.store()
    handler.close_connection = True
    handler.connection.close()


def stalls(handler):
    time.sleep(4)
    handler.close_connection = True


def drips(handler):
    """An answer whose headers never end."""
    try:
        handler.wfile.write(b"HTTP/1.1 204 No Content\r\n")
        for i in range(1000):
            handler.wfile.write(b"X-%d: y\r\n" % i)
            time.sleep(0.05)
    except OSError:
        pass
    handler.close_connection = True


def login_page(handler):
    handler.reply(200, b"<html>Welcome to the hotel</html>", Content_Type="text/html")


def garbage(handler):
    handler.wfile.write(b"\x00\xff\r\n\r\nnothing of HTTP\r\n" * 50)
    handler.close_connection = True


def endless_header(handler):
    try:
        handler.wfile.write(b"HTTP/1.1 204 No Content\r\nX: ")
        for _ in range(100):
            handler.wfile.write(b"x" * 100000)
    except OSError:
        pass
    handler.close_connection = True


def endless_body(handler):
    try:
        handler.wfile.write(b"HTTP/1.1 500 Oops\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            handler.wfile.write(b"y" * 100000)
    except OSError:
        pass
    handler.close_connection = True


def redirects_to(address):
    return lambda handler: handler.reply(307, Location=address)
