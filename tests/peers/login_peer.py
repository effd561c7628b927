"""The log-in addresses of five networks and two CRMs on loopback: strict about every request, scripted in its faults.

Codes and refresh tokens work once. An authorisation page agrees at once and sends the browser back. `reads`
are answers by path, to whoever shows a token that is valid; those that are `public`, to everybody; `homes`
are the DIDs of handles. A request that isn't of the documented shape is answered with 400
`invalid_request`, and kept in `wrong`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

CLIENT_ID, CLIENT_SECRET = "client-1", "canary-client-secret"
PASSWORD = "canary-app-password"
Fault = Literal["lost", "cut", "dropped", "unavailable", "garbage", "too many", "refused"]
"""Of one request: acts and closes; acts and cuts the body; closes; 503; acts, no JSON; 429; 400."""

_SHAPES: dict[tuple[str, str], set[str]] = {
    ("/2/oauth2/token", "authorization_code"): {
        "grant_type", "code", "redirect_uri", "code_verifier", "client_id",
    },
    ("/2/oauth2/token", "refresh_token"): {"grant_type", "refresh_token", "client_id"},
    ("/oauth/v2/accessToken", "authorization_code"): {
        "grant_type", "code", "redirect_uri", "client_id", "client_secret",
    },
    ("/oauth/v2/accessToken", "refresh_token"): {
        "grant_type", "refresh_token", "client_id", "client_secret",
    },
    ("/oauth/access_token", "authorization_code"): {
        "client_id", "client_secret", "grant_type", "redirect_uri", "code",
    },
    ("/access_token", "ig_exchange_token"): {"grant_type", "client_secret", "access_token"},
    ("/refresh_access_token", "ig_refresh_token"): {"grant_type", "access_token"},
    ("/oauth/token", "authorization_code"): {
        "grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier", "scope",
    },
    ("/oauth/2026-03/token", "authorization_code"): {
        "grant_type", "code", "redirect_uri", "client_id", "client_secret",
    },
    ("/oauth/2026-03/token", "refresh_token"): {
        "grant_type", "refresh_token", "client_id", "client_secret",
    },
    ("/services/oauth2/token", "client_credentials"): {
        "grant_type", "client_id", "client_secret",
    },
}  # fmt: skip
_PAGES = ("/i/oauth2/authorize", "/oauth/v2/authorization", "/oauth/authorize")
_WITH_PKCE = ("/2/oauth2/token", "/oauth/token")
_REUSABLE = ("/oauth/v2/accessToken", "/oauth/2026-03/token")
_XRPC = "/xrpc/com.atproto.server."


@dataclass
class LoginPeer:
    """What was asked, and what is valid; `faults` are used up one by one by token requests."""

    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    refresh_tokens: set[str] = field(default_factory=set)
    access_tokens: set[str] = field(default_factory=set)
    issued: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    delay: float = 0
    gives_refresh_token: bool = True
    instance_url: str = "https://acme.my.salesforce.com"
    reads: dict[str, dict[str, Any]] = field(default_factory=dict)
    public: tuple[str, ...] = ()
    homes: dict[str, str] = field(default_factory=dict)
    says_no: bool = False
    wrong_state: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    def count(self, path: str) -> int:
        """How often an address was asked."""
        return sum(each == path for each, _ in self.asked)

    def token(self, kind: str) -> str:
        name = f"canary-{kind}-{len(self.issued) + 1}"
        self.issued.append(name)
        (self.refresh_tokens if kind == "refresh" else self.access_tokens).add(name)
        return name

    def grant(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        """The JSON of a granted request; KeyError with the reason if it isn't granted."""
        with self.lock:
            if form["grant_type"] == "authorization_code":
                self._use_code(path, form)
            elif form["grant_type"] == "refresh_token":
                self._use(self.refresh_tokens, form["refresh_token"], path)
            elif form["grant_type"] == "client_credentials":
                pass
            elif form["access_token"] not in self.access_tokens:
                raise KeyError("invalid_grant")
            return self._given(path, form)

    def _use_code(self, path: str, form: Mapping[str, str]) -> None:
        page = self.codes.pop(form["code"], None)
        if page is None or page["redirect_uri"] != form["redirect_uri"]:
            raise KeyError("invalid_grant")
        if path in _WITH_PKCE:
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if page["code_challenge"] != challenge or page["code_challenge_method"] != "S256":
                raise KeyError("invalid_grant")

    def _use(self, tokens: set[str], token: str, path: str) -> None:
        if token not in tokens:
            raise KeyError("invalid_grant")
        if path not in _REUSABLE:  # LinkedIn's works until its end, HubSpot's without one
            tokens.discard(token)

    def _given(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        given: dict[str, Any] = {"access_token": self.token("access")}
        if path == "/oauth/access_token":
            scopes = "instagram_business_basic,instagram_business_content_publish"
            return {"data": [given | {"user_id": "17841", "permissions": scopes}]}
        if path == "/services/oauth2/token":
            return given | {
                "signature": "sig", "instance_url": self.instance_url, "token_type": "Bearer",
                "id": "https://login.salesforce.com/id/00Dxx0000001gPLEAY/005xx", "scope": "api",
                "issued_at": "1763800000000", "token_format": "opaque",
            }  # fmt: skip
        if path == "/oauth/2026-03/token":
            return given | {
                "refresh_token": form.get("refresh_token") or self.token("refresh"),
                "token_type": "bearer", "token_use": "access_token", "expires_in": 1800,
                "hub_id": 1234567, "user_id": 7,
                "scopes": ["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write"],
            }  # fmt: skip
        given |= {"token_type": "bearer"}
        if path == "/oauth/token":
            return given | {"scope": "read:accounts read:statuses write:statuses write:media"}
        given |= {"expires_in": 7200 if path == "/2/oauth2/token" else 5184000}
        if path == "/2/oauth2/token":
            given |= {"scope": "tweet.read tweet.write users.read media.write offline.access"}
        if self.gives_refresh_token and path in ("/2/oauth2/token", "/oauth/v2/accessToken"):
            given |= {"refresh_token": self.token("refresh")}
        if path == "/oauth/v2/accessToken":
            given |= {"scope": "openid,profile,w_member_social"}
            given |= {"refresh_token_expires_in": 31536000} if self.gives_refresh_token else {}
        return given

    def session(self) -> dict[str, str]:
        with self.lock:
            return {
                "accessJwt": self.token("access"), "refreshJwt": self.token("refresh"),
                "did": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "handle": "acme.test",
            }  # fmt: skip


@contextmanager
def login_peer(**settings: Any) -> Iterator[LoginPeer]:
    peer = LoginPeer(**settings)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"peer": peer}))
    server.daemon_threads = True
    peer.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield peer
    finally:
        peer.stopping.set()
        server.shutdown()
        server.server_close()
    assert peer.wrong == [], "a request wasn't of the documented shape"


