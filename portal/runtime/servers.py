"""The embedded servers together: which are needed, and having them for the length of a command."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from portal.config import Settings
from portal.runtime import children, folders, locks, postgres, valkey

STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Server:
    """One embedded server; `start` returns its process once it answers."""

    name: str
    start: Callable[[], children.Process]
    answers: Callable[[], bool]
    stop_signal: signal.Signals


def embedded(settings: Settings) -> list[Server]:
    """The servers that these settings ask to embed, in the order in which they start."""
    servers = []
    if settings.embedded_postgres:
        servers.append(
            Server(
                "postgres", lambda: postgres.start(settings), lambda: postgres.answers(settings), postgres.STOP_SIGNAL
            )
        )
    if settings.embedded_valkey:
        servers.append(
            Server("valkey", lambda: valkey.start(settings), lambda: valkey.answers(settings), valkey.STOP_SIGNAL)
        )
    return servers


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """Have the servers for the length of a command: those that run are used, else they are started and stopped after.

    Raises FolderError, PostgresError, ValkeyError or DataInUseError, each with a sentence for the person.
    """
    servers = embedded(settings)
    if not servers:
        yield
        return
    with locks.using(settings.data, lambda: all(server.answers() for server in servers)) as ours:
        if not ours:
            folders.check_socket_base(settings.socket_folder, settings.data)
            yield
            return
        with ExitStack() as stack, started(servers):
            yield
            # Others may have come to use them too: stop after the last one is done, and let none begin while stopping.
            stack.enter_context(locks.without_users(settings.data))


@contextmanager
def started(servers: list[Server]) -> Iterator[dict[str, children.Process]]:
    """Start the servers, yield their processes by name, and stop them in reverse order."""
    processes: dict[str, children.Process] = {}
    try:
        for server in servers:
            processes[server.name] = server.start()
        yield processes
    finally:
        for server in reversed(servers):
            if server.name in processes:
                children.end(processes[server.name], server.stop_signal, STOP_SECONDS)
