"""The file of an archived month: of any length, unreadable without its key, and no byte is changed or lost unseen."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portal.compliance.retention import files
from portal.config import Settings


@pytest.fixture
def told() -> list[dict[str, Any]]:
    chance = random.Random(7)
    return [{"n": n, "noise": chance.randbytes(400).hex()} for n in range(3000)]


@pytest.fixture
def file(tmp_path: Path, told: list[dict[str, Any]]) -> Path:
    path = tmp_path / "archive" / "one.portal-log"
    files.write(path, told)
    return path


def test_what_was_written_is_read(file: Path, told: list[dict[str, Any]]) -> None:
    assert list(files.read(file)) == told
    assert file.stat().st_size > 4 * 256 * 1024, "of several pieces"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert b"noise" not in file.read_bytes()


@pytest.mark.parametrize("place", [30, 100, 300_000, -1])
def test_a_changed_byte(file: Path, place: int) -> None:
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)
    with pytest.raises(files.Unreadable):
        list(files.read(file))


@pytest.mark.parametrize("kept", [10, 100, 262_300, 600_000])
def test_a_file_that_was_cut_off(file: Path, kept: int) -> None:
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(files.Unreadable):
        list(files.read(file))


def test_a_file_that_was_cut_off_between_two_pieces_and_one_whose_pieces_were_exchanged(file: Path) -> None:
    data = file.read_bytes()
    head, body = data[: data.index(b"\n") + 1], data[data.index(b"\n") + 1 :]
    length = 4 + int.from_bytes(body[:4], "big")
    for wrong in (body[:length], body[length : 2 * length] + body[:length] + body[2 * length :]):
        file.write_bytes(head + wrong)
        with pytest.raises(files.Unreadable):
            list(files.read(file))


def test_another_key(file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    name = settings.field_keys[-1][0]
    other = replace(settings, secrets=replace(settings.secrets, field_keys=((name, bytes(range(32))),)))
    monkeypatch.setattr(files, "load_settings", lambda: other)
    with pytest.raises(files.Unreadable):
        list(files.read(file))
    without = replace(settings, secrets=replace(settings.secrets, field_keys=(("other", bytes(range(32))),)))
    monkeypatch.setattr(files, "load_settings", lambda: without)
    with pytest.raises(files.Unreadable, match=f"needs the field key {name}"):
        list(files.read(file))


def test_a_newer_key_in_front_does_not_matter(
    tmp_path: Path, told: list[dict[str, Any]], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = (("newer", bytes(range(32))), *settings.field_keys)
    rotated = replace(settings, secrets=replace(settings.secrets, field_keys=keys))
    with monkeypatch.context() as patch:
        patch.setattr(files, "load_settings", lambda: rotated)
        files.write(tmp_path / "one.portal-log", told)
    assert list(files.read(tmp_path / "one.portal-log")) == told


def test_one_that_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield {"n": 1}
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        files.write(tmp_path / "one.portal-log", broken())
    assert list(tmp_path.iterdir()) == []


def test_any_other_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello\n")
    with pytest.raises(files.Unreadable, match="no archive"):
        list(files.read(tmp_path / "x"))
