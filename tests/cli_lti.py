#!/usr/bin/env python3
"""attune serve --lti as learners and strangers meet it: launched from a platform of our own making (lti_platform.py) into a live
session of their own and nothing else, and the attacks that are usual.

Needs ATTUNE_EXE, a model ($ATTUNE_MODEL or models/default.safetensors), and openssl for the platform's signatures.
"""
import contextlib
import http.client
import http.server
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

from cli_analyze import EXE, SOURCE
from cli_serve import Server, needs_model, needs_server
from lti_platform import Key, Platform, b64, login_form

sys.path.insert(0, str(SOURCE / "examples/live"))
from client import Live  # noqa: E402

OTHER_TOOL = SOURCE / "tests/lti"
BUILT = "without LTI" not in subprocess.run([EXE, "serve", "--lti", "/none", "--port", "0"], capture_output=True, text=True).stderr


class Browser:
    """As much of one as a launch takes: cookies of one server, forms, where it is sent."""

    def __init__(self, server):
        self.server, self.cookies = server, {}

    def ask(self, method, path, form=None, **headers):
        c = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        c.request(method, path, form, headers)
        r = c.getresponse()
        body = r.read().decode()
        for cookie in r.msg.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
            self.last_cookie = cookie
        c.close()
        return r.status, r.getheader("Location"), body

    def log_in(self, platform, how="POST", **changed):
        """(state, nonce) of a login that has begun."""
        form = login_form(platform, **changed)
        code, where, body = self.ask("POST", "/lti/login", form, Origin=platform.issuer) if how == "POST" else \
            self.ask("GET", "/lti/login?" + form)
        assert code == 302, (code, body)
        self.way = urllib.parse.urlsplit(where)
        self.asked = dict(urllib.parse.parse_qsl(self.way.query, strict_parsing=True))
        return self.asked["state"], self.asked["nonce"]

    def come_back(self, platform, state, token):
        form = urllib.parse.urlencode({"state": state, "id_token": token})
        return self.ask("POST", "/lti/launch", form, Origin=platform.issuer)


class Learner(Live):
    """A live session by a launch's cookie, without the token."""

    def __init__(self, server, cookie):
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.sendall((f"GET /live HTTP/1.1\r\nHost: {server.host}\r\nOrigin: http://{server.host}\r\nCookie: {cookie}\r\n"
                             "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: eA==\r\nSec-WebSocket-Protocol: attune.v1\r\n\r\n").encode())
        self.file, self.lock = self.socket.makefile("rb"), threading.Lock()
        status = self.file.readline()
        if b" 101 " not in status:
            raise ConnectionError(status.decode().strip())
        while self.file.readline().strip():
            pass
        self.say(type="hello", version=1)


@needs_server
@needs_model
@unittest.skipUnless(BUILT, "a build without LTI")
@unittest.skipUnless(shutil.which("openssl"), "no openssl to sign with")
class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="attune-lti-"))
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.platform = Platform(cls.dir)
        cls.other = Key(cls.dir, "other")
        cls.short = Key(cls.dir, "short", 1024)
        p = cls.platform
        p.write({**json.loads(p.file.read_text())["platforms"][0], "issuer": "https://second.example", "client_id": "c"},
                keys=[p.key.public, cls.short.public, {**cls.other.public, "kid": "enc", "use": "enc"},
                      {**cls.other.public, "kid": "twice"}, {**cls.other.public, "kid": "twice"}])
        cls.server = Server("--lti", str(p.file), "--store", str(cls.dir / "kept.db"), "--rate", "2")
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)

    def launch(self, browser=None, **changed):
        browser = browser or Browser(self.server)
        state, nonce = browser.log_in(self.platform)
        return browser, browser.come_back(self.platform, state, self.platform.token(self.platform.claims(nonce, **changed)))


