"""A real browser for tests: chromium through chromedriver, by the W3C's WebDriver protocol and Chrome's
DevTools, with the standard library alone. find() says whether both are there."""
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

PATIENCE = 90  # seconds until it is said that something does not happen; the machine may be busy
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def find():
    """(chromium, chromedriver), or None."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return (chromium, driver) if chromium and driver else None


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Failed(Exception):
    """The browser said no."""


class Browser:
    """One window. Use as a context; everything it started ends with it."""

    def __init__(self, arguments=(), size=(1280, 1000)):
        chromium, driver = find()
        self.folder = tempfile.TemporaryDirectory(prefix="attune-browser-", ignore_cleanup_errors=True)
        self.downloads = pathlib.Path(self.folder.name) / "downloads"
        self.downloads.mkdir()
        self.port = free_port()
        self.session = None
        self.driver = subprocess.Popen([driver, f"--port={self.port}"], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL,
                                       env={**os.environ, "HOME": self.folder.name})
        try:
            self._ready()
            self.session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
                "goog:chromeOptions": {
                    "binary": chromium,
                    "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                             "--disable-dev-shm-usage", "--disable-background-networking",
                             "--disable-component-update", "--disable-sync",
                             f"--user-data-dir={self.folder.name}/profile",
                             f"--window-size={size[0]},{size[1]}", *arguments],
                    "prefs": {"download.default_directory": str(self.downloads),
                              "profile.default_content_setting_values.automatic_downloads": 1},
                }}}})["sessionId"]
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.session:
            try:
                self.do("DELETE", "")
            except (OSError, Failed, http.client.HTTPException):
                pass
            self.session = None
        self.driver.terminate()
        try:
            self.driver.wait(10)
        except subprocess.TimeoutExpired:
            self.driver.kill()
            self.driver.wait()
        self.folder.cleanup()

    def _ready(self):
        for _ in range(200):
            try:
                if self._call("GET", "/status")["ready"]:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise Failed("chromedriver does not answer")

    def _call(self, method, path, body=None):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            link.request(method, path, json.dumps(body) if body is not None else None,
                         {"Content-Type": "application/json"})
            answer = json.loads(link.getresponse().read())["value"]
        finally:
            link.close()
        if isinstance(answer, dict) and "error" in answer:
            raise Failed(f"{method} {path}: {answer['error']}: {answer['message'].splitlines()[0]}")
        return answer

    def do(self, method, path, body=None):
        if method == "POST" and body is None:
            body = {}
        return self._call(method, f"/session/{self.session}{path}", body)

    # ---- pages and what is in them

    def open(self, url):
        self.do("POST", "/url", {"url": url})

    def js(self, script, *args):
        """Runs a function's body; `return` gives the value."""
        return self.do("POST", "/execute/sync", {"script": script, "args": list(args)})

    def wait(self, script, *args, seconds=PATIENCE, what=None):
        """Until the script's value is true; gives it."""
        end = time.monotonic() + seconds
        while True:
            value = self.js(script, *args)
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {what or script}")
            time.sleep(0.1)

    def element(self, css):
        return self.do("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def click(self, css):
        self.do("POST", f"/element/{self.element(css)}/click")

    def text(self, css):
        return self.do("GET", f"/element/{self.element(css)}/text")

    def keys(self, keys):
        """Presses and lets go one key after the other, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def permission(self, name, state):
        """camera or microphone: granted, denied or prompt, for the page's origin."""
        self.do("POST", "/permissions", {"descriptor": {"name": name}, "state": state})

    def cdp(self, command, **params):
        return self.do("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def log(self, kind="browser"):
        """What was logged since the last call."""
        return self.do("POST", "/se/log", {"type": kind})

    def network(self):
        """Addresses that were asked for since the last call, by Chrome's own account."""
        urls = []
        for entry in self.log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent":
                urls.append(event["params"]["request"]["url"])
            if event["method"] == "Network.webSocketCreated":
                urls.append(event["params"]["url"])
        return urls

    def emulate(self, scheme=None, width=None, height=900, motion=None):
        """prefers-color-scheme, prefers-reduced-motion, a telephone's width; None: as it is."""
        features = []
        if scheme:
            features.append({"name": "prefers-color-scheme", "value": scheme})
        if motion:
            features.append({"name": "prefers-reduced-motion", "value": motion})
        self.cdp("Emulation.setEmulatedMedia", features=features)
        if width:
            self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=2, mobile=True)
        else:
            self.cdp("Emulation.clearDeviceMetricsOverride")

    def screenshot(self, path, whole=True):
        import base64
        shot = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))

    def named(self):
        """[(role, name)] of all that a screen reader finds."""
        self.cdp("Accessibility.enable")
        nodes = self.cdp("Accessibility.getFullAXTree")["nodes"]
        return [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes
                if not n["ignored"] and "role" in n]
