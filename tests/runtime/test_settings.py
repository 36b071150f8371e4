"""Settings: what is missing stops the start, what is made for a demo stays."""

import base64
import json
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from portal.config import LOGINS, Settings, SettingsError, load_settings

K2, K1 = bytes(range(32)), bytes(range(7, 39))
STRONG = {
    "SECRET_KEY": "s7Qv0yJp3mXk9Lr2Tn5Wb8Zc1Df4Gh6Ja",
    "METRICS_TOKEN": "m2Rx8Vt4Yk6Np0Qs3Uw5Az7Ce9Fb1Hd",
    "FIELD_KEYS": f"k2:{base64.b64encode(K2).decode()},k1:{base64.b64encode(K1).decode()}",
}
STRONG["METRICS_TOKEN"] += "Jg"


def _demo(data: Path, **more: str) -> Settings:
    return load_settings({"PORTAL_DATA": str(data), "PORTAL_DEMO": "1", **more})


def test_every_missing_secret_is_named_with_a_way_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"PORTAL_DATA": str(tmp_path)})
    text = str(caught.value)
    assert all(f"{name} is not set. Make one with: python3 -c" in text for name in STRONG)
    assert not (tmp_path / "secrets.json").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 64),
        ("SECRET_KEY", "change-me-please-this-is-not-a-secret-key"),
        ("METRICS_TOKEN", "0123456789abcdef0123456789abcdef"),
        ("FIELD_KEYS", "k1:" + base64.b64encode(b"too short").decode()),
        ("FIELD_KEYS", STRONG["FIELD_KEYS"].replace("k2:", "k1:")),
        ("FIELD_KEYS", "k1:" + base64.b64encode(bytes(32)).decode()),
        ("FIELD_KEYS", "k1:" + base64.b64encode(b"tick tock tick tock tick tock 12").decode()),
        ("METRICS_TOKEN", STRONG["SECRET_KEY"]),
        ("FIELD_KEYS", STRONG["FIELD_KEYS"].replace("k2:", "")),
    ],
)
def test_a_weak_secret_stops_the_start(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings({"PORTAL_DATA": str(tmp_path), **STRONG, name: value})


@pytest.mark.parametrize("name", ["SECRET_KEY", "METRICS_TOKEN", "FIELD_KEYS"])
def test_a_weak_secret_that_was_given_stops_a_demo_too(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is a well-known value"):
        _demo(tmp_path, **{name: "changeme-changeme-0-changeme-changeme"})


def test_strong_secrets_are_taken_as_they_are(tmp_path: Path) -> None:
    settings = load_settings({"PORTAL_DATA": str(tmp_path), **STRONG})
    assert settings.secret_key == STRONG["SECRET_KEY"]
    assert settings.field_keys == (("k2", K2), ("k1", K1))
    assert not settings.demo
    assert settings.demo_password == ""


def test_demo_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    first = _demo(tmp_path / "new" / "folder")
    assert first == _demo(tmp_path / "new" / "folder")
    kept = tmp_path / "new" / "folder" / "secrets.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert first.secrets != _demo(tmp_path / "other").secrets
    assert len(first.secret_key) >= 32
    assert len(first.field_keys[0][1]) == 32


def test_a_command_beside_a_demo_needs_no_setting_but_its_folder(tmp_path: Path) -> None:
    demo = _demo(tmp_path)
    assert load_settings({"PORTAL_DATA": str(tmp_path)}) == demo
    with pytest.raises(SettingsError):
        load_settings({"PORTAL_DATA": str(tmp_path), "PORTAL_DEMO": "0"})


def test_a_given_demo_password_wins_and_is_not_kept(tmp_path: Path) -> None:
    assert _demo(tmp_path, PORTAL_DEMO_PASSWORD="correct horse").demo_password == "correct horse"
    assert "PORTAL_DEMO_PASSWORD" not in json.loads((tmp_path / "secrets.json").read_text())


def test_no_secret_shows_in_a_repr(tmp_path: Path) -> None:
    settings = _demo(tmp_path)
    shown = repr(settings) + repr(settings.secrets)
    assert settings.secret_key not in shown
    assert settings.secrets.postgres_password not in shown


def test_each_login_has_a_name_and_password_of_its_own_at_the_same_database(tmp_path: Path) -> None:
    settings = _demo(tmp_path, DATABASE_URL="postgres://setup:pw@db.example:5433/crm?sslmode=require")
    urls = [make_url(settings.database_url_for(login)) for login in LOGINS]
    assert [url.username for url in urls] == [f"crm_{login}" for login in LOGINS]
    assert len({url.password for url in urls}) == len(LOGINS)
    assert {(url.drivername, url.host, url.port, url.database) for url in urls} == {
        ("postgresql+psycopg", "db.example", 5433, "crm")
    }
    assert all(url.query["sslmode"] == "require" for url in urls)
    assert make_url(settings.setup_url).username == "setup"
    assert not settings.embedded_postgres
    assert settings.embedded_valkey


@pytest.mark.parametrize("url", ["mysql://a:b@c/d", "postgresql://host/", "nonsense"])
def test_a_database_of_another_kind_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        _demo(tmp_path, DATABASE_URL=url)


def test_an_unreadable_setting_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PORT"):
        _demo(tmp_path, PORT="eight thousand")


def test_socket_addresses_fit_however_long_the_data_folder_is(tmp_path: Path) -> None:
    settings = _demo(tmp_path / ("long" * 40) / ("longer" * 20))
    assert len(str(settings.socket_folder / "postgres" / ".s.PGSQL.5432.lock")) < 100
    assert settings.socket_folder != _demo(tmp_path / "other").socket_folder


def test_the_anchor_has_up_to_three_places(tmp_path: Path) -> None:
    usual = _demo(tmp_path).anchor
    assert (usual.folder, usual.mail, usual.store) == (tmp_path / "anchor", None, None)
    told = _demo(
        tmp_path, PORTAL_ANCHOR="mail:seals@archive.example, s3:https://k:a%2Cb@store.example:9000/locked"
    ).anchor
    assert told.folder == tmp_path / "anchor" and told.mail == "seals@archive.example"
    assert told.store is not None and (told.store.host, told.store.secure) == ("store.example:9000", True)
    assert (told.store.bucket, told.store.secret, told.store.region) == ("locked", "a,b", "us-east-1")
    assert "a,b" not in repr(told) + repr(told.store)


@pytest.mark.parametrize(
    "place",
    [
        "file:relative", "mail:nobody", "mail:a@b.example\nBcc: c@d.example", "s3:https://store.example/locked",
        "s3:ftp://k:s@store.example/locked", "s3:https://k:s@store.example", "s3:https://k:s@store.example:x/locked",
        "tape:/dev/st0", "file:/a,file:/b",
    ],
)  # fmt: skip
def test_an_anchor_that_cannot_be_read_is_said(tmp_path: Path, place: str) -> None:
    with pytest.raises(SettingsError, match="PORTAL_ANCHOR"):
        _demo(tmp_path, PORTAL_ANCHOR=place)