class _Handler(BaseHTTPRequestHandler):
    peer: LoginPeer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path, query = _split(self.path)
        if path in _PAGES:
            self._agree(query)
        elif path == "/xrpc/com.atproto.identity.resolveHandle":
            did = self.peer.homes.get(query["handle"])
            self._answer(200 if did else 400, {"did": did} if did else {"error": "InvalidRequest"})
        elif path in self.peer.reads:
            self._read(path)
        elif not any(path == known for known, _ in _SHAPES):
            self._answer(404, {})
        else:
            self._token(path, query)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith(_XRPC):
            self._session(self.path.removeprefix(_XRPC), body)
            return
        if self.path in self.peer.reads:
            self._read(self.path)
            return
        form_type = "application/x-www-form-urlencoded"
        if self.headers["Content-Type"] != form_type:
            self.peer.wrong.append(f"{self.path}: {self.headers['Content-Type']}")
        form = dict(parse_qsl(body.decode(), strict_parsing=True))
        if self.path == "/api/v1/apps":
            self._register(form)
        else:
            self._token(self.path, form)

    def _read(self, path: str) -> None:
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        is_known = bearer in self.peer.access_tokens or path in self.peer.public
        self._answer(200 if is_known else 401, self.peer.reads[path] if is_known else {})

    def _agree(self, query: dict[str, str]) -> None:
        wanted = {"response_type", "client_id", "redirect_uri", "scope", "state"}
        if missing := wanted - query.keys():
            self.peer.wrong.append(f"{self.path}: lacks {missing}")
        code = f"code-{len(self.peer.codes) + 1}"
        self.peer.codes[code] = query
        said = {"error": "access_denied"} if self.peer.says_no else {"code": code}
        state = "another" if self.peer.wrong_state else query["state"]
        self.send_response(302)
        self.send_header(
            "Location", f"{query['redirect_uri']}?{urlencode(said | {'state': state})}"
        )
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _register(self, form: dict[str, str]) -> None:
        if form.keys() != {"client_name", "redirect_uris", "scopes"}:
            self.peer.wrong.append(f"apps: {sorted(form)}")
        self._answer(200, {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET})

    def _token(self, path: str, form: dict[str, str]) -> None:
        self.peer.asked.append((path, form))
        shape = _SHAPES.get((path, form.get("grant_type", "")))
        if shape is None or form.keys() != shape:
            self.peer.wrong.append(f"{path}: {sorted(form)}")
            self._answer(400, {"error": "invalid_request"})
        elif not self._shows_its_secret(path, form):
            self._answer(401, {"error": "invalid_client"})
        else:
            self._act(lambda: self.peer.grant(path, form))

    def _shows_its_secret(self, path: str, form: Mapping[str, str]) -> bool:
        if path == "/2/oauth2/token":
            scheme, _, pair = self.headers.get("Authorization", "").partition(" ")
            name, _, secret = base64.b64decode(pair).decode().partition(":")
            return (scheme, unquote(name), unquote(secret)) == (
                "Basic", CLIENT_ID, CLIENT_SECRET,
            )  # fmt: skip
        return form.get("client_secret", CLIENT_SECRET) == CLIENT_SECRET

    def _session(self, method: str, body: bytes) -> None:
        self.peer.asked.append((method, {}))
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if method == "refreshSession":
            if body:
                self.peer.wrong.append("refreshSession has a body")
            if bearer not in self.peer.refresh_tokens:
                self._answer(400, {"error": "ExpiredToken", "message": bearer})
                return
        else:
            asked = json.loads(body)
            if asked.keys() != {"identifier", "password"}:
                self.peer.wrong.append(f"createSession: {sorted(asked)}")
            if asked["password"] != PASSWORD:
                self._answer(401, {"error": "AuthenticationRequired", "message": "no"})
                return
        self._act(self.peer.session)

    def _act(self, give: Any) -> None:
        fault = self.peer.faults.pop(0) if self.peer.faults else ""
        self.peer.stopping.wait(self.peer.delay)
        match fault:
            case "dropped":
                self.close_connection = True
                return
            case "unavailable":
                self._answer(503, {})
                return
            case "too many":
                self._answer(429, {}, [("Retry-After", "120")])
                return
            case "refused":
                self._answer(400, {"error": "invalid_grant", "error_description": "canary-said"})
                return
        try:
            given = give()
        except KeyError as error:
            self._answer(400, {"error": error.args[0], "error_description": "canary-said"})
            return
        if fault == "lost":
            self.close_connection = True
        elif fault == "garbage":
            self._write(200, b"<html>thanks</html>", [])
        else:
            self._answer(200, given, cut=fault == "cut")

    def _answer(
        self, status: int, content: Mapping[str, Any],
        headers: Iterable[tuple[str, str]] = (), *, cut: bool = False,
    ) -> None:  # fmt: skip
        self._write(status, json.dumps(content).encode(), headers, cut=cut)

    def _write(
        self, status: int, body: bytes, headers: Iterable[tuple[str, str]], *, cut: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:-8] if cut else body)


def _split(path: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(path)
    return parts.path, dict(parse_qsl(parts.query))
