"""The watch over the whole run sees what it is there for."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from redis import Redis

from portal.core.scratch import PREFIX
from tests.support import servers
from tests.support.sentinels import Watch, look_at_files, words_of

ROOT = Path(__file__).resolve().parents[2]
# Put together, so that this file's own tracebacks do not show them.
NUMBER, NAME, PASSWORD = "1EG4" + "TE5MK73", "Qlast" + "amy", servers.PASSWORD


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.mark.parametrize(
    "text",
    [NUMBER, f"{NUMBER[:4]}-{NUMBER[4:7]}-{NUMBER[7:]}", NUMBER.lower(), NAME, PASSWORD],
    ids=["number", "with dashes", "small letters", "name", "password"],
)
def test_a_log_record_is_read_with_its_traceback(watch: Watch, text: str) -> None:
    watch.emit(logging.LogRecord("portal.x", logging.WARNING, "f", 1, "fine", (), None))
    assert watch.hits == {}
    try:
        raise ValueError(f"invalid input: {text!r}")
    except ValueError:
        watch.emit(logging.LogRecord("portal.x", logging.WARNING, "f", 1, "failed", (), sys.exc_info()))
    [hit] = watch.hits
    assert text not in hit


def test_error_pages_and_addresses_are_read(watch: Watch) -> None:
    watch.answer(200, None, f"{NUMBER} {NAME}".encode())
    watch.answer(422, "/crm/contacts", NAME.encode())
    assert watch.hits == {}
    watch.answer(404, None, NAME.encode())
    watch.answer(303, f"/crm/contacts?q={NAME}", b"")
    assert len(watch.hits) == 2


def test_the_queue_is_read_unpacked(watch: Watch, database: None) -> None:
    client = Redis.from_url(os.environ["REDIS_URL"])
    try:
        watch.queue()
        assert watch.hits == {}
        client.hset("rq:job:watched", mapping={"data": zlib.compress(f'["{NUMBER}"]'.encode()), "status": "failed"})
        watch.queue()
        assert len(watch.hits) == 1
        client.set(f"limit/{NAME}", "1")
        watch.queue()
        assert len(watch.hits) == 2
    finally:
        client.delete("rq:job:watched", f"limit/{NAME}")
        client.close()


def test_files_are_read(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "postgres.log").write_text(
        f"ERROR: invalid input syntax: {NUMBER}\nEvery demo password is: {PASSWORD}\n"
    )
    mail = f"Subject: =?utf-8?q?Qlast=61my?=\nContent-Type: text/plain\n\nHello {PASSWORD}\n"
    (tmp_path / "1.eml").write_text(mail)
    assert NAME in words_of(mail.encode())
    left = Path(os.environ.get("TMPDIR", "/tmp")) / f"{PREFIX}sentinel"
    left.mkdir()
    try:
        (left / "file").write_text(NUMBER)
        look_at_files(watch, [tmp_path])
    finally:
        # Or the watch over this very run would find them.
        for path in (left / "file", tmp_path / "1.eml", tmp_path / "deep" / "postgres.log"):
            path.unlink()
        left.rmdir()
    assert len(watch.hits) == 4


@pytest.mark.parametrize("arguments", [["-n", "0"], ["-n", "1"]])
def test_one_hit_fails_a_run_that_passes_otherwise(tmp_path: Path, arguments: list[str]) -> None:
    leak = ROOT / "tests" / "runtime" / f"test_leak_{os.getpid()}.py"
    leak.write_text('import logging\n\ndef test_leaks():\n    logging.warning("1EG4" + "TE5MK73")\n')
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, str(leak)],
            cwd=ROOT, env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        leak.unlink()
    assert done.returncode == 1, done.stdout
    assert "1 passed" in done.stdout
    assert "SENTINEL The log of root shows a Medicare number" in done.stdout
    assert NUMBER not in done.stdout
