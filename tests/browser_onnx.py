#!/usr/bin/env python3
"""examples/web in a real browser: the exported networks in onnxruntime-web answer what attune answers, and the page
finds the demo clip's face and says what it shows. Nothing may be asked of another address. Needs chromium,
chromedriver and onnxruntime-web (npm ci --ignore-scripts in tests/onnx); skipped without."""
import functools
import http.server
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

import built
import webdriver

SRC = pathlib.Path(os.environ["ATTUNE_SRC"])
EXE = os.environ["ATTUNE_EXE"]
OURS = pathlib.Path(os.environ["ATTUNE_BUILD"]) / "tests/onnx_ours"
RUNTIME = SRC / "tests/onnx/node_modules/onnxruntime-web/dist"
MODEL = SRC / "models/default.safetensors"


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript",
                      ".wasm": "application/wasm"}

    def log_message(self, *_):
        pass


def lay_out(folder):
    """The page with what its first lines ask for, and beside it what attune computes."""
    for path in [*(SRC / "examples/web").iterdir(), SRC / "tests/onnx/cases.mjs"]:
        (folder / path.name).symlink_to(path)
    (folder / "ort").symlink_to(RUNTIME)
    made = folder / "made.safetensors"  # what the default model has not
    subprocess.run([OURS, "make", made, "attention", "signal", "chat"], check=True)
    for model, networks, ours in (MODEL, "models", "ours"), (made, "made", "ours_made"):
        (folder / ours).mkdir()
        subprocess.run([EXE, "export", model, "--to", "onnx", "-o", folder / networks, "--quiet"], check=True)
        subprocess.run([OURS, "answer", model, folder / ours], check=True)
    subprocess.run(["ffmpeg", "-v", "error", "-ss", "2", "-i", SRC / "demo/talking_head.mp4", "-frames:v", "1",
                    folder / "frame.png"], check=True)


COMPARE = """
  window.outputs = null;
  (async () => {
    const ort = await import('/ort/ort.wasm.min.mjs'), { run } = await import('/cases.mjs');
    const file = (folder) => async (name) => new Uint8Array(await (await fetch(`/${folder}/${name}`)).arrayBuffer());
    window.outputs = [...await run(ort, file('ours'), file('models')), ...await run(ort, file('ours_made'), file('made'))];
  })().catch((e) => { window.outputs = [{ file: '', name: e.message, off: 'failed' }]; });"""

CHOOSE = """
  (async () => {
    const picture = await (await fetch('/frame.png')).blob(), chosen = new DataTransfer();
    chosen.items.add(new File([picture], 'frame.png', { type: 'image/png' }));
    const input = document.getElementById('picture');
    input.files = chosen.files;
    input.dispatchEvent(new Event('change'));
  })();"""


def compare(browser):
    browser.js(COMPARE)
    outputs = browser.wait("return window.outputs", what="the networks' answers")
    bad = [o for o in outputs if not (isinstance(o["off"], (int, float)) and o["off"] < 1e-4)]
    assert outputs and not bad, bad
    print(f"ok  {len(outputs)} outputs, none more than {max(o['off'] for o in outputs):.1e} off")


def look(browser):
    browser.wait("return document.body.dataset.phase === 'ready'", what="the page is ready")
    browser.js(CHOOSE)
    browser.wait("return ['told', 'nothing', 'failed'].includes(document.body.dataset.phase)", what="an answer")
    assert browser.js("return document.body.dataset.phase") == "told", browser.text("#said")
    values = browser.js("return [...document.querySelectorAll('meter')].map((m) => m.value)")
    assert len(values) == 7 and abs(sum(values) - 1) < 1e-3 and max(values) > 0.3, values
    assert "%" in browser.text("#said") or "Too little" in browser.text("#said"), browser.text("#said")
    if os.environ.get("ATTUNE_SHOTS"):
        browser.screenshot(f"{os.environ['ATTUNE_SHOTS']}/onnx.png")
    print("ok  the page:", browser.text("#said"), values)


def main():
    if not webdriver.find() or not RUNTIME.exists() or not MODEL.exists() or built.sanitizers():
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lay_out(folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=name)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            here = f"http://127.0.0.1:{server.server_port}"
            with webdriver.Browser() as browser:
                browser.open(f"{here}/index.html")
                look(browser)
                compare(browser)
                elsewhere = [u for u in browser.network() if not u.startswith((here, "data:", "blob:", "chrome:"))]
                assert not elsewhere, elsewhere
                severe = [e["message"] for e in browser.log() if e["level"] == "SEVERE"]
                assert not severe, severe
            server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
