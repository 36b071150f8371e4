"""Real SFTP peers: OpenSSH's own sshd, OpenSSH's sftp-server behind a door with a password, and lines that break."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

SSHD = shutil.which("sshd", path=f"/usr/sbin:/usr/local/sbin:{os.environ.get('PATH', '')}")
_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/lib/ssh/sftp-server", "/usr/libexec/openssh/sftp-server")
_MORE = ("/usr/libexec/sftp-server", "/usr/lib/sftp-server")
SFTP_SERVER = next((path for path in (*_SERVERS, *_MORE) if os.access(path, os.X_OK)), None)
MISSING = "OpenSSH's sshd and sftp-server were not found, so nothing was taken over SFTP. Install openssh-server."
PASSWORD = "A-password-9-of-tests"


@dataclass(slots=True)
class Peer:
    """A server at a port of this machine; `folder` is what it shows to whoever signs in as `username`."""

    port: int
    folder: Path
    username: str
    tried: list[str] = field(default_factory=list)  # passwords that came in


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def sshd(folder: Path, keys: Path, public_key: str, *, port: int, kind: str = "ssh-ed25519") -> Iterator[Peer]:
    """OpenSSH's sshd as this user, with a host key made now; who has the key `public_key` may come in."""
    assert SSHD and SFTP_SERVER
    keys.mkdir(parents=True, exist_ok=True)
    size = {"key_size": 2048} if kind == "ssh-rsa" else {}
    made = asyncssh.generate_private_key(kind, None, **size)
    made.write_private_key(str(keys / "host"))
    (keys / "host").chmod(0o600)
    (keys / "known").write_text(public_key)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where root's sshd insists on an empty folder
    settings = {
        "Port": port, "ListenAddress": "127.0.0.1", "HostKey": keys / "host", "AuthorizedKeysFile": keys / "known",
        "PidFile": "none", "UsePAM": "no", "StrictModes": "no", "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no", "PermitRootLogin": "prohibit-password",
        "Subsystem": f"sftp {SFTP_SERVER} -d {folder}",
    }  # fmt: skip
    (keys / "config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    with (keys / "log").open("wb") as log:
        process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(keys / "config")], stdin=subprocess.DEVNULL, stderr=log)
    try:
        _answering(process, port, keys / "log")
        yield Peer(port, folder, pwd.getpwuid(os.geteuid()).pw_name)
    finally:
        process.terminate()
        process.wait(10)


def _answering(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert process.poll() is None, log.read_text(errors="replace")
        time.sleep(0.05)
    raise AssertionError(f"sshd did not start: {log.read_text(errors='replace')}")


class _Session(asyncssh.SSHServerSession[bytes]):
    """The subsystem sftp, served by OpenSSH's program."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._sent = folder, asyncio.Queue[bytes]()

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    def subsystem_requested(self, subsystem: str) -> bool:
        return subsystem == "sftp"

    def session_started(self) -> None:
        self._work = asyncio.ensure_future(self._serve())

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._sent.put_nowait(data)

    async def _serve(self) -> None:
        pipe = asyncio.subprocess.PIPE
        command = (str(SFTP_SERVER), "-d", str(self._folder))
        program = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        assert program.stdin and program.stdout
        pump = asyncio.ensure_future(self._pass_on(program.stdin))
        try:
            while data := await program.stdout.read(65_536):
                self._channel.write(data)
        finally:
            pump.cancel()
            program.stdin.close()
            await program.wait()

    async def _pass_on(self, to: asyncio.StreamWriter) -> None:
        while True:
            to.write(await self._sent.get())

    def connection_lost(self, exc: Exception | None) -> None:
        self._work.cancel()


class _Door(asyncssh.SSHServer):
    def __init__(self, tried: list[str], folder: Path) -> None:
        self._tried, self._folder = tried, folder

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._tried.append(password)
        return password == PASSWORD

    def session_requested(self) -> asyncssh.SSHServerSession[bytes]:
        return _Session(self._folder)


async def _end(acceptor: asyncssh.SSHAcceptor) -> None:
    acceptor.close()
    await acceptor.wait_closed()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.1)  # transports close at the loop's next rounds


@contextmanager
def door(folder: Path) -> Iterator[Peer]:
    """OpenSSH's sftp-server behind a door that asks for `PASSWORD` and remembers what it was told."""
    assert SFTP_SERVER
    loop, tried = asyncio.new_event_loop(), list[str]()

    async def listen() -> asyncssh.SSHAcceptor:
        keys = [asyncssh.generate_private_key("ssh-ed25519")]
        return await asyncssh.create_server(
            lambda: _Door(tried, folder), "127.0.0.1", 0, server_host_keys=keys, encoding=None
        )

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    try:
        yield Peer(acceptor.get_port(), folder, "reader", tried)
    finally:
        asyncio.run_coroutine_threadsafe(_end(acceptor), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class Line:
    """A line to another port that can break or fall silent after so many bytes from there."""

    def __init__(self, to: int) -> None:
        self._to, self._listener = to, socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.breaks_after: int | None = None
        self.silent_after: int | None = None
        self.carried = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                threading.Thread(target=self._carry, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._carry, args=(far, near, True), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        here = 0
        with suppress(OSError):
            while data := source.recv(16_384):
                if counted:
                    here += len(data)
                    if self.breaks_after is not None and here > self.breaks_after:
                        break
                    if self.silent_after is not None and here > self.silent_after:
                        time.sleep(30)
                        break
                    self.carried += len(data)
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
