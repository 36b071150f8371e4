"""Typed settings, read from the environment once, checked before anything starts."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from environs import Env, EnvError, validate
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from portal.config.anchors import Anchors, read_anchors
from portal.config.kept import SettingsError as SettingsError
from portal.config.kept import kept_secrets, secrets_in

Login = Literal["identity", "fmo", "agent", "compliance", "emergency", "jobs", "sealer"]
LOGINS: tuple[Login, ...] = get_args(Login)
KEYS_LOGIN: Literal["keys"] = "keys"  # no request and no job uses it: rotating keys sees ciphertext alone
RETENTION_LOGIN: Literal["retention"] = "retention"  # sees no table at all: it may end a month of the log by policy
AnyLogin = Login | Literal["keys", "retention"]
EVERY_LOGIN: tuple[AnyLogin, ...] = (*LOGINS, KEYS_LOGIN, RETENTION_LOGIN)

EMBEDDED_DATABASE = "portal"
EMBEDDED_SETUP_LOGIN = "portal_setup"
MINIMUM_SECRET_LENGTH = 32
_WELL_KNOWN = ("changeme", "secretkey", "yoursecret", "password", "insecure", "default", "0123456789", "abcdefghij")
_HOW_TO = {
    "SECRET_KEY": """python3 -c 'import secrets; print(secrets.token_urlsafe(48))'""",
    "METRICS_TOKEN": """python3 -c 'import secrets; print(secrets.token_urlsafe(48))'""",
    "FIELD_KEYS": """python3 -c 'import base64, os; print("k1:" + base64.b64encode(os.urandom(32)).decode())'""",
}
_OR_DEMO = "\n  To look around with invented people only, set PORTAL_DEMO=1 instead: then they are made for you."
_FEWEST_DIFFERENT_BYTES = 16  # of 32; random ones have about 30


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one process; secrets are never part of its repr."""

    port: int
    data: Path
    demo: bool
    demo_seed: int
    demo_policies: int
    mail_url: str | None
    public_url: str  # where people reach the portal: what the links in mails begin with
    workers: int  # how many processes carry out jobs
    proxies: int  # how many of ours stand in front and are believed about who asked
    anchor: Anchors  # where number and hash of the log's seals are told of outside the database
    archive: Path  # the folder to which months of the log go before they leave the database
    inbox: Path  # below it every FMO has a folder from which carrier files are taken
    second_factor: str  # "required", or "relaxed": nobody has to hold a second factor, who does is asked for it
    sftp_private: bool  # whether an SFTP server may stand in a private network, this machine included
    oidc_private: bool  # whether an identity provider may stand in a private network
    embedded_postgres: bool
    embedded_valkey: bool
    secrets: "Secrets"
    given_database_url: str | None
    given_redis_url: str | None

    def __repr__(self) -> str:
        return f"Settings(port={self.port}, data={str(self.data)!r}, demo={self.demo})"

    @property
    def secret_key(self) -> str:
        """Key of cookies, tokens and of the passwords of the database logins."""
        return self.secrets.secret_key

    @property
    def field_keys(self) -> tuple[tuple[str, bytes], ...]:
        """(id, 32 bytes) of every field encryption key; the first encrypts, all decrypt."""
        return self.secrets.field_keys

    @property
    def seal_keys(self) -> tuple[tuple[str, bytes], ...]:
        """(id, 32 bytes) of every key given for signing seals; the first signs, all verify. None: one is derived."""
        return self.secrets.seal_keys

    @property
    def metrics_token(self) -> str:
        """Bearer token of /metrics."""
        return self.secrets.metrics_token

    @property
    def demo_password(self) -> str:
        """Password of every demo user; empty without PORTAL_DEMO."""
        return self.secrets.demo_password

    @property
    def socket_folder(self) -> Path:
        """Folder of the embedded servers' sockets: short, and the same for every process with this PORTAL_DATA."""
        # Not TMPDIR nor XDG_RUNTIME_DIR: two processes on the same data may see different ones, and both may be too
        # long for a socket's address. The runtime room checks the folder's owner and mode before it is used.
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path("/tmp") / f"portal-{name}"  # nosec B108

    @property
    def setup_url(self) -> str:
        """SQLAlchemy address of the login that may create logins and tables; only upgrade uses it."""
        return self._setup().render_as_string(hide_password=False)

    @property
    def redis_url(self) -> str:
        """Address of Valkey or Redis, as redis-py reads it."""
        return self.given_redis_url or f"unix://{self.socket_folder}/valkey/valkey.sock?db=0"

    def login_name(self, login: AnyLogin) -> str:
        """Name of a database login; it carries the database's name, because logins are shared by a whole server."""
        return f"{self._setup().database}_{login}"

    def login_password(self, login: AnyLogin) -> str:
        """Password of a database login, derived from SECRET_KEY, so that it is stored nowhere."""
        digest = hmac.digest(self.secret_key.encode(), f"db:{self.login_name(login)}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def database_url_for(self, login: AnyLogin) -> str:
        """SQLAlchemy address of the same database as the setup login's, for one of EVERY_LOGIN."""
        if login not in EVERY_LOGIN:
            raise ValueError(f"No database login is called {login!r}; there are {', '.join(LOGINS)}.")
        url = self._setup().set(username=self.login_name(login), password=self.login_password(login))
        return url.render_as_string(hide_password=False)

    def _setup(self) -> URL:
        if self.given_database_url:
            return make_url(self.given_database_url)
        return URL.create(
            "postgresql+psycopg",
            username=EMBEDDED_SETUP_LOGIN,
            password=self.secrets.postgres_password,
            database=EMBEDDED_DATABASE,
            # Refuse a server that does not prove to know the password as well.
            query={"host": str(self.socket_folder / "postgres"), "require_auth": "scram-sha-256"},
        )


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What must not be seen; apart from the settings so that no repr or log line shows it."""

    secret_key: str
    field_keys: tuple[tuple[str, bytes], ...]
    metrics_token: str
    demo_password: str
    postgres_password: str
    seal_keys: tuple[tuple[str, bytes], ...] = ()


class _MappingEnv(Env):
    """Reads a given mapping instead of the process's environment; an empty value counts as missing."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__()
        self._given = environ

    def _get_value(self, env_key: str, default: Any) -> Any:
        return self._given.get(env_key) or default


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environ`, by default from the process's environment (read once); raises SettingsError."""
    return _process_settings() if environ is None else _read(environ)


@cache
def _process_settings() -> Settings:
    return _read(os.environ)


def _read(environ: Mapping[str, str]) -> Settings:
    env = _MappingEnv(environ)
    try:
        data = Path(env.str("PORTAL_DATA", "./var")).expanduser().resolve()
        demo = env.bool("PORTAL_DEMO", None)
        if demo is None:
            # A command beside a running demo has the same environment as the `make run` that made it: none at all.
            demo = "SECRET_KEY" in secrets_in(data)
        database_url, redis_url = env.str("DATABASE_URL", None), env.str("REDIS_URL", None)
        return Settings(
            port=env.int("PORT", 8000),
            data=data,
            demo=demo,
            demo_seed=env.int("PORTAL_DEMO_SEED", 7),
            demo_policies=env.int("PORTAL_DEMO_POLICIES", 6000),
            mail_url=env.str("MAIL_URL", None),
            workers=env.int("PORTAL_WORKERS", 2, validate=validate.Range(1, 32)),
            proxies=env.int("PORTAL_PROXIES", 0),
            anchor=read_anchors(env.str("PORTAL_ANCHOR", ""), data / "anchor"),
            archive=_folder("PORTAL_ARCHIVE", env.str("PORTAL_ARCHIVE", f"file:{data / 'archive'}")),
            inbox=Path(env.str("PORTAL_INBOX", str(data / "inbox"))).expanduser().resolve(),
            second_factor=env.str(
                "PORTAL_SECOND_FACTOR",
                "relaxed" if demo else "required",
                validate=validate.OneOf(("required", "relaxed"), error="It must be required or relaxed."),
            ),
            sftp_private=env.bool("PORTAL_SFTP_PRIVATE", False),
            oidc_private=env.bool("OIDC_PRIVATE", False),
            public_url=env.str("PORTAL_URL", f"http://127.0.0.1:{env.int('PORT', 8000)}").rstrip("/"),
            embedded_postgres=database_url is None,
            embedded_valkey=redis_url is None,
            secrets=_secrets(env, data, demo=demo, embedded=database_url is None),
            given_database_url=_checked_database_url(database_url) if database_url else None,
            given_redis_url=redis_url,
        )
    except EnvError as error:
        raise SettingsError(f"A setting cannot be read. {error}") from error


def _secrets(env: Env, data: Path, *, demo: bool, embedded: bool) -> Secrets:
    given = {name: env.str(name, "") for name in (*_HOW_TO, "PORTAL_DEMO_PASSWORD")}
    _refuse_missing_or_weak(given, demo=demo)
    wanted = {name for name, value in given.items() if demo and not value}
    wanted |= {"POSTGRES_PASSWORD"} if embedded else set()
    kept = kept_secrets(data, wanted) if wanted else {}
    values = {name: given.get(name) or kept.get(name, "") for name in {*given, *wanted}}
    return Secrets(
        secret_key=values["SECRET_KEY"],
        field_keys=_parse_keys("FIELD_KEYS", values["FIELD_KEYS"], "encrypts"),
        seal_keys=_parse_keys("SEAL_KEY", seal_key, "signs") if (seal_key := env.str("SEAL_KEY", "")) else (),
        metrics_token=values["METRICS_TOKEN"],
        demo_password=values["PORTAL_DEMO_PASSWORD"] if demo else "",
        postgres_password=values.get("POSTGRES_PASSWORD", ""),
    )


def _refuse_missing_or_weak(given: Mapping[str, str], *, demo: bool) -> None:
    complaints = []
    for name, command in _HOW_TO.items():
        fault = _weakness(given[name]) if given[name] else "is not set"
        if fault and (given[name] or not demo):  # a demo makes what nobody has given
            complaints.append(f"  {name} {fault}. Make one with: {command}")
    if given["SECRET_KEY"] and given["SECRET_KEY"] == given["METRICS_TOKEN"]:
        complaints.append("  METRICS_TOKEN is the same as SECRET_KEY, which whoever reads figures must not know.")
    if complaints:
        raise SettingsError(
            "The portal does not start without its secrets. Set these in the environment, and keep them: what was "
            "encrypted or signed with them cannot be read with others.\n" + "\n".join(complaints)
            + ("" if demo else _OR_DEMO)
        )  # fmt: skip


def _weakness(value: str) -> str | None:
    plain = "".join(filter(str.isalnum, value.lower()))
    if len(value) < MINIMUM_SECRET_LENGTH:
        return f"is too short (it needs {MINIMUM_SECRET_LENGTH} characters or more)"
    if len(set(value)) < MINIMUM_SECRET_LENGTH // 4:
        return "repeats the same few characters"
    if any(word in plain for word in _WELL_KNOWN):
        return "is a well-known value"
    return None


def _parse_keys(name: str, text: str, first: str) -> tuple[tuple[str, bytes], ...]:
    keys: dict[str, bytes] = {}
    how_to = _HOW_TO["FIELD_KEYS"]
    for part in text.split(","):
        key_id, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not key_id.isalnum() or key_id in keys or len(key) != 32:
            raise SettingsError(
                f"{name} must be id:base64,id:base64,… with a different id of letters and digits and 32 bytes in "
                f"each; the first {first}. Make one with: {how_to}"
            )
        if len(set(key)) < _FEWEST_DIFFERENT_BYTES:
            raise SettingsError(f"The key {key_id} of {name} is not random. Make one with: {how_to}")
        keys[key_id] = key
    return tuple(keys.items())


def _folder(name: str, text: str) -> Path:
    kind, _, folder = text.partition(":")
    if kind != "file" or not folder.startswith("/"):
        example = name.removeprefix("PORTAL_").lower()
        raise SettingsError(f"{name} must be file: and the path of a folder, as in file:/mnt/{example}.")
    return Path(folder).resolve()


def _checked_database_url(text: str) -> str:
    try:
        url = make_url(text.replace("postgres://", "postgresql://", 1))
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() != "postgresql" or not url.database or not url.username:
        raise SettingsError("DATABASE_URL must look like postgresql://login:password@host:5432/database.")
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
