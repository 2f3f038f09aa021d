"""A learning platform for tests (LTI 1.3, OpenID Connect): keys, words signed with them, and words that are not. Its signatures
are openssl's."""
import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import time
import urllib.parse

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    def __init__(self, folder, kid, bits=2048):
        self.kid, self.file = kid, pathlib.Path(folder) / f"{kid}.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.file, str(bits)], check=True, capture_output=True)
        modulus = subprocess.run(["openssl", "rsa", "-in", self.file, "-noout", "-modulus"], check=True, capture_output=True,
                                 text=True).stdout.strip().partition("=")[2]
        self.public = {"kty": "RSA", "kid": kid, "alg": "RS256", "use": "sig", "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}
        self.pem = subprocess.run(["openssl", "rsa", "-in", self.file, "-pubout"], check=True, capture_output=True).stdout

    def sign(self, text):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.file], input=text, check=True,
                              capture_output=True).stdout


class Platform:
    issuer, client_id, login = "https://lms.example", "tool-17", "https://lms.example/auth"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.key = Key(folder, "k1")
        self.write()

    def write(self, *more, keys=None, **changed):
        """The files that attune serve reads. more: other platforms; changed: of this one's members, None: none"""
        keys = [self.key.public] if keys is None else keys
        (self.folder / "keys.json").write_text(json.dumps({"keys": keys}))
        own = {"issuer": self.issuer, "client_id": self.client_id, "login": self.login, "deployments": ["1", "d-2"],
               "keys": "keys.json", **changed}
        self.file = self.folder / "platforms.json"
        self.file.write_text(json.dumps({"platforms": [{k: v for k, v in own.items() if v is not None}, *more]}))
        return self.file

    def claims(self, answered, **changed):
        now = int(time.time())
        own = {"iss": self.issuer, "aud": self.client_id, "sub": "a-learner", "name": "Ada Lovelace", "iat": now, "exp": now + 300,
               "nonce": answered, CLAIM + "deployment_id": "1", CLAIM + "message_type": "LtiResourceLinkRequest",
               CLAIM + "version": "1.3.0", CLAIM + "roles": [], CLAIM + "resource_link": {"id": "r"},
               CLAIM + "target_link_uri": "https://elsewhere.example/"}
        own.update({CLAIM + k[4:] if k.startswith("lti_") else k: v for k, v in changed.items()})
        return {k: v for k, v in own.items() if v is not None}

    def token(self, claims, key=None, **header):
        """header: changed members, None: none"""
        key = key or self.key
        header = {k: v for k, v in {"alg": "RS256", "typ": "JWT", "kid": key.kid, **header}.items() if v is not None}
        signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
        if header.get("alg") == "none":
            return signed + "."
        if header.get("alg") == "HS256":  # the public key as a secret
            return f"{signed}.{b64(hmac.new(key.pem, signed.encode(), hashlib.sha256).digest())}"
        return f"{signed}.{b64(key.sign(signed.encode()))}"


def login_form(platform, **changed):
    own = {"iss": platform.issuer, "client_id": platform.client_id, "login_hint": "7&x=ö %", "lti_message_hint": "m?=&",
           "target_link_uri": "http://127.0.0.1/", "lti_deployment_id": "1", **changed}
    return urllib.parse.urlencode({k: v for k, v in own.items() if v is not None})
