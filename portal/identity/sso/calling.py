"""Asking an identity provider over HTTPS, distrusting it: where it stands, how long it takes, how much it sends.

An FMO admin types the address and the portal stands inside somebody's network. The name is looked up once, every
address is judged, and exactly one that was judged is connected to. No redirect is followed, no proxy, password file or
cookie of the machine is used, and the whole answer must be there within a few seconds.
"""

from __future__ import annotations

import http.client
import ipaddress
import queue
import socket
import ssl
import threading
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import certifi
from requests import PreparedRequest, Response, Session
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from portal.config import load_settings
from portal.core.network import Address, is_public
from portal.identity.sso.refusals import Unreachable

PATIENCE = 5.0  # seconds for one answer, from the look-up to its last byte
LARGEST = 256 * 1024  # bytes: metadata and keys of the largest providers take a tenth of that
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def fit_for_use(url: str, what: str) -> str:
    """`url` if a browser or we may be sent there; raises `Unreachable` with a sentence that names `what`."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname in _LOOPBACK and load_settings().demo:
        return url  # a provider on this machine, for looking around with invented people
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.fragment:
        raise Unreachable("address", f"The address of the {what} must begin with https:// and name a host.")
    return url


def mount(session: Session) -> Session:
    """`session` with nothing of the machine's own settings, and with this module as its only way out."""
    session.trust_env = False
    session.adapters.clear()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Direct())
    return session


class _Direct(BaseAdapter):
    """How requests reaches a provider."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send it and read the whole answer; raises `Unreachable`."""
        url = fit_for_use(request.url or "", "identity provider")
        host = urlsplit(url).hostname or ""
        try:
            return _exchange(url, request)
        except Unreachable:
            raise
        except ssl.SSLError as error:
            raise Unreachable("certificate", f"The certificate of {host} is not valid for it.") from error
        except (OSError, http.client.HTTPException, ValueError) as error:  # what closing it under way ends in, too
            raise Unreachable("silent", f"{host} did not answer properly within {PATIENCE:.0f} seconds.") from error

    def close(self) -> None:
        """Nothing is kept open."""


def _exchange(url: str, request: PreparedRequest) -> Response:
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    connected = _dial(host, parts.port or (443 if secure else 80))
    # A provider that sends a byte now and then never lets one read time out: the clock closes the line.
    line = connected.dup()
    clock = threading.Timer(PATIENCE, _cut, (line,))
    clock.daemon = True
    clock.start()
    try:
        asked = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
        asked.sock = _trust().wrap_socket(connected, server_hostname=host) if secure else connected
        path = parts.path or "/"
        headers = {name: str(value) for name, value in request.headers.items()} | {"Accept-Encoding": "identity"}
        body = request.body.encode() if isinstance(request.body, str) else request.body
        assert body is None or isinstance(body, bytes)
        asked.request(request.method or "GET", f"{path}?{parts.query}" if parts.query else path, body, headers)
        return _answer(asked.getresponse(), host, request)
    finally:
        clock.cancel()
        line.close()
        connected.close()
        if secure and asked.sock is not None:
            asked.sock.close()


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _answer(came: http.client.HTTPResponse, host: str, request: PreparedRequest) -> Response:
    body = came.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise Unreachable("size", f"{host} sent more than {LARGEST // 1024} kB, which no identity provider needs to.")
    if came.length:  # http.client gives what came before the line was cut as if it were all
        raise Unreachable("silent", f"{host} did not answer properly within {PATIENCE:.0f} seconds.")
    answer = Response()
    answer.status_code, answer.reason = came.status, came.reason
    answer.headers = CaseInsensitiveDict(came.getheaders())
    answer.url, answer.request, answer.encoding = request.url or "", request, "utf-8"
    answer._content = body
    return answer


def ask(session: Session, method: str, url: str, **kwargs: Any) -> Response:
    """One request that follows no redirect."""
    return session.request(method, url, allow_redirects=False, timeout=PATIENCE, **kwargs)


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())  # a slim machine has no certificates of its own
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _dial(host: str, port: int) -> socket.socket:
    addresses = _looked_up(host, port)
    settings = load_settings()
    here = host in _LOOPBACK and settings.demo
    if not here and not settings.oidc_private and not all(is_public(one) for one in addresses):
        raise Unreachable(
            "private",
            f"{host} is an address inside a private network, which this portal does not connect to. Whoever runs the"
            " portal can allow it.",
        )
    for address in addresses[:3]:
        try:
            return socket.create_connection((str(address), port), PATIENCE / 2)
        except OSError:
            continue
    raise Unreachable("silent", f"{host} does not accept connections at port {port}.")


def _looked_up(host: str, port: int) -> list[Address]:
    """Addresses of `host`. The system's look-up cannot be told how long it may take, so it is left behind."""
    told: queue.Queue[list[Any]] = queue.Queue(1)

    def look() -> None:
        try:
            told.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError):
            told.put([])

    threading.Thread(target=look, daemon=True).start()
    try:
        found = told.get(timeout=PATIENCE)
    except queue.Empty:
        found = []
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    if not addresses:
        raise Unreachable("name", f"The name {host} was not found. Check how it is spelled.")
    return list(dict.fromkeys(addresses))
