"""The secrets that a data folder keeps where nobody has set them: those of the demo and of the embedded servers."""

import base64
import fcntl
import json
import os
import secrets
from pathlib import Path


class SettingsError(Exception):
    """The environment cannot be used; the text says everything that must be set, and how to make it."""


def kept_secrets(data: Path, wanted: set[str]) -> dict[str, str]:
    """The secrets of this data folder, the wanted ones made if they are missing; two processes never make two."""
    path = data / "secrets.json"
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(data, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            kept = secrets_in(data)
            if wanted - kept.keys():
                kept |= {name: _new_secret(name) for name in sorted(wanted - kept.keys())}
                _write_private(path, json.dumps(kept, indent=2) + "\n")
        finally:
            os.close(folder)
    except OSError as error:
        raise SettingsError(f"The secrets kept in {path} cannot be written ({error}).") from error
    return kept


def secrets_in(data: Path) -> dict[str, str]:
    """The secrets that this data folder keeps; none where it keeps none."""
    path = data / "secrets.json"
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"The secrets kept in {path} cannot be read ({error}).") from error


def _new_secret(name: str) -> str:
    if name == "FIELD_KEYS":
        return "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(12 if name == "PORTAL_DEMO_PASSWORD" else 36)


def _write_private(path: Path, text: str) -> None:
    (draft := path.with_suffix(".new")).unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
