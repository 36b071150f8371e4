"""The embedded servers: private, side by side, and back after being killed."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy.engine import make_url

from portal.config import EMBEDDED_SETUP_LOGIN, Settings, load_settings
from portal.runtime import children, folders, locks, postgres, servers, valkey
from portal.runtime.folders import FolderError


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    settings = _settings(tmp_path / "data")
    yield settings
    shutil.rmtree(settings.socket_folder, ignore_errors=True)


def _settings(data: Path) -> Settings:
    return load_settings({"PORTAL_DATA": str(data), "PORTAL_DEMO": "1"})


def _connect(settings: Settings, **other: str) -> "psycopg.Connection[tuple[object, ...]]":
    url = make_url(settings.setup_url)
    known = {"host": str(url.query["host"]), "user": url.username, "password": url.password, "dbname": url.database}
    return psycopg.connect(**{**known, **other}, autocommit=True)  # type: ignore[arg-type]


def _one(settings: Settings, statement: str) -> object:
    with _connect(settings) as connection:
        row = connection.execute(statement).fetchone()
    return row and row[0]


def test_both_servers_start_keep_their_data_and_stop(settings: Settings) -> None:
    with servers.running(settings):
        assert str(_one(settings, "SHOW server_version")).startswith("18.")
        assert _one(settings, "SHOW listen_addresses") == ""
        with _connect(settings) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        queue = redis.Redis.from_url(settings.redis_url)
        assert queue.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert queue.config_get("port") == {"port": "0"}
        queue.set("kept", "yes")
    assert not postgres.answers(settings)
    assert not valkey.answers(settings)
    with servers.running(settings):
        assert _one(settings, "SELECT answer FROM kept") == 42
        assert redis.Redis.from_url(settings.redis_url).get("kept") == b"yes"


def test_every_login_needs_its_password(settings: Settings) -> None:
    with servers.running(settings):
        password = settings.login_password("agent")
        with _connect(settings) as connection:
            connection.execute(f"CREATE ROLE portal_agent LOGIN PASSWORD '{password}'")
        agent = make_url(settings.database_url_for("agent"))
        _connect(settings, user=str(agent.username), password=str(agent.password)).close()
        for user in ("portal_agent", EMBEDDED_SETUP_LOGIN):
            for wrong in ("", settings.login_password("fmo")):
                with pytest.raises(psycopg.OperationalError):
                    _connect(settings, user=user, password=wrong)


def test_the_sockets_are_out_of_reach_for_others(settings: Settings) -> None:
    with servers.running(settings):
        base = settings.socket_folder
        assert base.stat().st_mode & 0o066 == 0
        assert all((base / name).stat().st_mode & 0o077 == 0 for name in ("postgres", "valkey"))
        assert (settings.data / "postgres").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("plant", ["open", "link"])
def test_a_planted_socket_folder_is_refused(settings: Settings, tmp_path: Path, plant: str) -> None:
    if plant == "link":
        (tmp_path / "elsewhere").mkdir()
        settings.socket_folder.symlink_to(tmp_path / "elsewhere")
    else:
        settings.socket_folder.mkdir()
        settings.socket_folder.chmod(0o777)
    try:
        with pytest.raises(FolderError, match="Nothing was started"), servers.running(settings):
            pass
    finally:
        if plant == "link":
            settings.socket_folder.unlink()


def test_two_data_folders_never_meet(settings: Settings, tmp_path: Path) -> None:
    other = _settings(tmp_path / "other")
    with servers.running(settings), servers.running(other):
        with _connect(settings) as connection:
            connection.execute("CREATE TABLE mine ()")
        assert _one(other, "SELECT to_regclass('mine')::text") is None
        redis.Redis.from_url(settings.redis_url).set("mine", "1")
        assert redis.Redis.from_url(other.redis_url).get("mine") is None
    shutil.rmtree(other.socket_folder)


def test_a_killed_postgres_starts_again_and_a_living_orphan_is_replaced(settings: Settings) -> None:
    with servers.running(settings), _connect(settings) as connection:
        connection.execute("CREATE TABLE kept ()")
    first = postgres.start(settings)
    os.kill(first.pid, signal.SIGKILL)
    second = postgres.start(settings)
    assert first.wait() == -signal.SIGKILL
    third = postgres.start(settings)
    assert second.poll() is not None
    assert _one(settings, "SELECT to_regclass('kept')::text") == "kept"
    children.end(third, postgres.STOP_SIGNAL, 10)


def test_a_stale_lock_with_the_number_of_another_process_does_not_block(settings: Settings) -> None:
    with servers.running(settings):
        lines = (settings.data / "postgres" / "postmaster.pid").read_text().split("\n")
    (settings.data / "postgres" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with servers.running(settings):
        assert postgres.answers(settings)


def test_a_half_made_cluster_is_made_anew(settings: Settings) -> None:
    settings.data.mkdir(exist_ok=True)
    (settings.data / "postgres.new" / "cluster").mkdir(parents=True)
    (settings.data / "postgres.new" / "cluster" / "PG_VERSION").write_text("18\n")
    with servers.running(settings):
        assert postgres.answers(settings)


def test_a_command_uses_the_servers_that_run(settings: Settings) -> None:
    with servers.running(settings):
        number = _one(settings, "SELECT pg_postmaster_start_time()")
        with servers.running(settings):
            assert _one(settings, "SELECT pg_postmaster_start_time()") == number
        assert postgres.answers(settings)


def test_a_second_owner_is_refused_with_a_sentence(tmp_path: Path) -> None:
    already = r"already runs on .* at http://127\.0\.0\.1:8123"
    with (
        locks.owning(tmp_path, port=8123),
        pytest.raises(locks.DataInUseError, match=already),
        locks.owning(tmp_path, port=8124),
    ):
        pass
    with locks.owning(tmp_path, port=8124):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as another user")
def test_root_opens_folders_for_the_servers_user_alone(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    user = folders.server_user(tmp_path / "nothing")
    assert user is not None
    assert user.pw_uid != 0
    folders.let_through(closed / "inner", user)
    assert closed.stat().st_mode & 0o007 == 0
