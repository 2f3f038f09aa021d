#!/usr/bin/env python3
"""The page of `attune serve` in a real browser, whose camera and microphone play the demo clip: permission, bands
that grow, the hand-over from face to voice, devices denied, lost and taken up again, a server that is killed and
started again, a page in the background, dark and light, a telephone's width, keyboard alone, the names that a
screen reader finds, clicks and messages beside, the files that it saves. Nothing may be asked of another address, nothing stand in the
console. Needs chromium and chromedriver; skipped without."""
import base64
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import built
import webdriver

SRC = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
EXE = os.environ["ATTUNE_EXE"]
SHOTS = os.environ.get("ATTUNE_SHOTS")  # a folder: screenshots of every state, to be looked at
EMOTIONS = "neutral happy sad angry fearful disgusted surprised".split()
TAB, ENTER, ESCAPE, END, LEFT = "\ue004", "\ue007", "\ue00c", "\ue010", "\ue012"


class Server:
    """`attune serve` on a port, with a folder of its own for token and store."""

    def __init__(self, folder, *arguments):
        self.folder, self.arguments = folder, arguments
        self.port = webdriver.free_port()
        self.process = None

    def start(self):
        env = {**os.environ, "XDG_RUNTIME_DIR": self.folder, "HOME": self.folder}
        self.process = subprocess.Popen([EXE, "serve", "--port", str(self.port), *self.arguments], env=env, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in self.process.stdout:
            found = re.search(r"http://\S+", line)
            if found:
                return found.group()
        raise AssertionError(f"attune serve ended with {self.process.wait()}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(20)
        self.process.stdout.close()
        return code


def made(folder):
    """The demo clip's picture and sound, as chromium's fake devices take them. Its camera shows 30 pictures a second of
    such a file: of 36 the face is gone for 3.6 s, longer than the 3 s of a window, and picture and sound go round in different
    times, so that each comes to be alone whenever they began."""
    picture, sound = f"{folder}/face.mjpeg", f"{folder}/voice.wav"
    clip = str(SRC / "demo/talking_head.mp4")
    ffmpeg = ["ffmpeg", "-v", "error", "-y", "-i", clip]
    subprocess.run([*ffmpeg, "-an", "-r", "36", "-s", "320x240", "-q:v", "3", picture], check=True)
    subprocess.run([*ffmpeg, "-vn", "-ac", "1", "-ar", "48000", sound], check=True)
    return ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={picture}",
            f"--use-file-for-fake-audio-capture={sound}", "--auto-select-desktop-capture-source=Entire screen"]


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def said(what):
    print(f"ok  {what}", flush=True)


class Live:
    """The tests, in their order; each begins where the one before ended."""

    def __init__(self, browser, server):
        self.b, self.server = browser, server
        self.asked = []

    def phase(self, *names):
        self.b.wait("return arguments[0].includes(document.body.dataset.phase)", list(names),
                    what=f"phase {names}")

    def shot(self, name):
        if SHOTS:
            self.b.screenshot(f"{SHOTS}/{name}.png")

    def quiet(self, *expected):
        """Nothing in the console, but for what a test brings about (it reads canvases itself)."""
        for entry in self.b.log():
            expected += ("willReadFrequently",)
            if entry["level"] in ("SEVERE", "WARNING") and not any(e in entry["message"] for e in expected):
                raise AssertionError(f"console: {entry['message']}")

    def drawn(self):
        """How many pixels of the first plot have an expression's colour."""
        return self.b.js("""
            const root = getComputedStyle(document.documentElement), wanted = new Set();
            for (let k = 0; k < 7; k++) {
              const c = root.getPropertyValue(`--e${k}`).trim();
              wanted.add(parseInt(c.slice(1), 16));
            }
            const canvas = document.querySelector('#plot-emotion canvas');
            const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            let n = 0;
            for (let i = 0; i < d.length; i += 4) n += wanted.has(d[i] << 16 | d[i + 1] << 8 | d[i + 2]);
            return n;""")

    def troubles(self):
        return self.b.js("return [...document.querySelectorAll('#trouble li')].map((li) => li.textContent)")

    def standing(self):
        """What the page says, for who reads of a failure."""
        self.shot("failed")
        return self.b.js("""return [document.body.dataset.phase, ...['trouble', 'most', 'rests', 'flow', 'log', 'moment']
            .map((id) => `${id}: ${document.getElementById(id)?.textContent || document.getElementById(id)?.max}`)].join('\\n')"""
                         ) + "".join(f"\n{e['level']} {e['message']}" for e in self.b.log())

    # ---- before a session

    def names_before(self, address):
        self.b.open(address)
        self.phase("start")
        check("token" not in self.b.js("return location.href"), "the token stays in the address")
        check(not self.b.js("return document.cookie"), "scripts see the token")
        named = self.b.named()
        for role, name in [("button", "Start"), ("radio", "the camera"), ("radio", "none"), ("group", "Picture"),
                           ("status", None), ("heading", "How a face and a voice come across")]:
            check(any(r == role and (name is None or n.startswith(name)) for r, n in named), f"no {role} {name}")
        self.shot("start")
        said("start page: its token is gone from the address, its parts have names")

    def narrow_and_dark(self, name, moves=True):
        for scheme, ground in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 27)")]:
            self.b.emulate(scheme=scheme, width=360)
            self.b.wait("return getComputedStyle(document.body).backgroundColor === arguments[0]", ground,
                        what=f"{scheme} ground")
            self.b.wait("""return document.documentElement.scrollWidth <= 360 && ![...document.querySelectorAll('body *')]
                .some((e) => !e.closest('.wide, .out') && e.getBoundingClientRect().right > 361)""",
                        what=f"{name}: as narrow as a telephone")
            self.shot(f"{name}-{scheme}-phone")
            self.b.emulate(scheme=scheme)
            self.shot(f"{name}-{scheme}")
        self.b.emulate(motion="reduce")
        check(not moves or self.b.js("return getComputedStyle(document.querySelector('.status i')).animationName") == "none",
              "something moves for who asked for less of it")
        self.b.emulate()
        said(f"{name}: dark, light, 360 pixels wide, less motion")

    def denied(self):
        for name in ("camera", "microphone"):
            self.b.permission(name, "denied")
        self.b.click("#go")
        self.b.wait("return !document.getElementById('start-problem').hidden", what="why it does not start")
        text = self.b.text("#start-problem")
        check("camera" in text and "microphone" in text, f"both denied: {text}")
        self.phase("start")
        self.shot("denied-both")
        self.b.permission("microphone", "granted")
        self.b.click("#go")
        self.phase("live")
        text = " ".join(self.troubles())
        check("may not use the camera" in text and "voice alone" in text, f"camera denied: {text}")
        self.b.wait("return document.getElementById('rests').textContent === 'the voice alone'",
                    what="a window of the voice alone")
        self.shot("denied-camera")
        self.b.permission("camera", "granted")
        self.b.click("#trouble button")
        self.b.wait("return document.getElementById('video').videoWidth > 0", what="the camera, after all")
        check(not self.troubles(), "the trouble is over and still told")
        self.end()
        said("denied: both are explained; the microphone alone goes on; allowed later, the camera joins")

    # ---- a session

    def by_keyboard(self):
        self.b.click("#again")
        self.b.js("document.activeElement.blur()")
        for _ in range(30):
            self.b.keys(TAB)
            if self.b.js("return document.activeElement.id") == "go":
                break
        self.b.keys(ENTER)
        self.phase("live")
        check(self.b.js("return document.activeElement.id") == "end", "the focus is lost after the start")
        self.b.wait("return +document.getElementById('moment').max > 5", what="windows")
        for _ in range(30):
            self.b.keys(TAB)
            if self.b.js("return document.activeElement.id") == "moment":
                break
        self.b.keys(LEFT + LEFT)
        told = self.b.js("return document.activeElement.getAttribute('aria-valuetext')")
        check(re.match(r"\d+:\d\d\.\d – ", told), f"the slider says: {told}")
        check(self.b.js("return document.querySelector('.value.when').textContent") != "now", "the values are not of that moment")
        self.b.keys(END)
        said("keyboard alone: starts, reads the values of a moment")

    def bands_grow(self):
        first = self.drawn()
        self.b.wait("return +document.getElementById('moment').max > arguments[0] + 5",
                    self.b.js("return +document.getElementById('moment').max"), what="more windows")
        check(first > 0 and self.drawn() > first, f"bands do not grow: {first}, {self.drawn()}")
        self.b.wait("""const c = document.getElementById('boxes');
            return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((x) => x)""", what="a box")
        most = self.b.text("#most")
        check(most in [*EMOTIONS, "withheld"], f"at the moment: {most}")
        check(re.fullmatch(r"\d+\.\d s", self.b.text("#lag")), f"lag: {self.b.text('#lag')}")
        said("live: bands grow, the face has its box, the lag is told")

    def named_live(self):
        named = self.b.named()
        for role, name in [("button", "End the session"), ("button", "Camera on"), ("button", "Microphone on"),
                           ("slider", "moment"), ("meter", "Level of sound"), ("status", None), ("list", "Picture and sound"),
                           ("combobox", "Show"), ("heading", "Over time")]:
            check(any(r == role and (name is None or n == name) for r, n in named), f"no {role} {name}")
        pictures = [n for r, n in named if r in ("image", "img")]
        check(any(n.startswith("Perceived expression. 0:0") for n in pictures), f"the bands have no words: {pictures}")
        nameless = [r for r, n in named if r in ("button", "slider", "combobox", "link", "image", "img", "radio") and not n]
        check(not nameless, f"without a name: {nameless}")
        said("screen reader: every control and every plot has a name")

    def hand_over(self):
        """The clip goes round: its voice is silent for 3 s, its face is gone for 3 s."""
        rests = "return document.getElementById('rests').textContent"
        wanted = {"the face alone", "the voice alone", "face and voice"}
        seen, end = set(), time.monotonic() + 2 * webdriver.PATIENCE
        while time.monotonic() < end and not wanted <= seen:
            text = self.b.js(rests)
            seen.add("face and voice" if text.startswith("face ") else text)
            time.sleep(0.1)
        check(wanted <= seen, f"no hand-over: {seen}")
        self.shot("live")
        said("hand-over: both, the face alone, the voice alone")

    def killed(self):
        self.quiet()
        windows = self.b.js("return +document.getElementById('moment').max")
        self.server.kill()
        self.phase("reconnecting")
        self.b.wait("return document.getElementById('trouble').textContent.includes('attune serve')", what="what to do")
        self.shot("reconnecting")
        self.server.start()
        self.phase("live")
        check(not self.troubles(), "the trouble is over and still told")
        self.b.wait("return +document.getElementById('moment').max > arguments[0] + 3", windows, what="windows again")
        check("restarted" in self.b.js("return document.getElementById('log').textContent"), "the log does not tell")
        self.quiet("ERR_CONNECTION_REFUSED", "WebSocket")
        said("killed and started again: the same page goes on")

    def cut(self):
        """The connection breaks, the program does not: the same session goes on."""
        self.b.js("for (const s of sockets) s.close()")
        self.b.wait("return document.getElementById('log').textContent.includes('connected again')", what="again")
        told = self.b.js("return [...document.querySelectorAll('#log li')].at(-1).textContent")
        check("restarted" not in told, f"another session: {told}")
        self.phase("live")
        said("cut off: the same session goes on")

    def device_lost(self):
        self.b.js("const t = document.getElementById('video').srcObject.getTracks()[0];"
                  "t.stop(); t.dispatchEvent(new Event('ended'));")
        self.b.wait("return document.getElementById('trouble').textContent.includes('camera was lost')", what="the loss told")
        self.b.wait("return document.getElementById('rests').textContent === 'the voice alone'", what="the voice alone")
        self.shot("lost")
        self.b.js("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
        self.b.wait("return document.getElementById('video').videoWidth > 0", what="the camera again")
        check(not self.troubles(), "the loss is over and still told")
        said("a camera lost: told, gone on without, taken up again")

    def allowed_too_late(self):
        """What is allowed when the session is over is let go at once."""
        self.b.click("#again")
        self.b.click("#go")
        self.phase("live")
        self.b.click("#toggle-video")
        self.b.js("""const devices = navigator.mediaDevices, ask = devices.getUserMedia.bind(devices);
            devices.getUserMedia = async (want) => {
              const stream = await ask(want);
              await new Promise((answer) => { window.allow = answer; });
              delete devices.getUserMedia;
              window.late = stream.getTracks()[0];
              return stream;
            };""")
        self.b.click("#toggle-video")
        self.b.wait("return !!window.allow", what="the question")
        self.end()
        self.b.js("allow()")
        self.b.wait("return window.late?.readyState === 'ended'", what="the camera let go")
        said("allowed when the session is over: the camera stays off")

    def background(self):
        """Another tab in front: pictures go on, windows come."""
        this = self.b.do("GET", "/window")
        other = self.b.do("POST", "/window/new", {"type": "tab"})["handle"]
        end = time.monotonic() + webdriver.PATIENCE
        while self.b.js("return whileHidden") < 6 and time.monotonic() < end:
            self.enter(other)
            time.sleep(4)
            self.enter(this)
        self.enter(other)
        self.b.do("DELETE", "/window")
        self.enter(this)
        check(self.b.js("return whileHidden") >= 6, "no windows in the background")
        self.b.wait("return document.getElementById('log').textContent.includes('in view again')", what="told")
        said("in the background: it goes on")

    def end(self):
        self.b.click("#end")
        self.phase("ended")

    def ended(self):
        self.end()
        tiles = self.b.js("return [...document.querySelectorAll('#tiles li')].map((li) => li.textContent)")
        check(len(tiles) == 6 and any("face in view" in t for t in tiles), f"summary: {tiles}")
        check(self.b.js("return document.activeElement.id") == "ended", "the focus is lost after the end")
        self.b.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.b.downloads))
        saved = {name: self.b.downloads / f"attune-session.{name}" for name in ("csv", "jsonl")}
        for name in saved:
            self.b.click(f"#save-{name}")
        end = time.monotonic() + webdriver.PATIENCE
        while not all(path.exists() for path in saved.values()) and time.monotonic() < end:
            time.sleep(0.1)
        rows, lines = (path.read_text().splitlines() for path in saved.values())
        columns = subprocess.run([EXE, "info", "--columns"], capture_output=True, text=True, check=True).stdout
        for name in rows[0].split(","):
            check(name in columns, f"{name}: no column of a timeline")
        check(len(rows) == len(lines) + 1 and len(lines) > 20, f"{len(rows)} rows, {len(lines)} lines")
        check(len(set(r.count(",") for r in rows)) == 1, "rows of unlike length")
        check(all(line.startswith('{"start_s":') for line in lines), f"not a timeline's line: {lines[0][:60]}")
        said("ended: a summary, and the windows saved as timeline.csv and timeline.jsonl have them")

    # ---- what is kept

    def kept(self):
        """Kept after the consent, over a restart of the server too; taken back; listed, deleted."""
        self.b.click("#again")
        self.b.click("#go")
        self.phase("live")
        self.b.click("#keep")
        self.b.wait("return document.getElementById('consent').open", what="the consent")
        check(any(r == "dialog" and n == "Keep this session?" for r, n in self.b.named()), "the consent has no name")
        self.shot("consent")
        self.b.keys(ESCAPE)
        self.b.wait("return !document.getElementById('consent').open", what="the consent refused")
        check(self.b.js("return document.getElementById('kept').hidden"), "kept without consent")
        self.b.click("#keep")
        self.b.click("#consent-yes")
        self.told_kept("is kept")
        self.b.wait("return +document.getElementById('moment').max > 5", what="windows to keep")
        self.server.kill()
        self.phase("reconnecting")
        for wish in ("will not be kept", "will be kept"):  # what is wished meanwhile is not lost
            self.b.click("#keep")
            self.told_kept(wish)
        self.server.start()
        self.phase("live")
        self.told_kept("is kept")
        self.b.click("#keep")
        self.told_kept("before the program was restarted is among the past sessions")
        self.b.click("#keep")
        self.b.click("#consent-yes")
        self.told_kept("is kept")
        self.b.wait("return +document.getElementById('moment').max > arguments[0] + 3",
                    self.b.js("return +document.getElementById('moment').max"), what="windows to keep")
        self.end()
        self.quiet("ERR_CONNECTION_REFUSED", "WebSocket")
        self.b.click("#again")
        self.b.click("#go")
        self.phase("live")
        check(self.b.text("#keep") == "Keep this session…", "another session begins as if it were kept")
        self.end()
        said("kept: after the consent, over a restart, and taken back")

    def told_kept(self, words):
        self.b.wait("return document.getElementById('kept').textContent.includes(arguments[0])", words, what=words)

    def past(self):
        self.b.click("#pages a:last-child")
        rows = "return document.querySelectorAll('#sessions tbody tr').length"
        self.b.wait(rows, what="past sessions")
        check(self.b.js(rows) == 2, f"{self.b.js(rows)} sessions are listed, not the two that were kept")
        self.b.wait("return document.querySelectorAll('#trends canvas').length === 12", what="trends")
        nameless = [r for r, n in self.b.named() if r in ("button", "link", "image", "img", "combobox", "region") and not n]
        check(not nameless, f"without a name: {nameless}")
        self.narrow_and_dark("past", moves=False)
        self.files()
        self.b.click("#sessions button")
        self.b.click("#sure button[value=no]")
        check(self.b.js(rows) == 2, "deleted without being asked to")
        self.b.click("#sessions button")
        self.b.click("#sure button[value=delete]")
        self.b.wait("return document.querySelectorAll('#sessions tbody tr').length === 1", what="one of two deleted")
        self.b.click("#delete-all")
        self.b.click("#sure button[value=delete]")
        self.b.wait("return document.getElementById('list').hidden", what="all deleted")
        self.b.click("nav a:first-child")
        self.phase("start")
        self.quiet()
        said("past sessions: listed, with trends; deleted one by one and all at once")

    def files(self):
        """A session's files are saved, its report is a page whose own policy lets it run."""
        self.b.click("#sessions .save summary")
        self.shot("save")
        for file in ("timeline.eaf", "report.pdf"):
            self.b.click(f"#sessions .save[open] a[href$='{file}']")
            end = time.monotonic() + 30
            while not list(self.b.downloads.glob(f"attune-session-*-{file}")) and time.monotonic() < end:
                time.sleep(0.1)
            saved = [p.read_bytes()[:5] for p in self.b.downloads.glob(f"attune-session-*-{file}")]
            check(saved in ([b"<?xml"], [b"%PDF-"]), f"{file}: saved {saved}")
        self.b.click("#sessions a.button")
        self.b.wait("return document.title.startsWith('attune: session')", what="the report")
        self.b.wait("return document.querySelectorAll('svg, canvas').length", what="the report's figures")
        self.shot("report")
        self.quiet()
        self.b.js("location.assign('/sessions.html')")
        self.b.wait("return document.querySelectorAll('#sessions tbody tr').length === 2", what="the list again")

    def shared(self):
        """A tab or window instead of the camera (the browser's choice of one is played by a canvas)."""
        self.b.js("""const canvas = document.createElement('canvas');
            const pen = canvas.getContext('2d');
            setInterval(() => { pen.fillStyle = `hsl(${Date.now() % 360} 50% 50%)`; pen.fillRect(0, 0, 300, 150); }, 100);
            navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(5);""")
        self.b.click("input[value=screen]")
        self.b.click("#go")
        self.phase("live")
        self.b.wait("return document.getElementById('video').videoWidth > 0", what="what is shared")
        check(self.b.text("#toggle-video") == "Sharing on", "no word of the sharing")
        check(not self.b.js("return document.getElementById('preview').classList.contains('mirrored')"), "shared, and mirrored")
        self.b.js("document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
        self.b.wait("return document.getElementById('trouble').textContent.includes('sharing was ended')", what="its end")
        self.end()
        self.b.click("#again")
        self.b.click("input[value=camera]")
        said("shared instead of the camera; its end is told")

    # ---- beside picture and sound

    def row(self, name):
        """What stands behind a lane's curve."""
        return self.b.js("""return [...document.querySelectorAll('#rows-beside .row')]
            .find((r) => r.querySelector('.label').textContent.startsWith(arguments[0]))?.querySelector('.value').textContent""", name)

    def beside(self, address):
        """Clicks are counted when they are switched on, words of a message become curves, and all of it figures that are kept."""
        self.b.open(address)
        self.phase("start")
        for name in ("camera", "microphone"):
            self.b.permission(name, "granted")
        self.b.click("#go")
        self.phase("live")
        self.b.wait("return !document.getElementById('beside').hidden", what="what may be sent beside")
        check(self.b.js("return document.getElementById('toggle-keys').hidden"), "keys can be counted, which nobody asked for")
        check(self.b.text("#toggle-clicks") == "My clicks are not counted", "clicks are counted unasked")
        self.b.click("#keep")
        self.b.click("#consent-yes")
        self.told_kept("is kept")
        self.b.wait("return +document.getElementById('moment').max > 1", what="windows")
        check(self.row("clicks") == self.row("heart_rate") == "–", "clicks that nobody counts")
        self.b.click("#toggle-clicks")
        for _ in range(3):
            self.b.click("#now-title")
        self.b.click("#words")
        self.b.keys("I am so confused" + ENTER)
        check(self.b.js("return document.getElementById('words').value") == "", "the message stays in its field")
        self.b.wait("""return [...document.querySelectorAll('#rows-beside .label')].some((l) => l.textContent.startsWith('confusion'))
            && parseFloat([...document.querySelectorAll('#rows-beside .value')][1].textContent) > 0""", what="curves of the chat and of clicks")
        # what is pasted may hold what no server takes
        self.b.js("document.getElementById('words').value = 'pasted\\u0000 \\ud83d half'; document.getElementById('write').requestSubmit()")
        check(self.b.text("#beside-rests") == "(no estimate rests on it)", "an estimate rests on it")
        self.narrow_and_dark("beside")
        self.b.js("document.getElementById('moment').focus()")
        told = self.b.js("return document.getElementById('moment').getAttribute('aria-valuetext')")
        check("clicks" in told and "heart_rate" not in told, f"the slider says: {told}")
        self.b.js("document.getElementById('moment').blur()")
        self.b.click("#toggle-clicks")
        self.b.wait("return [...document.querySelectorAll('#rows-beside .value')][1].textContent === '–'", what="that nobody counts clicks any more")
        self.end()
        for earlier in self.b.downloads.glob("*.csv"):
            earlier.unlink()
        self.b.click("#save-csv")
        end = time.monotonic() + 30
        while not (saved := list(self.b.downloads.glob("*.csv"))) and time.monotonic() < end:
            time.sleep(0.1)
        check(saved, "no file is saved")
        head, *rows = [line.split(",") for line in saved[0].read_text().splitlines()]
        clicks = [float(r[head.index("signal_mean_clicks")] or 0) for r in rows]
        check(max(int(r[head.index("chat_messages")]) for r in rows) in (1, 2), "no window has the messages")
        check(max(clicks) > 0 and head[-1] == "condition_chat", f"saved: {head[-20:]} {clicks}")
        kept = subprocess.run([EXE, "sessions", "trends", "--store", f"{self.server.folder}/beside.db"], capture_output=True, text=True)
        check(re.search(r"beside +heart_rate never, clicks [\d.e-]+/s; 2 messages\n", kept.stdout), f"kept: {kept.stdout}{kept.stderr}")
        check(b"confused" not in pathlib.Path(f"{self.server.folder}/beside.db").read_bytes(), "the message is kept")
        self.quiet()
        said("beside: clicks once they are switched on, a message's words as curves, both kept as figures")

    # ---- with others

    def tab(self, address):
        """A new tab with the page; gives its handle, and is in it."""
        handle = self.b.do("POST", "/window/new", {"type": "tab"})["handle"]
        self.enter(handle)
        self.b.open(address)
        return handle

    def enter(self, handle):
        self.b.do("POST", "/window", {"handle": handle})

    def more_tabs(self, address):
        """A session in each of two; the server has no place for a third until one of them ends."""
        first = self.b.do("GET", "/window")
        tabs = [first, self.tab(address)]
        for handle in tabs:
            self.enter(handle)
            self.b.click("#go")
            self.phase("live")
        third = self.tab(address)
        self.b.click("#go")
        self.phase("busy")
        check("as many sessions as it can" in " ".join(self.troubles()), f"busy: {self.troubles()}")
        self.shot("busy")
        for handle in tabs:
            self.enter(handle)
            self.b.wait("return +document.getElementById('moment').max > 3", what="windows in each tab")
        self.end()
        self.enter(third)
        self.phase("live")
        check(not self.troubles(), "there is a place, and it still says that there is none")
        self.end()
        for handle in (third, tabs[1]):
            self.enter(handle)
            self.b.do("DELETE", "/window")
        self.enter(first)
        said("more tabs: a session each; when all places are taken it says so, and gets in later")

    def locked_out(self):
        """A server that was stopped cleanly and started again has another token."""
        check(self.server.stop() == 0, "attune serve does not stop cleanly")
        address = self.server.start()
        self.phase("locked")
        check("Open the address" in " ".join(self.troubles()), f"locked out: {self.troubles()}")
        self.shot("locked")
        self.end()
        self.b.click("#again")
        self.b.click("#go")
        self.phase("locked")
        check("taken up by itself" in " ".join(self.troubles()), f"sound that cannot begin: {self.troubles()}")
        first = self.b.do("GET", "/window")
        self.tab(address)
        self.b.do("DELETE", "/window")
        self.enter(first)
        self.phase("live")
        self.b.wait("return document.getElementById('toggle-audio').ariaPressed === 'true'", what="the sound")
        self.b.wait("return +document.getElementById('moment').max > 3", what="windows")
        check(not self.troubles(), f"let in, and still told: {self.troubles()}")
        self.end()
        self.quiet("ERR_CONNECTION_REFUSED", "WebSocket", "403")
        said("stopped and started again: the page is told to be opened anew")

    def sound_exact(self):
        """What the worklet makes of a tone is that tone, where it belongs in time."""
        worst = self.b.do("POST", "/execute/async", {"args": [], "script": """
            const done = arguments[0];
            (async () => {
              const context = new OfflineAudioContext(2, 44100, 44100);
              await context.audioWorklet.addModule('/worklet.js');
              const tone = new OscillatorNode(context, { frequency: 1000 });
              const node = new AudioWorkletNode(context, 'to-16k');
              const pieces = [];
              node.port.onmessage = ({ data }) => pieces.push(data);
              tone.connect(node).connect(context.destination);
              tone.start();
              await context.startRendering();
              await new Promise((r) => setTimeout(r, 200));
              let worst = pieces.length > 7 ? 0 : 9;
              for (const { first, pcm } of pieces.slice(1))
                new Int16Array(pcm).forEach((x, k) => {
                  const t = first + k / 16000;
                  worst = Math.max(worst, Math.abs(x / 32767 - Math.sin(2 * Math.PI * 1000 * t)));
                });
              done(worst);
            })();"""})
        check(worst < 0.003, f"a tone comes out wrong by {worst}")
        said("sound: 44.1 kHz becomes 16 kHz, exact in time")

    def nothing_outside(self):
        own = re.compile(rf"(http|ws)://127\.0\.0\.1:{self.server.port}/|blob:http://127\.0\.0\.1:{self.server.port}/"
                         r"|data:|about:|chrome:|chrome-untrusted:|devtools:")
        outside = [u for u in self.b.network() if not own.match(u)]
        check(not outside, f"asked of others: {outside}")
        said("nothing was asked of another address")


# Before the page's own scripts: the test can cut its sockets, and count the windows that come while it is hidden.
SOCKETS = """window.sockets = new Set();
window.whileHidden = 0;
window.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args);
    sockets.add(this);
    this.addEventListener('close', () => sockets.delete(this));
    this.addEventListener('message', ({ data }) => { whileHidden += document.hidden && data.includes('"type":"window"'); });
  }
};"""


def tests(live, address):
    live.names_before(address)
    live.narrow_and_dark("start")
    live.denied()
    live.by_keyboard()
    live.bands_grow()
    live.narrow_and_dark("live")
    live.named_live()
    live.hand_over()
    live.cut()
    live.background()
    live.killed()
    live.device_lost()
    live.ended()
    live.narrow_and_dark("ended")
    live.allowed_too_late()
    live.kept()
    live.past()
    live.shared()
    live.more_tabs(address)
    live.quiet()
    live.sound_exact()
    live.locked_out()
    live.nothing_outside()


def tests_beside(browser, folder):
    server = Server(folder, "--signals", "heart_rate,clicks", "--events", "clicks", "--chat", "--store", f"{folder}/beside.db")
    live = Live(browser, server)
    try:
        live.beside(server.start())
        live.nothing_outside()
    except (AssertionError, webdriver.Failed):
        print(live.standing(), file=sys.stderr)
        raise
    finally:
        server.stop()


def run(folder):
    server = Server(folder, "--max-sessions", "2", "--store", f"{folder}/sessions.db")
    address = server.start()
    try:
        with webdriver.Browser(made(folder)) as browser:
            browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=SOCKETS)
            live = Live(browser, server)
            try:
                tests(live, address)
            except (AssertionError, webdriver.Failed):
                print(live.standing(), file=sys.stderr)
                raise
            tests_beside(browser, folder)
    finally:
        if server.process.poll() is None:
            check(server.stop() == 0, "attune serve does not stop cleanly")


def lacking():
    """Why it cannot be run here, or None."""
    if not webdriver.find():
        return "no chromium and chromedriver"
    if not shutil.which("ffmpeg"):
        return "no ffmpeg"
    if subprocess.run([EXE, "serve", "--help"], capture_output=True).returncode:
        return "this program has no server"
    if built.sanitizers():
        return "a sanitized program is too slow for live input"
    return None


if __name__ == "__main__":
    if lacking():
        print(f"skipped: {lacking()}")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="attune-live-") as folder:
        run(folder)
