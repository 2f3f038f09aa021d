#!/usr/bin/env python3
"""The browser's page holds to its own rules: nothing inline (the Content-Security-Policy would drop it), nothing
from outside, every file that is named is there and embedded, what others made is as they made it, and the
consent that is asked for is, word for word, the store's."""
import hashlib
import html.parser
import os
import pathlib
import re
import sys

SRC = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
PAGE = SRC / "src/serve/page"
ROUTES = {"/": "index.html", "/uplot.js": "vendor/uPlot.iife.min.js", "/uplot.css": "vendor/uPlot.min.css"}
OTHERS = {  # uPlot 1.6.32, as npm has it
    "vendor/uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "vendor/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
bad = []


class Page(html.parser.HTMLParser):
    """Addresses and ids of a page, and what a strict policy forbids."""

    def __init__(self, name):
        super().__init__()
        self.name, self.links, self.ids, self.script = name, [], set(), False

    def handle_starttag(self, tag, attributes):
        for key, value in attributes:
            if key == "style" or key.startswith("on") or tag == "style":
                bad.append(f"{self.name}: <{tag} {key}>: nothing inline")
            if key in ("src", "href") and not value.startswith("#"):
                self.links.append(value)
            if key == "id":
                if value in self.ids:
                    bad.append(f"{self.name}: two of id {value}")
                self.ids.add(value)
        self.script = tag == "script"

    def handle_endtag(self, tag):
        self.script = False

    def handle_data(self, data):
        if self.script and data.strip():
            bad.append(f"{self.name}: a script inline")


def embedded():
    return set(re.findall(r"'([^']+\.\w+)'", (PAGE / "meson.build").read_text()))


def look_at(name, files):
    text = (PAGE / name).read_text()
    page = Page(name)
    if name.endswith(".html"):
        page.feed(text)
    links = page.links + re.findall(r"""(?:from|import|Worker\(|addModule\()\s*['"]([^'"]+)['"]""", text)
    for link in links:
        if not link.startswith("/"):
            bad.append(f"{name}: {link}: not of this server")
        elif ROUTES.get(link, link[1:]) not in files:
            bad.append(f"{name}: {link}: not embedded")
    for address in re.findall(r"https?://[^\s'\"`<>)]+", text):
        if address != "http://www.w3.org/2000/svg":
            bad.append(f"{name}: {address}: nothing from outside")
    return page.ids


def consent():
    """The store's text and the page's, as words."""
    stored = SRC / "src/store/consent.c"
    if not stored.is_file():
        return
    said = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', stored.read_text().split("text[] =")[1].split(";\n")[0]))
    dialog = re.search(r"<dialog.*?</dl>", (PAGE / "index.html").read_text(), re.S).group()
    shown = re.sub(r"<[^>]+>", " ", dialog.replace("</dt>", ":"))
    if said.replace("\\n", " ").split() != shown.split():
        bad.append("the consent of index.html is not the one of src/store/consent.c")
    version = re.search(r'ATTUNE_CONSENT_VERSION "(.+?)"', (SRC / "include/attune/store.h").read_text()).group(1)
    if f"CONSENT = '{version}'" not in (PAGE / "keep.js").read_text():
        bad.append(f"keep.js does not name the consent's version {version}")


files = embedded()
for path in PAGE.iterdir():
    if path.is_file() and path.name != "meson.build" and path.name not in files:
        bad.append(f"{path.name}: not embedded")
for name, digest in OTHERS.items():
    if hashlib.sha256((PAGE / name).read_bytes()).hexdigest() != digest:
        bad.append(f"{name}: not as it was made")
ids = {}
for name in sorted(files - set(OTHERS)):
    ids[name] = look_at(name, files)
for script, page in (("app.js", "index.html"), ("view.js", "index.html"), ("bands.js", "index.html"),
                     ("keep.js", "index.html"), ("beside.js", "index.html"), ("sessions.js", "sessions.html"), ("trends.js", "sessions.html")):
    if script in files:
        for wanted in re.findall(r"""(?:\$|getElementById|say)\('([\w-]+)'""", (PAGE / script).read_text()):
            if wanted not in ids[page]:
                bad.append(f"{script}: no id {wanted} in {page}")
consent()
for name, what, todo in re.findall(r'\{"(\w+)",\s*"([^"]+)",\s*"([^"]+)"\}', (SRC / "src/report/hints.c").read_text()):
    if f"{name}: ['{what}', '{todo}']" not in (PAGE / "words.js").read_text():
        bad.append(f"words.js: other words for {name} than src/report/hints.c")
print("\n".join(bad), file=sys.stderr)
sys.exit(bool(bad))