class Launches(Case):
    def test_a_login_goes_back_to_the_platform(self):
        for how in "POST", "GET":
            browser = Browser(self.server)
            state, nonce = browser.log_in(self.platform, how)
            self.assertEqual(browser.way.scheme + "://" + browser.way.netloc + browser.way.path, self.platform.login)
            self.assertEqual(browser.asked, {
                "scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none",
                "client_id": "tool-17", "redirect_uri": f"http://{self.server.host}/lti/launch", "state": state, "nonce": nonce,
                "login_hint": "7&x=ö %", "lti_message_hint": "m?=&"})
            self.assertRegex(state + nonce, "^[0-9a-f]{64}$")
            for what in "HttpOnly", "Secure", "SameSite=None", "Path=/lti":
                self.assertIn(what, browser.last_cookie)
            self.assertNotIn(list(browser.cookies.values())[0], browser.way.query)

    def test_a_learner_comes_in(self):
        browser, (code, where, _) = self.launch()
        self.assertEqual((code, where), (303, "/"))
        for what in "HttpOnly", "SameSite=Lax", "Path=/":
            self.assertIn(what, browser.last_cookie)
        self.assertEqual(browser.ask("GET", "/")[0], 200)
        self.assertEqual(browser.ask("GET", "/app.js")[0], 200)

    def test_two_logins_at_once(self):
        browser = Browser(self.server)
        first, second = browser.log_in(self.platform), browser.log_in(self.platform)
        for state, nonce in first, second:
            self.assertEqual(browser.come_back(self.platform, state, self.platform.token(self.platform.claims(nonce)))[0], 303)

    def test_what_a_pass_opens(self):
        """A live session, of which nothing is kept; not what others keep, nor the server from another site."""
        browser, _ = self.launch()
        for method, path in (("GET", "/sessions"), ("GET", "/sessions/1"), ("GET", "/trends"), ("GET", "/files")):
            self.assertNotEqual(browser.ask(method, path)[0], 200, path)
        self.assertEqual(browser.ask("DELETE", "/sessions")[0], 405)
        self.assertEqual(self.server.ask("/sessions", Authorization="Bearer " + self.server.token)[0], 200)
        self.assertEqual(browser.ask("GET", "/", Origin="https://lms.example")[0], 403)
        self.assertEqual(browser.ask("GET", "/", Host="evil.example")[0], 403)
        cookie = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
        with contextlib.closing(Learner(self.server, cookie)) as live:
            said = live.messages()
            self.assertFalse(next(said)["store"])
            live.say(type="keep", consent="1")
            self.assertEqual(next(m["type"] for m in said if m["type"] in ("kept", "forgotten")), "forgotten")
        kept = json.loads(self.server.ask("/sessions", Authorization="Bearer " + self.server.token)[2])
        self.assertEqual(kept["sessions"], [])

    def test_nobody_is_known(self):
        """Of whom the platform's word is about nothing is said, asked or kept."""
        self.launch()
        for file in self.dir.glob("kept.db*"):
            self.assertNotIn(b"Lovelace", file.read_bytes())

    def test_an_audience_of_several(self):
        self.assertEqual(self.launch(aud=["tool-17", "x"], azp="tool-17")[1][0], 303)
        self.assertEqual(self.launch(aud=["tool-17"])[1][0], 303)
        self.assertEqual(self.launch(lti_deployment_id="d-2")[1][0], 303)

    def test_whoever_it_is(self):
        self.assertEqual(self.launch(sub=None)[1][0], 303)
        self.assertEqual(self.launch(lti_roles=["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"])[1][0], 303)


