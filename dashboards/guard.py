"""The door of the server: finds the caller of every request and socket, or turns it away."""

import hashlib
import hmac
import ipaddress
import secrets
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.auth import CALLER, LOOPBACK, Caller, Role, TokenBook, caller_of, secret_of

COOKIE = "twin_session"
OPEN_PATHS = ("/healthz", "/readyz")
"""Probes carry no token."""
WRITE_PATH = "/api/v1/write"
"""All that the role source is let through to."""
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Say whether an address or name means this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """ASGI middleware that sets CALLER, or answers 401 or 403.

    Without a token only the loopback is let in, and only under a loopback name: a foreign
    page that points its own name at 127.0.0.1 is turned away. Requests that change
    something must come from our own pages or from no page at all. A browser signs in with
    the token as the password of basic authentication; since its websockets may not repeat
    that, it is given a cookie that holds until the server restarts.
    """

    def __init__(self, app: ASGIApp, tokens: TokenBook, trust_loopback: bool) -> None:
        self._app, self._tokens = app, tokens
        local_role = Role.SCHEDULER if trust_loopback else Role.VIEWER
        self._local = Caller(LOOPBACK, local_role)
        self._key = secrets.token_bytes(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through with its caller known."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        caller, cookie = self._caller(scope, headers)
        if caller is None:
            await _refuse(scope, receive, send, 401, "a token is needed")
            return
        if not _same_origin(scope, headers):
            await _refuse(scope, receive, send, 403, "the request comes from another site")
            return
        if caller.role == Role.SOURCE and scope["path"] != WRITE_PATH:
            await _refuse(scope, receive, send, 403, "a source may write telemetry alone")
            return
        reset = CALLER.set(caller)
        try:
            await self._app(scope, receive, _with_cookie(send, cookie))
        finally:
            CALLER.reset(reset)

    def _caller(self, scope: Scope, headers: Headers) -> tuple[Caller | None, str]:
        """Return the caller and a cookie to set; the cookie is empty when none is due."""
        secret = secret_of(headers)
        if secret is not None:
            caller = caller_of(self._tokens(), secret)
            basic = headers["authorization"].lower().startswith("basic")
            return caller, self._cookie_for(secret) if caller and basic else ""
        known = self._session(headers.get("cookie", ""))
        if known is not None:
            return known, ""
        host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        local = is_loopback((scope.get("client") or ("",))[0]) and host in LOOPBACK_NAMES
        return (self._local if local else None), ""

    def _session(self, header: str) -> Caller | None:
        try:
            morsel = SimpleCookie(header).get(COOKIE)
        except CookieError:
            return None
        if morsel is None:
            return None
        for token in self._tokens():
            if hmac.compare_digest(self._seal(token.sha256), morsel.value):
                return Caller(token.name, Role[token.role.upper()])
        return None

    def _cookie_for(self, secret: str) -> str:
        return self._seal(hashlib.sha256(secret.encode()).hexdigest())

    def _seal(self, digest: str) -> str:
        return hmac.new(self._key, digest.encode(), hashlib.sha256).hexdigest()


def _same_origin(scope: Scope, headers: Headers) -> bool:
    """Say whether a request that may change something comes from our own pages."""
    if scope["type"] == "http" and scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return True
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _with_cookie(send: Send, cookie: str) -> Send:
    """Return a `send` that adds the session cookie to the answer."""
    if not cookie:
        return send

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            value = f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Strict"
            MutableHeaders(scope=message).append("set-cookie", value)
        await send(message)

    return sending


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    """Answer a problem document, or close the socket before it opens."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4003, "reason": why})
        return
    title = "Unauthorized" if status == 401 else "Forbidden"
    problem = {"type": "about:blank", "title": title, "status": status, "detail": why}
    headers = [(b"content-type", b"application/problem+json")]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="twin", charset="UTF-8"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(problem)})
