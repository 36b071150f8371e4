"""`make run`: from nothing to an address and sign-ins, and back to nothing."""

import http.client
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path

from portal.config import Settings, SettingsError, load_settings
from portal.runtime import assets, children, locks, servers, supervisor
from portal.runtime.errors import StartError
from portal.runtime.supervisor import Child, say

ROOT = Path(__file__).resolve().parents[2]


class PortTakenError(StartError):
    """Another program listens on our port; the text says which and what to do."""


def run() -> None:
    """Start everything and keep it alive until we are asked to stop; returns when nothing is left running."""
    os.environ.setdefault("PORTAL_DEMO", "1")
    os.umask(0o077)
    settings = settings_or_sentence()
    try:
        with supervisor.stopping() as stop, locks.owning(settings.data, port=settings.port):
            _check_port(settings.port)
            assets.ensure()
            assets.compress()
            _with_servers(settings, stop)
    except supervisor.Stopped:
        pass
    say("Stopped. The data are kept.")


def upgrade_only() -> None:
    """Bring the database to this version, with the servers that run or with embedded ones for that long."""
    from portal.runtime import upgrade  # needs SQLAlchemy's whole machinery; nothing else here does

    settings = settings_or_sentence()
    with servers.running(settings):
        upgrade.upgrade(settings)


def settings_or_sentence() -> Settings:
    """The process's settings; raises StartError with what must be set."""
    try:
        return load_settings()
    except SettingsError as error:
        raise StartError(str(error)) from error


def _with_servers(settings: Settings, stop: supervisor.Stop) -> None:
    embedded = servers.embedded(settings)
    with servers.started(embedded) as processes:
        _prepare_data(settings)
        tree = [
            Child(each.name, each.start, each.stop_signal, last=True, process=processes[each.name]) for each in embedded
        ]
        supervisor.supervise([*tree, *_own_children(settings)], stop, _announcement(settings))


def _prepare_data(settings: Settings) -> None:
    # Only now: both need the database, and what they import is not needed to start it.
    from portal.demo import load
    from portal.factory import create_app
    from portal.runtime import upgrade

    say("Bringing the database up to date …")
    upgrade.upgrade(settings)
    if settings.demo:
        load.ensure(create_app(settings), settings, say)


def _own_children(settings: Settings) -> list[Child]:
    worker, relay = [sys.executable, "-m", "tasks.worker"], [sys.executable, "-m", "tasks.relay"]
    workers = [_child(f"worker-{number}", worker) for number in range(1, settings.workers + 1)]
    sealer = _child("sealer", [sys.executable, "-m", "tasks.sealer"])
    web = _child("web", web_command(settings.port))
    return [_child("relay", relay, frozen_seconds=10.0), *workers, sealer, web]


def web_command(port: int) -> list[str]:
    """How the web is started."""
    return [
        *(sys.executable, "-m", "gunicorn", "wsgi:app", "--worker-class", "gthread", "--workers", "2"),
        *("--threads", "8", "--bind", f"127.0.0.1:{port}", "--no-control-socket"),
        *("--graceful-timeout", "8", "--timeout", "60", "--log-level", "warning"),
        *("--limit-request-line", "4094", "--limit-request-fields", "60", "--limit-request-field_size", "8190"),
        # Whom to believe about who asked is said by PORTAL_PROXIES alone; else it believes whoever is on this machine.
        *("--forwarded-allow-ips", ""),
    ]


def _child(name: str, command: list[str], frozen_seconds: float = 60.0) -> Child:
    start = partial(children.start, command, last_signal=signal.SIGTERM, cwd=ROOT)
    return Child(name, start, frozen_seconds=frozen_seconds)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTakenError(
                f"Port {port} cannot be used ({error.strerror}). Nothing was started. "
                f"Stop the program that uses it, or choose another one: PORT={port % 65535 + 1} make run"
            ) from error


def _announcement(settings: Settings) -> Callable[[], None]:
    """What says the address and the sign-ins, once, when the web answers."""
    said = False

    def look() -> None:
        nonlocal said
        if said or not web_answers(settings.port):
            return
        said = True
        say(f"The portal is at http://127.0.0.1:{settings.port}  (Ctrl-C stops it)")
        logins = settings.data / "demo-logins.txt"
        if settings.demo and logins.exists():
            print(logins.read_text().rstrip(), flush=True)

    return look


def web_answers(port: int) -> bool:
    """Whether the web takes requests."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
