"""Watches the whole run for what must stand nowhere: Medicare numbers, members' names, passwords of the tests' world.

Every worker reads along while its tests run: log records with their tracebacks, error pages and addresses that pages
lead to, and after each test what the queue holds, unpacked. At its end the first process reads the log files, mails and
temporary folders of the run. One hit anywhere fails the run.
"""

from __future__ import annotations

import base64
import email
import email.policy
import fcntl
import json
import logging
import os
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from portal.core.scratch import PREFIX
from tests.support import servers

# Members of the world are called Qfirst… and Qlast…; Medicare numbers of the tests are of this series; all users have
# one password.
FORBIDDEN = {
    "a Medicare number": re.compile(r"(?<![0-9A-Za-z])[1-9]EG4-?TE5-?MK\d\d(?![0-9A-Za-z])", re.IGNORECASE),
    "a member's name": re.compile(r"\bQ(?:first|last)(?:amy|nora|pat|lee|lou|ali)\b", re.IGNORECASE),
    "a password": re.compile(re.escape(servers.PASSWORD)),
}
# Pages that show what was sent: a form that was not accepted stands beside its records.
SHOWS_ITS_FORM = (409, 422)
LOGS = ("*.log", "*.log.*")
_KEY = "sentinels"


def found_in(text: str) -> Iterator[str]:
    """What of it is forbidden, by kind; never the value."""
    for kind, pattern in FORBIDDEN.items():
        if pattern.search(text):
            yield kind


def unpacked(value: bytes) -> str:
    """A stored value as text, decompressed where it is compressed, as RQ's payloads and failures are."""
    with suppress(zlib.error):
        value = zlib.decompress(value)
    with suppress(zlib.error, ValueError):
        value = zlib.decompress(base64.b64decode(value, validate=True))
    return value.decode(errors="replace")


class Watch(logging.Handler):
    """The hits of one process: "where: what"."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.hits: dict[str, None] = {}

    def look(self, where: str, text: str) -> None:
        """Read `text`; what is forbidden in it is a hit."""
        during = os.environ.get("PYTEST_CURRENT_TEST", "the end of the run").partition("[")[0]
        for kind in found_in(text):
            self.hits[f"{where} shows {kind} ({during})"] = None

    def emit(self, record: logging.LogRecord) -> None:
        """A log record, with its traceback as a log file would have it."""
        self.look(f"The log of {record.name}", self.format(record))

    def answer(self, status: int, location: str | None, body: bytes) -> None:
        """An answer of the application: error pages and addresses name nobody."""
        if status >= 400 and status not in SHOWS_ITS_FORM:
            self.look(f"The page {status}", body.decode(errors="replace"))
        self.look("An address that a page leads to", location or "")

    def queue(self) -> None:
        """Everything that the queue's server holds for this process."""
        from redis import Redis
        from redis.exceptions import RedisError

        try:
            with Redis.from_url(os.environ["REDIS_URL"], socket_timeout=2, socket_connect_timeout=0.2) as client:
                for key in client.scan_iter(count=1000) if client.dbsize() else ():
                    self.look("A key of the queue", key.decode(errors="replace"))
                    for part in parts_of(client, key):
                        self.look(f"The queue under {key.decode(errors='replace').split(':')[:2]}", unpacked(part))
        except RedisError:
            return  # it was stopped by its test, or was never started


def parts_of(client: Any, key: bytes) -> Iterable[bytes]:
    """All that the queue's server holds under `key`."""
    kind = client.type(key).decode()
    if kind == "hash":
        return [part for pair in client.hgetall(key).items() for part in pair]
    if kind == "list":
        return list(client.lrange(key, 0, -1))
    if kind == "set":
        return list(client.smembers(key))
    if kind == "zset":
        return list(client.zrange(key, 0, -1))
    if kind == "stream":
        return [part for _, entry in client.xrange(key) for pair in entry.items() for part in pair]
    return [client.get(key) or b""] if kind == "string" else []


WATCH = Watch()


class Plugin:
    """The watch as part of a test run, in every process of it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.told: list[str] = []
        logging.getLogger().addHandler(WATCH)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """After a test that had servers: what it left in the queue."""
        if {"app", "database", "store"} & set(getattr(item, "fixturenames", ())):
            WATCH.queue()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """In the first process: what a worker has seen."""
        self.told += getattr(node, "workeroutput", {}).get(_KEY, [])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker tells what it has seen; the first process fails the run where anything was."""
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput[_KEY] = list(WATCH.hits)
            return
        look_at_files(WATCH, _folders(self.config))
        self.told += WATCH.hits
        if self.told and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The hits, without their values."""
        for line in sorted(set(self.told)):
            terminalreporter.write_line(f"SENTINEL {line}", red=True)


def _folders(config: pytest.Config) -> list[Path]:
    made = [Path(os.environ[servers.FOLDER])] if servers.FOLDER in os.environ else []
    factory = getattr(config, "_tmp_path_factory", None)
    base = getattr(factory, "_basetemp", None)
    return [*made, *([Path(base)] if base else [])]


def look_at_files(watch: Watch, folders: Iterable[Path]) -> None:
    """The logs and mails below `folders`, and private folders that outlived their process."""
    for folder in folders:
        for pattern in LOGS:
            for path in folder.rglob(pattern):
                watch.look(f"The log file {path.name}", _without_demo_logins(path.read_text(errors="replace")))
        for path in folder.rglob("*.eml"):
            watch.look("A mail", words_of(path.read_bytes()))
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/*"):
        if path.is_file() and not _held(path.parent):
            watch.look("A private folder", path.read_text(errors="replace"))


def _held(folder: Path) -> bool:
    """Whether a living process works in it: that of another run on this machine."""
    with suppress(FileNotFoundError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
    return False


def _without_demo_logins(text: str) -> str:
    # A demo says its users' password on the terminal; that is what it is for.
    return "\n".join(line for line in text.splitlines() if not line.startswith("Every demo password is: "))


def words_of(mail: bytes) -> str:
    """Headers and text of a mail, decoded."""
    message = email.message_from_bytes(mail, policy=email.policy.default)
    headers = json.dumps({name: str(value) for name, value in message.items()}, ensure_ascii=False)
    parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([headers, *map(str, parts)])
