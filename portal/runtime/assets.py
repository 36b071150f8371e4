"""The browser files that we did not write: fetched by the lock file, checked by hash, never committed.

They are taken out of wheels with pip, so that whatever index or mirror installs the requirements has them too.
"""

import base64
import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]  # ships no types

from portal.runtime.errors import StartError

STATIC = Path(__file__).resolve().parents[2] / "static"
_COMPRESSED = {".css", ".js", ".svg"}


class AssetError(StartError):
    """A browser file cannot be had or is not the one that was locked; the text says which."""


def ensure(static: Path = STATIC) -> list[Path]:
    """Have every file of `static`/assets.lock.json in place with the locked hash; returns those that were fetched."""
    locked = json.loads((static / "assets.lock.json").read_text())["files"]
    missing = [entry for entry in locked if not is_right(static, entry)]
    for entry in missing:
        _fetch(static, entry)
    return [static / entry["target"] for entry in missing]


def is_right(static: Path, entry: dict[str, Any]) -> bool:
    """True when the file of a lock entry is there and has its hash."""
    try:
        return _sha384((static / entry["target"]).read_bytes()) == str(entry["sha384"])
    except OSError:
        return False


def compress(static: Path = STATIC) -> list[Path]:
    """Write .gz and .br beside the files that lack them or have older ones; returns the files that were compressed."""
    drop_stale(static)
    done = [path for path in _compressible(static) if not all(sibling.exists() for sibling in _siblings(path))]
    for path in done:
        content = path.read_bytes()
        for sibling, compressed in zip(
            _siblings(path), (gzip.compress(content), brotli.compress(content)), strict=True
        ):
            write(sibling, compressed)
    return done


def drop_stale(static: Path = STATIC) -> None:
    """Remove compressed files that are older than what they were made from; they would be served in its place."""
    for path in _compressible(static):
        for sibling in _siblings(path):
            if sibling.exists() and sibling.stat().st_mtime_ns <= path.stat().st_mtime_ns:
                sibling.unlink()


def _compressible(static: Path) -> list[Path]:
    return sorted(path for path in static.rglob("*") if path.suffix in _COMPRESSED and path.is_file())


def _siblings(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + ".gz"), path.with_name(path.name + ".br")


def _fetch(static: Path, entry: dict[str, Any]) -> None:
    wheel = entry["wheel"]
    with tempfile.TemporaryDirectory(prefix="portal-assets-") as folder:
        requirement = Path(folder) / "requirements.txt"
        requirement.write_text(f"{wheel['project']}=={wheel['version']} --hash=sha256:{wheel['sha256']}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--quiet", "--no-deps", "--require-hashes"]
        command += ["--only-binary", ":all:", "--dest", folder, "--requirement", str(requirement)]
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        found = list(Path(folder).glob("*.whl"))
        if done.returncode != 0 or len(found) != 1:
            raise AssetError(f"{entry['name']} {entry['version']} could not be fetched; pip's reason stands above.")
        content = _member(found[0], wheel["path"])
    if _sha384(content) != entry["sha384"]:
        raise AssetError(f"{entry['name']} {entry['version']} is not the file that was locked. It was not installed.")
    write(static / entry["target"], content)


def _member(wheel: Path, path: str) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(path)
    except (KeyError, zipfile.BadZipFile) as error:
        raise AssetError(f"{wheel.name} does not hold {path}.") from error


def write(path: Path, content: bytes) -> None:
    """Replace `path` in one step, readable for everyone: a half-written script is never served."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    os.chmod(draft, 0o644)
    os.replace(draft, path)


def _sha384(content: bytes) -> str:
    return base64.b64encode(hashlib.sha384(content).digest()).decode()
