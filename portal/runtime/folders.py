"""The folders that only the embedded servers and we may enter, and the user the servers run as."""

import os
import pwd
import shutil
import struct
import subprocess
from pathlib import Path

from portal.runtime.errors import StartError

SERVER_USER = "portal-servers"

_ACL = "system.posix_acl_access"
_ACL_OWNER, _ACL_USER, _ACL_GROUP, _ACL_MASK, _ACL_OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_ACL_NOBODY = 0xFFFFFFFF
_SEARCH = 1


class FolderError(StartError):
    """A folder cannot be used safely; the text says which and what to do."""


def server_user(owned: Path) -> pwd.struct_passwd | None:
    """The user that servers with data in `owned` run as; None for our own user. Only root needs another one."""
    if os.geteuid() != 0:
        return None
    if owned.exists() and owned.stat().st_uid != 0:
        try:
            return pwd.getpwuid(owned.stat().st_uid)
        except KeyError:
            pass
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        return _new_user() or pwd.getpwnam("nobody")


def _new_user() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return None
    arguments = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    subprocess.run([useradd, *arguments, "--shell", "/usr/sbin/nologin", SERVER_USER], check=False, capture_output=True)
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        return None


def private_socket_folder(base: Path, data: Path, name: str, user: pwd.struct_passwd | None) -> Path:
    """`base`/`name`, mode 0700, the server's own; refuses a `base` that somebody else made or may write to."""
    # Root's servers run as another user, who must pass through `base` to reach the folder inside.
    mode = 0o700 if user is None else 0o711
    try:
        base.mkdir(mode=mode)
    except FileExistsError:
        check_socket_base(base, data)
    base.chmod(mode)
    return private_folder(base / name, user)


def check_socket_base(base: Path, data: Path) -> None:
    """Raise FolderError unless `base` is a plain folder of ours that nobody else may write to."""
    found = base.lstat()
    ours = {os.geteuid()}
    if os.geteuid() == 0 and data.exists():
        ours.add(data.stat().st_uid)
    if base.is_symlink() or not base.is_dir() or found.st_uid not in ours or found.st_mode & 0o022:
        raise FolderError(
            f"{base} is not a private folder of this user, so the servers' sockets are not put there. "
            "Nothing was started. Remove it, or start as the user who made it."
        )


def private_folder(path: Path, user: pwd.struct_passwd | None) -> Path:
    """`path`, made if missing, mode 0700 and owned by `user`."""
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    if user is not None and path.stat().st_uid != user.pw_uid:
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def let_through(target: Path, user: pwd.struct_passwd | None) -> None:
    """Let `user` reach `target`: folders above it that keep the user out get an entry for that one user."""
    if user is None or _reaches(target, user):
        return
    for folder in reversed(target.resolve().parents):
        if not _mode_lets(folder, user):
            _grant_search(folder, user)
    if not _reaches(target, user):
        raise FolderError(
            f"The servers' own user {user.pw_name} cannot reach {target}. Nothing was started. Put the project and "
            "PORTAL_DATA where other users may pass through, or start as a user who is not root."
        )


def _reaches(target: Path, user: pwd.struct_passwd) -> bool:
    command = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(target)]
    done = subprocess.run(command, check=False, cwd="/", user=user.pw_uid, group=user.pw_gid, extra_groups=[])
    return done.returncode == 0


def _mode_lets(folder: Path, user: pwd.struct_passwd) -> bool:
    found = folder.stat()
    if found.st_uid == user.pw_uid:
        return bool(found.st_mode & 0o100)
    return bool(found.st_mode & (0o010 if found.st_gid == user.pw_gid else 0o001))


def _grant_search(folder: Path, user: pwd.struct_passwd) -> None:
    """Search, not read, on one folder: for the one user where the file system has access lists, else for all."""
    mode = folder.stat().st_mode
    try:
        entries = _read_acl(folder, mode)
        entries[(_ACL_USER, user.pw_uid)] = _SEARCH
        group = entries[(_ACL_GROUP, _ACL_NOBODY)]
        entries[(_ACL_MASK, _ACL_NOBODY)] = entries.get((_ACL_MASK, _ACL_NOBODY), group) | _SEARCH
        packed = [struct.pack("<HHI", tag, bits, holder) for (tag, holder), bits in sorted(entries.items())]
        os.setxattr(folder, _ACL, struct.pack("<I", 2) + b"".join(packed))
    except (AttributeError, OSError):
        folder.chmod(mode | _SEARCH)


def _read_acl(folder: Path, mode: int) -> dict[tuple[int, int], int]:
    try:
        raw = os.getxattr(folder, _ACL)
    except OSError:
        plain = {_ACL_OWNER: mode >> 6 & 7, _ACL_GROUP: mode >> 3 & 7, _ACL_OTHER: mode & 7}
        return {(tag, _ACL_NOBODY): bits for tag, bits in plain.items()}
    return {(tag, holder): bits for tag, bits, holder in struct.iter_unpack("<HHI", raw[4:])}
