"""Browser files: only what was locked is installed, and a compressed file never outlives its source."""

import base64
import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from portal.runtime import assets

CONTENT = b"var script = 1;"


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A static folder whose lock file names one wheel of our own, the only one that pip can find."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel = wheels / "invented_asset-1.0-py3-none-any.whl"
    metadata = "Metadata-Version: 2.1\nName: invented-asset\nVersion: 1.0\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("invented/script.js", CONTENT)
        archive.writestr("invented_asset-1.0.dist-info/METADATA", metadata)
        archive.writestr("invented_asset-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("invented_asset-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    folder = tmp_path / "static"
    folder.mkdir()
    _lock(folder, hashlib.sha256(wheel.read_bytes()).hexdigest(), CONTENT)
    return folder


def _lock(static: Path, wheel_hash: str, content: bytes) -> None:
    entry: dict[str, Any] = {
        "name": "script",
        "version": "1.0",
        "target": "vendor/script.js",
        "sha384": base64.b64encode(hashlib.sha384(content).digest()).decode(),
        "wheel": {"project": "invented-asset", "version": "1.0", "sha256": wheel_hash, "path": "invented/script.js"},
    }
    (static / "assets.lock.json").write_text(json.dumps({"files": [entry]}))


def _wheel_hash(static: Path) -> str:
    return str(json.loads((static / "assets.lock.json").read_text())["files"][0]["wheel"]["sha256"])


def test_a_file_is_fetched_once_and_again_when_it_was_changed(static: Path) -> None:
    target = static / "vendor" / "script.js"
    assert assets.ensure(static) == [target]
    assert target.read_bytes() == CONTENT
    assert assets.ensure(static) == []
    target.write_bytes(b"something else")
    assert assets.ensure(static) == [target]
    assert target.read_bytes() == CONTENT


def test_another_wheel_is_refused(static: Path) -> None:
    _lock(static, "0" * 64, CONTENT)
    with pytest.raises(assets.AssetError, match="could not be fetched"):
        assets.ensure(static)
    assert not (static / "vendor").exists()


def test_another_content_is_refused(static: Path) -> None:
    _lock(static, _wheel_hash(static), b"what we expected")
    with pytest.raises(assets.AssetError, match="not the file that was locked"):
        assets.ensure(static)
    assert not (static / "vendor").exists()


def test_compressed_files_follow_their_source(tmp_path: Path) -> None:
    sheet = tmp_path / "css" / "portal.css"
    sheet.parent.mkdir()
    sheet.write_text("a { color: red }")
    assert assets.compress(tmp_path) == [sheet]
    assert assets.compress(tmp_path) == []
    later = sheet.stat().st_mtime + 60
    os.utime(sheet, (later, later))
    assets.drop_stale(tmp_path)
    assert [path.name for path in sheet.parent.iterdir()] == ["portal.css"]


def test_the_lock_file_names_no_host() -> None:
    text = (assets.STATIC / "assets.lock.json").read_text()
    assert "://" not in text
    assert all(entry["licence"] for entry in json.loads(text)["files"])