@unittest.skipUnless((OTHER_TOOL / "node_modules").is_dir() and shutil.which("node"), "no other tool: npm ci --ignore-scripts in tests/lti")
class OtherTool(Case):
    """What attune takes of this platform, and what it does not, is so with a tool by others: the platform speaks LTI."""

    def setUp(self):
        self.node = subprocess.Popen(["node", OTHER_TOOL / "judge.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.node.communicate)
        p = self.platform
        self.ask(platform=json.loads(p.file.read_text())["platforms"][0], keys=[p.key.public, self.short.public])

    def ask(self, **what):
        print(json.dumps(what), file=self.node.stdin, flush=True)
        return json.loads(self.node.stdout.readline())

    def both(self, token=None, **changed):
        """Why attune refuses such a word, and why the other does. "": it does not"""
        token = token or (lambda claims: self.platform.token(claims))
        # it insists on names, which the standard leaves open
        names = {"given_name": "Ada", "family_name": "Lovelace", "email": "ada@lms.example", **changed}
        browser = Browser(self.server)
        state, nonce = browser.log_in(self.platform)
        code, _, body = browser.come_back(self.platform, state, token(self.platform.claims(nonce, **names)))
        asked = self.ask(login=dict(urllib.parse.parse_qsl(login_form(self.platform))))["asked"]
        theirs = self.ask(state=asked["state"], word=token(self.platform.claims(asked["nonce"], **names)))["why"]
        self.assertIn(code, (303, 403))
        return "" if code == 303 else body, theirs or ""

    def test_both_ask_for_the_same(self):
        browser = Browser(self.server)
        browser.log_in(self.platform)
        theirs = self.ask(login=dict(urllib.parse.parse_qsl(login_form(self.platform))))["asked"]
        own = {"state", "nonce", "redirect_uri"}
        self.assertEqual({k: v for k, v in theirs.items() if k not in own | {"lti_deployment_id"}},
                         {k: v for k, v in browser.asked.items() if k not in own})
        self.assertLess(own, set(theirs))

    def test_both_take(self):
        for changed in ({}, {"lti_deployment_id": "d-2"}, {"lti_roles": ["Learner"]}, {"nbf": time.time() - 5}):
            self.assertEqual(self.both(**changed), ("", ""), changed)

    def test_both_refuse(self):
        now, sign = time.time(), self.platform.token
        for changed in ({"iss": "https://evil.example"}, {"aud": "tool-18"}, {"aud": None}, {"exp": now - 100}, {"exp": None},
                        {"iat": None}, {"nbf": now + 1000}, {"nonce": "0" * 32}, {"nonce": None}, {"lti_deployment_id": "3"},
                        {"lti_deployment_id": None}, {"lti_message_type": "x"}, {"lti_version": "1.1"}, {"lti_roles": "Learner"},
                        {"lti_target_link_uri": None}, {"lti_resource_link": {}}, {"sub": 5}):
            ours, theirs = self.both(**changed)
            self.assertTrue(ours and theirs, (changed, ours, theirs))
        for token in (lambda claims: sign(claims, self.other), lambda claims: sign(claims, self.other, kid="k1"),
                      lambda claims: sign(claims, self.short), lambda claims: sign(claims, alg="none"),
                      lambda claims: sign(claims, alg="HS256"), lambda claims: sign(claims)[:-8] + "AAAAAAAA"):
            ours, theirs = self.both(token)
            self.assertTrue(ours and theirs, (ours, theirs))


class Attacks(Case):
    def refused(self, why, token=None, state=None, **changed):
        """changed: claims of a word that is signed as it should be; token: makes another, given the nonce"""
        browser = Browser(self.server)
        own, nonce = browser.log_in(self.platform)
        before = dict(browser.cookies)
        word = token(nonce) if token else self.platform.token(self.platform.claims(nonce, **changed))
        code, where, body = browser.come_back(self.platform, state or own, word)
        self.assertEqual((code, where), (403, None), body)
        self.assertIn(why, body)
        self.assertEqual(browser.cookies, before)
        self.assertEqual(browser.ask("GET", "/")[0], 403)

    def good(self, nonce):
        return self.platform.claims(nonce)

    def test_signatures(self):
        p, sign = self.platform, self.platform.token
        self.refused("no signed token", lambda n: sign(self.good(n), alg="none"))
        self.refused("not signed with RS256", lambda n: sign(self.good(n), alg="none") + "x")
        self.refused("not signed with RS256", lambda n: sign(self.good(n), alg="HS256"))
        self.refused("not signed with RS256", lambda n: sign(self.good(n), alg="rs256"))
        self.refused("not signed with RS256", lambda n: sign(self.good(n), alg=None))
        self.refused("signature is wrong", lambda n: sign(self.good(n), self.other, kid="k1"))
        self.refused("no key of the platform", lambda n: sign(self.good(n), self.other))
        self.refused("by which key", lambda n: sign(self.good(n), kid=None))
        self.refused("by which key", lambda n: sign(self.good(n), kid=["k1"]))
        self.refused("no key of the platform", lambda n: sign(self.good(n), self.short))
        self.refused("no key of the platform", lambda n: sign(self.good(n), self.other, kid="enc"))
        self.refused("no key of the platform", lambda n: sign(self.good(n), self.other, kid="twice"))
        self.refused("signature is wrong", lambda n: sign(self.good(n), self.other, kid="k1", jwk=self.other.public,
                                                          jku="https://evil.example/keys", x5c=["x"]))
        self.refused("asks for what is not known", lambda n: sign(self.good(n), crit=["exp"]))

    def test_altered_words(self):
        def with_payload(nonce):
            head, body, tail = self.platform.token(self.good(nonce)).split(".")
            return f"{head}.{b64(json.dumps({**self.good(nonce), 'sub': 'somebody else'}).encode())}.{tail}"

        def bent(nonce):
            head, body, tail = self.platform.token(self.good(nonce)).split(".")
            return f"{head}.{body}.{tail[:-10]}{'A' if tail[-10] != 'A' else 'B'}{tail[-9:]}"
        self.refused("signature is wrong", with_payload)
        self.refused("signature is wrong", bent)
        for word in ("", "x", "a.b", "a.b.c", "a.b.c.d", "..", "e30.e30.", "e30.e30.e30", "ä.ö.ü",
                     b64(b'{"alg":"RS256","kid":"k1"}') + "." + b64(b"[1]") + ".eA"):
            self.refused("", lambda _, word=word: word)

    def test_claims(self):
        now = time.time()
        for why, changed in (
                ("of another platform", {"iss": "https://evil.example"}), ("of another platform", {"iss": "https://second.example"}),
                ("for another tool", {"aud": "tool-18"}), ("for another tool", {"aud": None}), ("for another tool", {"aud": []}),
                ("for another party", {"aud": ["tool-17", "x"]}), ("for another party", {"azp": "x"}),
                ("for another party", {"aud": ["tool-17", "x"], "azp": "x"}),
                ("expired", {"exp": now - 100}), ("expired", {"exp": None}), ("expired", {"exp": "9999999999"}),
                ("of the future", {"iat": now + 1000}), ("of the future", {"iat": None}), ("too old", {"iat": now - 5000}),
                ("not valid yet", {"nbf": now + 1000}), ("not the answer to this login", {"nonce": "0" * 32}),
                ("not the answer to this login", {"nonce": None}), ("deployment", {"lti_deployment_id": "3"}),
                ("deployment", {"lti_deployment_id": None}), ("deployment", {"lti_deployment_id": ["1"]}),
                ("no launch of a resource", {"lti_message_type": "LtiDeepLinkingRequest"}), ("version", {"lti_version": "1.1"}),
                ("which resource", {"lti_resource_link": None}), ("which resource", {"lti_resource_link": {}}),
                ("which resource", {"lti_resource_link": {"id": ""}}), ("which resource", {"lti_resource_link": {"id": "x" * 256}}),
                ("which resource", {"lti_resource_link": "r"}), ("which roles", {"lti_roles": None}), ("which roles", {"lti_roles": "Learner"}),
                ("where it leads", {"lti_target_link_uri": None}), ("where it leads", {"lti_target_link_uri": 5}),
                ("subject", {"sub": ""}), ("subject", {"sub": 5}), ("subject", {"sub": "x" * 256})):
            self.refused(why, **changed)

    def test_a_word_that_is_too_long(self):
        browser = Browser(self.server)
        state, _ = browser.log_in(self.platform)
        code, _, body = browser.come_back(self.platform, state, "x" * 20000)
        self.assertEqual((code, "too long" in body), (413, True))
        state, _ = browser.log_in(self.platform)
        form = urllib.parse.urlencode({"state": state, "error": "login_required"})
        self.assertIn("let nobody in", browser.ask("POST", "/lti/launch", form)[2])

    def test_forms_that_are_not_read(self):
        """Answered at once, by a connection that then ends: none of it is waited for."""
        for code, *lines in ((413, "Content-Length: 24577"), (413, "Content-Length: 99999999999999999999", "Expect: 100-continue"),
                             (411,), (411, "Transfer-Encoding: chunked"), (411, "Transfer-Encoding: chunked", "Content-Length: 3"),
                             (400, "Content-Length: -3"), (400, "Content-Length: 3x"), (400, "Content-Length: 3", "Content-Length: 4")):
            for sent in b"", b"x" * 30000:
                with self.subTest(lines), socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as c:
                    c.sendall("\r\n".join(["POST /lti/launch HTTP/1.1", f"Host: {self.server.host}", *lines, "", ""]).encode() + sent)
                    said = c.makefile("rb").read().decode()
                    self.assertRegex(said, rf"^HTTP/1.1 {code} ")
                    self.assertRegex(said, rf"(?i)\r\nconnection: close\r\n(?:.*\r\n)*\r\n{code}: .*\n$")

    def test_replays(self):
        browser = Browser(self.server)
        state, nonce = browser.log_in(self.platform)
        word = self.platform.token(self.good(nonce))
        self.assertEqual(browser.come_back(self.platform, state, word)[0], 303)
        self.assertIn("no login waits", browser.come_back(self.platform, state, word)[2])  # the state again
        fresh = Browser(self.server)
        again, _ = fresh.log_in(self.platform)
        self.assertIn("not the answer to this login", fresh.come_back(self.platform, again, word)[2])  # the nonce again

    def test_a_state_is_spent_by_a_wrong_word(self):
        browser = Browser(self.server)
        state, nonce = browser.log_in(self.platform)
        self.assertEqual(browser.come_back(self.platform, state, "x.y.z")[0], 403)
        self.assertIn("no login waits", browser.come_back(self.platform, state, self.platform.token(self.good(nonce)))[2])

    def test_somebody_elses_login(self):
        """Whoever makes a victim's browser send the attacker's own answer does not log it in."""
        attacker, victim = Browser(self.server), Browser(self.server)
        state, nonce = attacker.log_in(self.platform)
        word = self.platform.token(self.good(nonce))
        self.assertIn("in another browser", victim.come_back(self.platform, state, word)[2])
        self.assertEqual(victim.cookies, {})
        self.refused("no login waits", state="0" * 32)
        self.refused("no login waits", state="x")

    def test_logins_that_are_none(self):
        browser = Browser(self.server)
        for changed, code in (({"iss": "https://evil.example"}, 403), ({"iss": None}, 400), ({"client_id": "tool-18"}, 403),
                              ({"login_hint": None}, 400), ({"lti_deployment_id": "9"}, 403), ({"login_hint": "x" * 5000}, 400),
                              ({"iss": "https://lms.example\r\nSet-Cookie: a=b"}, 400), ({"login_hint": "a\r\nb: c"}, 400)):
            self.assertEqual(browser.ask("POST", "/lti/login", login_form(self.platform, **changed))[0], code, changed)
        twice = login_form(self.platform) + "&iss=https%3A%2F%2Fevil.example"
        self.assertEqual(browser.ask("POST", "/lti/login", twice)[0], 400)
        self.assertEqual(browser.ask("POST", "/lti/login", login_form(self.platform), Host="evil.example")[0], 403)
        self.assertEqual(browser.ask("GET", "/lti/launch")[0], 405)
        self.assertEqual(browser.ask("PUT", "/lti/login", "x")[0], 405)
        self.assertEqual(browser.cookies, {})

    def test_floods(self):
        """Logins that never come back, and forms without end, take no more than their places."""
        browser = Browser(self.server)
        for _ in range(600):
            Browser(self.server).log_in(self.platform, lti_message_hint=None)
        for _ in range(3):
            with contextlib.suppress(ConnectionError):  # who goes on sending may miss the answer
                self.assertEqual(browser.ask("POST", "/lti/launch", "state=" + "x" * 200000)[0], 413)
        self.assertEqual(self.launch()[1][0], 303)


class FetchedKeys(Case):
    def test_they_come_from_an_address(self):
        p, asked = self.platform, []

        class Keys(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                body = json.dumps({"keys": [p.key.public]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        with http.server.HTTPServer(("127.0.0.1", 0), Keys) as keys:
            threading.Thread(target=keys.serve_forever, daemon=True).start()
            own = {**json.loads(p.file.read_text())["platforms"][0], "keys_url": f"http://127.0.0.1:{keys.server_port}/certs"}
            del own["keys"]
            file = self.dir / "fetched.json"
            file.write_text(json.dumps({"platforms": [own]}))
            with Server("--lti", str(file)) as server:
                deadline = time.monotonic() + 20
                while not asked and time.monotonic() < deadline:
                    time.sleep(0.02)
                time.sleep(0.2)
                for _ in range(3):
                    browser = Browser(server)
                    state, nonce = browser.log_in(p)
                    self.assertEqual(browser.come_back(p, state, p.token(p.claims(nonce)))[0], 303)
            self.assertEqual(asked, ["/certs"])
            keys.shutdown()
            keys.server_close()
            with Server("--lti", str(file)) as server:
                browser = Browser(server)
                state, nonce = browser.log_in(p)
                self.assertIn("could not be fetched", browser.come_back(p, state, p.token(p.claims(nonce)))[2])
                code, said = server.stop()
                self.assertEqual(code, 0)
                self.assertIn(f"attune serve: keys of a learning platform: {own['keys_url']}: no connection\n", said)
                self.assertEqual(said.count("\n"), 1)


class Files(Case):
    def test_what_is_wrong_is_named(self):
        p = self.platform
        good = json.loads(p.file.read_text())
        folder = pathlib.Path(tempfile.mkdtemp(prefix="attune-lti-"))
        self.addCleanup(shutil.rmtree, folder)
        shutil.copy(p.folder / "keys.json", folder)
        (folder / "none.json").write_text("{}")
        first = good["platforms"][0]
        for platforms, why in (({}, "a list of 1 to 64"), ([], "a list of 1 to 64"), ([{}], "platform 1: issuer"),
                               ([{**first, "issuer": "http://lms.example"}], "platform 1: issuer"),
                               ([first, {**first, "isuer": "https://lms.example"}], "platform 2: there is no 'isuer'"),
                               ([{**first, "client_id": ""}], "client_id"), ([{**first, "login": "javascript:x"}], "login"),
                               ([{**first, "login": "https://u:p@lms.example"}], "login"),
                               ([{**first, "deployments": []}], "deployments"), ([{**first, "deployments": [1]}], "deployments"),
                               ([{**first, "keys": 1}], "keys: the file"),
                               ([{**first, "keys_url": "https://lms.example/k"}], "one of the two"),
                               ([{k: v for k, v in first.items() if k != "keys"}], "one of the two"),
                               ([{**{k: v for k, v in first.items() if k != "keys"}, "keys_url": "http://lms.example"}],
                                "keys_url: the https"), ([{**first, "keys": "none.json"}], "is no set of keys"),
                               ([{**first, "keys": "gone.json"}], "gone.json"), ([first, first], "platform 2: is there twice")):
            (folder / "p.json").write_text(json.dumps({"platforms": platforms}))
            done = subprocess.run([EXE, "serve", "--port", "0", "--lti", folder / "p.json"], capture_output=True, text=True,
                                  timeout=20)
            self.assertEqual(done.returncode, 1, platforms)
            self.assertIn(why, done.stderr)
            self.assertEqual(len(re.findall("\n", done.stderr)), 1)

        (folder / "p.json").write_text(json.dumps({"platform": [first], **good}))
        for args, code, why in (([folder / "p.json"], 1, "there is no 'platform'"), ([""], 2, "--lti takes the name of a file"),
                                ([p.file, "--lti", p.file], 2, "is given twice")):
            done = subprocess.run([EXE, "serve", "--port", "0", "--lti", *args], capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, code)
            self.assertIn(why, done.stderr)
        self.assertIn("[--lti FILE]", subprocess.run([EXE, "serve", "--help"], capture_output=True, text=True).stdout)

    def test_without_it_there_is_nothing(self):
        with Server() as server:
            self.assertEqual(Browser(server).ask("POST", "/lti/login", login_form(self.platform))[0], 403)


if __name__ == "__main__":
    unittest.main()
