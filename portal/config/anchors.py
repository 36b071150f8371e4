"""Where the seals of the log are told of outside the database: `PORTAL_ANCHOR`."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from portal.config.kept import SettingsError

_HOW_TO = (
    "PORTAL_ANCHOR must be one or more of these, with commas between: file:/mnt/anchor (a folder's path), "
    "mail:seals@archive.example, s3:https://key:secret@store.example/bucket?region=us-east-1 (a bucket "
    "with object lock; write , in the secret as %2C)."
)


@dataclass(frozen=True, slots=True, repr=False)
class Store:
    """A bucket of an S3 store, with object lock."""

    host: str
    secure: bool
    bucket: str
    key: str
    secret: str
    region: str


@dataclass(frozen=True, slots=True, repr=False)
class Anchors:
    """The folder to which every seal is added, and who else is told of the newest."""

    folder: Path
    mail: str | None = None
    store: Store | None = None


def read_anchors(text: str, folder: Path) -> Anchors:
    """What `text` names; `folder` where it names none. Raises `SettingsError`."""
    made = Anchors(folder)
    named = [part.strip().partition(":")[::2] for part in text.split(",") if part.strip()]
    if len({kind for kind, _ in named}) < len(named):
        raise SettingsError(f"PORTAL_ANCHOR names a place of the same kind twice. {_HOW_TO}")
    for kind, place in named:
        if kind == "file" and place.startswith("/"):
            made = Anchors(Path(place).resolve(), made.mail, made.store)
        elif kind == "mail" and place.count("@") == 1 and not set(place) & set(' <>"\r\n'):
            made = Anchors(made.folder, place, made.store)
        elif kind == "s3":
            made = Anchors(made.folder, made.mail, _store(place))
        else:
            raise SettingsError(_HOW_TO)
    return made


def _store(place: str) -> Store:
    try:
        parts = urlsplit(place)
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        raise SettingsError(_HOW_TO) from None
    bucket, (word, _, region) = parts.path.strip("/"), parts.query.partition("=")
    if parts.scheme not in ("http", "https") or not (host and bucket and parts.username and parts.password):
        raise SettingsError(_HOW_TO)
    if "/" in bucket or (parts.query and (word != "region" or not region)):
        raise SettingsError(_HOW_TO)
    secure = parts.scheme == "https"
    return Store(host, secure, bucket, unquote(parts.username), unquote(parts.password), region or "us-east-1")
