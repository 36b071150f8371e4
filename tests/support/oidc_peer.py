"""A certified OpenID provider as a real peer: the npm package oidc-provider, which only `.ci/run` installs."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.oidc import CLIENT, SECRET
from tests.support.sftp import free_port

FOLDER = Path(__file__).resolve().parents[1] / "peers" / "oidc"
NODE = shutil.which("node") or shutil.which("nodejs")
MISSING = (
    "Node or the npm package oidc-provider was not found, so nobody signed in at a real provider. Install nodejs and"
    " npm, then run npm ci in tests/peers/oidc."
)


@dataclass(frozen=True, slots=True)
class Peer:
    """The provider at `issuer`; whoever signs in there is the name that they type."""

    issuer: str
    client: str = CLIENT
    secret: str = SECRET


def there_or_skip() -> None:
    """A machine without the peer skips, loudly, and CI fails."""
    if NODE and (FOLDER / "node_modules" / "oidc-provider").is_dir():
        return
    if os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    pytest.skip(MISSING)


@contextmanager
def running(portal: str, slug: str, log: Path) -> Iterator[Peer]:
    """The provider for the portal at `portal`, whose FMO `slug` is its client."""
    assert NODE
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    command = [NODE, "server.mjs", str(port), portal, CLIENT, SECRET, slug]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=FOLDER, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        try:
            _answering(process, f"{issuer}/.well-known/openid-configuration", log)
            yield Peer(issuer)
        finally:
            process.terminate()
            process.wait(10)


def _answering(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(200):
        with suppress(OSError), urlopen(address, timeout=1):
            return
        assert process.poll() is None, log.read_text(errors="replace")
        time.sleep(0.1)
    raise AssertionError(f"the provider did not start: {log.read_text(errors='replace')}")
