"""Peers of loading in a virtual environment of their own: dlt's merge, and a workbook read through openpyxl."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from sqlalchemy import make_url

from bench import report
from bench.servers import Place
from portal.connectors.readers import apart

_HERE = Path(__file__).parent / "peers"
_PATIENCE = 1800  # seconds


def interpreter(place: Place) -> Path | None:
    """The interpreter that has the peers' libraries, None where they cannot be had here."""
    folder = place.folder / "peers"
    python = folder / "bin" / "python"
    if python.exists():
        return python
    report.say("Installing what is compared with …")
    install = [str(python), "-m", "pip", "install", "-q", "-r", str(_HERE / "requirements.txt")]
    for command in ([sys.executable, "-m", "venv", str(folder)], install):
        done = subprocess.run(command, capture_output=True, check=False, text=True)
        if done.returncode:
            report.say(f"Not compared with dlt and openpyxl, which could not be installed: {done.stderr[-200:]}")
            return None
    return python


def dlt_merge(place: Place, python: Path, files: Sequence[Path]) -> list[float]:
    """The seconds that dlt takes to merge each file after the other, from an empty table on."""
    url = make_url(place.settings.setup_url).set(drivername="postgresql")
    url = url if url.host else url.set(host="localhost")
    command = [str(python), str(_HERE / "dlt_merge.py"), str(place.folder / "dlt"), url.render_as_string(False)]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, check=False, text=True)
    if done.returncode:
        report.say(f"dlt did not merge the files: {done.stderr[-300:]}")
        return []
    return [float(line) for line in done.stdout.split()]


@contextmanager
def read_by_openpyxl(python: Path) -> Iterator[None]:
    """Let workbooks be read by openpyxl, everything else being the portal's."""
    child = SimpleNamespace(TOO_WIDE=3, MAX_COLUMNS=500, __file__=str(_HERE / "openpyxl_child.py"))
    with (
        patch.object(apart, "child", child),
        patch.object(apart, "sys", SimpleNamespace(executable=str(python))),
        patch.object(apart, "_WALL_SECONDS", _PATIENCE),  # the portal would call the workbook damaged after less
    ):
        yield
