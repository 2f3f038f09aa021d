#!/usr/bin/env python3
"""A launch from a learning platform in a real browser: the platform's pages are of another site than attune's, so that
cookies go as they do between two institutions. The learner comes in, nothing begins until they start it, and in a frame of the
platform's the page is not shown. Needs chromium, chromedriver and openssl; skipped without."""
import html
import http.server
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import built
import webdriver
from browser_live import EXE, SRC, Server, check, said
from lti_platform import Platform, login_form

PAGE = "<!DOCTYPE html><title>a course</title><body>"


class Course(http.server.ThreadingHTTPServer):
    """The platform's pages: a course with its link, and where a login goes on."""
    daemon_threads = True

    def __init__(self, platform):
        super().__init__(("127.0.0.1", 0), Pages)
        self.platform, self.tool = platform, None
        platform.issuer = f"http://localhost:{self.server_port}"
        platform.login = platform.issuer + "/auth"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def form(self, where, fields, more="", press=True):
        inputs = "".join(f'<input type=hidden name="{k}" value="{html.escape(v, True)}">' for k, v in fields)
        return f'{PAGE}<form method=post action="{where}" {more}>{inputs}<button id=go>Go</button></form>' + (
            "<script>document.forms[0].submit()</script>" if press else "")


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        s, url = self.server, urllib.parse.urlsplit(self.path)
        asked = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/auth":
            word = s.platform.token(s.platform.claims(asked["nonce"]))
            body = s.form(asked["redirect_uri"], [("state", asked["state"]), ("id_token", word)])
        elif url.path == "/framed":
            body = f'{PAGE}<iframe name=inner></iframe>' + s.form(f"{s.tool}/lti/login", self.login(), "target=inner", False)
        else:
            body = s.form(f"{s.tool}/lti/login", self.login(), press=False)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())

    def login(self):
        return urllib.parse.parse_qsl(login_form(self.server.platform))

    def log_message(self, *_):
        pass


def run(folder):
    platform = Platform(folder)
    course = Course(platform)
    platform.write(issuer=platform.issuer, login=platform.login)
    server = Server(folder, "--lti", str(platform.file), "--store", f"{folder}/kept.db")
    course.tool = server.start().partition("/?")[0]
    try:
        with webdriver.Browser(["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]) as b:
            b.open(course.tool)
            check("403" in b.text("body"), "let in without a launch")
            b.open(platform.issuer + "/")
            b.click("#go")
            b.wait("return document.title === 'attune: live'", what="the page after a launch")
            check(b.js("return location.href") == course.tool + "/", "another address")
            check(b.js("return document.body.dataset.phase") == "start", "it began by itself")
            check(b.js("return document.cookie") == "", "scripts see the pass")
            said("a launch from another site leads to the page, and nothing begins")
            b.click("#go")
            b.wait("return document.body.dataset.phase === 'live'", what="a live session")
            b.wait("return document.querySelector('#most').textContent !== '–'", what="a window")
            check(not b.js("const k = document.querySelector('#keep'); return k && !k.hidden && k.offsetParent !== null"),
                  "it offers to keep the session")
            said("the learner starts a session, which cannot be kept")
            b.open(platform.issuer + "/framed")
            b.click("#go")
            b.wait("return performance.now() > 1500", what="some time")
            check(b.js("try { return !document.querySelector('iframe').contentDocument } catch { return true }"), "no frame of ours")
            check(any("frame-ancestors" in e["message"] or "frame" in e["message"].lower() for e in b.log()), "it is framed")
            said("it is not shown in a frame")
    finally:
        if server.process.poll() is None:
            check(server.stop() == 0, "attune serve does not stop cleanly")
        course.shutdown()


def lacking():
    """Why it cannot be run here, or None."""
    if not webdriver.find():
        return "no chromium and chromedriver"
    if not shutil.which("openssl"):
        return "no openssl"
    if not (SRC / "models/default.safetensors").is_file():
        return "no default model yet"
    if "without" in subprocess.run([EXE, "serve", "--lti", "/none", "--port", "0"], capture_output=True, text=True).stderr:
        return "a build without LTI"
    if built.sanitizers():
        return "a sanitized program is too slow for live input"
    return None


if __name__ == "__main__":
    if lacking():
        print(f"skipped: {lacking()}")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="attune-lti-") as folder:
        run(folder)
