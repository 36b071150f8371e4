"""wapiti and sqlmap in an environment of their own: they want other versions of what the portal runs on."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = Path(__file__).with_name("requirements.txt")
VENV = ROOT / ".scanners"
# Not: what asks servers on the internet or knows the weaknesses of other products by their paths; nor LDAP, which the
# portal does not speak.
MODULES = (
    "backup,cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,methods,permanentxss,redirect,sql,timesql,"
    "upload,xss"
)


class Missing(Exception):
    """The scanners cannot be had here; the text says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a scanner takes for a weakness."""

    tool: str
    kind: str
    method: str
    path: str
    parameter: str
    info: str

    def __str__(self) -> str:
        return f"{self.tool}: {self.kind}: {self.method} {self.path} [{self.parameter}] {self.info}"


def program(name: str) -> str:
    """The path of a scanner, installed by the lock the first time; raises `Missing`."""
    wanted, stamp = hashlib.sha256(LOCK.read_bytes()).hexdigest(), VENV / ".installed"
    held = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            _run([sys.executable, "-m", "venv", "--clear", str(VENV)])
            _run([str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK)])
            stamp.write_text(wanted)
    finally:
        os.close(held)
    return str(VENV / "bin" / name)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing(f"The scanners could not be installed: {done.stderr.strip()[-300:]}")


def wapiti(url: str, cookie: str | None, folder: Path, *, seconds: int, leave_out: list[str]) -> list[Finding]:
    """What wapiti finds from `url` on within `seconds`, as whoever has `cookie`."""
    report = folder / "wapiti.json"
    command = [program("wapiti"), "--url", url, "--module", MODULES, "--scope", "domain", "--depth", "4"]
    command += ["--max-scan-time", str(seconds // 2), "--max-attack-time", str(max(5, seconds // 12))]
    command += ["--max-links-per-page", "40", "--tasks", "4", "--timeout", "20", "--level", "1", "--verbose", "0"]
    command += ["--format", "json", "--output", str(report), "--flush-session", "--no-bugreport"]
    command += ["--store-session", str(folder / "session"), "--store-config", str(folder / "config")]
    command += [part for path in leave_out for part in ("--exclude", f"{url}{path}")]
    # A token of ours in a form is the page's own: wapiti sends it back as a browser does, and must not change it.
    command += ["--skip", "csrf_token", *(("--cookie-value", cookie) if cookie else ())]
    for _ in range(
        3
    ):  # it gives up altogether where a connection that it keeps is closed in the very moment of its use
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds * 3 + 120)
        if report.exists():
            break
    assert report.exists(), f"wapiti wrote no report: {done.stdout[-500:]} {done.stderr[-1000:]}"
    return list(_told(json.loads(report.read_text())))


def _told(report: dict[str, dict[str, list[dict[str, str]]]]) -> Iterator[Finding]:
    for group in ("vulnerabilities", "anomalies"):
        for kind, found in report[group].items():
            for one in found:
                yield Finding("wapiti", kind, one["method"], one["path"], one["parameter"] or "", one["info"])


def pages_seen(report: Path) -> int:
    """How many pages wapiti had looked at."""
    return int(json.loads(report.read_text())["infos"]["crawled_pages_nbr"])


def sqlmap(addresses: list[str], cookie: str | None, folder: Path, *, seconds: int) -> list[Finding]:
    """What sqlmap finds in the parameters of `addresses`."""
    listed = folder / "addresses.txt"
    listed.write_text("\n".join(addresses) + "\n")
    command = [program("sqlmap"), "-m", str(listed), "--batch", "--dbms", "postgresql", "--level", "1", "--risk", "1"]
    command += ["--technique", "BEUT", "--time-sec", "3", "--threads", "4", "--timeout", "20", "--retries", "1"]
    command += ["--time-limit", str(seconds), "--disable-coloring", "--output-dir", str(folder / "sqlmap")]
    command += ["--flush-session", "--smart", *(("--cookie", cookie) if cookie else ())]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=seconds + 120, stdin=subprocess.DEVNULL
    )
    assert "testing URL" in done.stdout or "testing" in done.stdout, done.stdout[-1000:] + done.stderr[-1000:]
    found = []
    for results in (folder / "sqlmap").glob("results-*.csv"):
        with results.open(newline="") as file:
            for row in csv.DictReader(file):
                if row["Technique(s)"]:
                    where = (row["Place"], row["Target URL"], row["Parameter"], row["Technique(s)"])
                    found.append(Finding("sqlmap", "SQL injection", *where))
    return found
