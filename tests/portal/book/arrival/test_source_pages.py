"""The pages of places: what they keep, what they never show, and what is on the home page."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncssh
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from portal.book.arrival.models import ArrivalLook, ArrivalSource, Expectation
from portal.book.models import Connector
from portal.compliance.models import AccessEntry
from portal.core.crypto import decrypt
from portal.identity.models import Fmo, User
from tests.portal.book.arrival.conftest import again
from tests.support import arrival_builders as arrivals
from tests.support import builders

Client = Callable[[User], FlaskClient]
WORD = "Quiet-harbour-of-tests-31"
SFTP = {
    "host": "Files.Carrier.example", "port": "2222", "username": "reader", "how": "password", "password": WORD,
    "folder": "/out", "pattern": "humana_*.csv", "afterwards": "leave", "when": "daily", "daily_at": "6:30",
    "zone": "America/Chicago", "unit": "hours",
}  # fmt: skip
FOLDER = {"folder": "humana/active", "pattern": "*.csv", "when": "every", "every": "2", "unit": "hours", "zone": "UTC"}


@pytest.fixture
def admin(client_for: Client, store: Session, fmo: Fmo) -> FlaskClient:
    """A browser of the FMO's admin."""
    return client_for(builders.user(store, fmo))


def _source(store: Session) -> ArrivalSource:
    store.rollback()
    store.expire_all()
    return store.scalars(select(ArrivalSource)).one()


def _actions(store: Session) -> list[str]:
    store.rollback()
    return list(store.scalars(select(AccessEntry.action).order_by(AccessEntry.at, AccessEntry.id)))


def test_a_folder_is_added_changed_and_removed(admin: FlaskClient, store: Session, connector: Connector) -> None:
    place = f"/fmo/connectors/{connector.id}"
    assert "Somebody loads each file by hand" in admin.get(place).text
    assert admin.get(f"{place}/sources/new/folder").status_code == 200
    assert admin.get(f"{place}/sources/new/ftp").status_code == 404
    added = admin.post(f"{place}/sources/new/folder", data=FOLDER)
    source = _source(store)
    assert added.location == f"/fmo/sources/{source.id}"
    assert (source.folder, source.pattern, source.every_minutes, source.daily_at) == (
        "humana/active",
        "*.csv",
        120,
        None,
    )
    shown = admin.get(added.location).text
    assert "Every 2 hours" in shown and "humana/active" in shown and "Look now" in shown
    twin = admin.post(f"{place}/sources/new/folder", data=FOLDER)
    assert twin.status_code == 422 and "taken already" in twin.text
    assert 'value="2"' in admin.get(f"{added.location}/edit").text
    admin.post(f"{added.location}/edit", data={**FOLDER, "when": "button"})
    assert _source(store).every_minutes is None
    listed = admin.get("/fmo/connectors").text
    assert "Not looked at yet" in listed
    assert admin.get(f"{added.location}/remove").status_code == 200
    admin.post(f"{added.location}/remove")
    assert _source(store).removed_at is not None and admin.get(added.location).status_code == 404
    assert _actions(store).count("source.add") == 1 and "source.remove" in _actions(store)


@pytest.mark.parametrize("folder", ["../other", "a/../b", ".ssh", "done", "a/refused", "a\\b", "a\x01b", "x" * 201])
def test_a_folder_leads_nowhere_else(admin: FlaskClient, store: Session, connector: Connector, folder: str) -> None:
    answer = admin.post(f"/fmo/connectors/{connector.id}/sources/new/folder", data={**FOLDER, "folder": folder})
    assert answer.status_code == 422
    assert store.scalars(select(ArrivalSource)).all() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "sftp://files.example"}, {"host": "a b"}, {"port": "70000"}, {"password": ""}, {"daily_at": "25:00"},
        {"when": "every", "every": ""}, {"daily_at": ""},
        {"when": "every", "every": "1", "unit": "minutes"}, {"afterwards": "move"}, {"username": ""},
        {"how": "key", "private_key": "no key"}, {"how": "key", "private_key": ""}, {"zone": "Mars/Olympus"},
        {"afterwards": "move", "move_to": "out/"},
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused(
    admin: FlaskClient, store: Session, connector: Connector, wrong: dict[str, str]
) -> None:
    answer = admin.post(f"/fmo/connectors/{connector.id}/sources/new/sftp", data={**SFTP, **wrong})
    assert answer.status_code == 422 and WORD not in answer.text
    assert store.scalars(select(ArrivalSource)).all() == []


def test_a_password_is_kept_encrypted_and_shown_nowhere(
    admin: FlaskClient, store: Session, connector: Connector
) -> None:
    added = admin.post(f"/fmo/connectors/{connector.id}/sources/new/sftp", data=SFTP)
    source = _source(store)
    assert (source.host, source.port, source.daily_at) == ("files.carrier.example", 2222, "06:30")
    assert source.secret and WORD not in source.secret
    assert json.loads(decrypt(source.secret, fmo_id=source.fmo_id, field="arrival")) == {"password": WORD}
    look = store.scalars(select(ArrivalLook)).one()
    assert (look.what, look.status) == ("key", "queued"), "the server is asked for its key at once"
    pages = (added.location, f"{added.location}/edit", f"/fmo/connectors/{connector.id}", "/fmo/connectors", "/fmo/")
    for page in pages:
        answer = admin.get(page)
        assert answer.status_code == 200 and WORD not in answer.text and source.secret not in answer.text, page
    assert "kept since" in admin.get(added.location).text.lower()
    for table in ("access_entry", "outbox", "arrival_look", "portal_user"):
        rows = store.execute(text(f"SELECT row_to_json(t)::text FROM {table} t")).scalars().all()
        assert not any(WORD in row for row in rows), table


def test_a_kept_password_goes_to_no_other_server(admin: FlaskClient, store: Session, connector: Connector) -> None:
    source = arrivals.sftp_source(store, connector, '{"password": "x"}', host="files.carrier.example", port=2222)
    place = f"/fmo/sources/{source.id}/edit"
    same = {**SFTP, "password": "", "folder": "/new"}
    assert admin.post(place, data=same).status_code == 303
    held = again(store, source)
    assert held.folder == "/new" and held.secret == source.secret and held.host_key
    for other in ({"host": "evil.example"}, {"port": "22"}, {"username": "root"}):
        answer = admin.post(place, data={**same, **other})
        assert answer.status_code == 422 and "Enter the password" in answer.text
    admin.post(place, data={**SFTP, "host": "other.example"})
    held = again(store, source)
    assert held.host == "other.example" and held.host_key is None, "its key must be confirmed anew"
    looked = admin.post(f"/fmo/sources/{source.id}/look", data={"what": "take"}, follow_redirects=True)
    assert "A look is under way" in looked.text or "Confirm the server" in looked.text


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa"])
def test_a_private_key_is_read_before_it_is_kept(
    admin: FlaskClient, store: Session, connector: Connector, kind: str
) -> None:
    made = asyncssh.generate_private_key(kind)
    sealed = made.export_private_key("openssh", passphrase="of tests", rounds=16, ignore_few_rounds=True).decode()
    given = {**SFTP, "how": "key", "password": "", "private_key": sealed, "passphrase": "of others"}
    place = f"/fmo/connectors/{connector.id}/sources/new/sftp"
    answer = admin.post(place, data=given)
    assert answer.status_code == 422 and "passphrase" in answer.text and sealed not in answer.text
    public = made.export_public_key("openssh").decode()
    assert "public half" in admin.post(place, data={**given, "private_key": public}).text
    assert admin.post(place, data={**given, "passphrase": "of tests"}).status_code == 303
    assert _source(store).secret_kind == "key"


def test_a_key_that_takes_for_ever_is_not_tried(admin: FlaskClient, connector: Connector) -> None:
    import base64
    import struct

    key = asyncssh.generate_private_key("ssh-ed25519")
    made = key.export_private_key("openssh", passphrase="x", rounds=16, ignore_few_rounds=True)
    body = bytearray(base64.b64decode(b"".join(made.splitlines()[1:-1])))
    at = body.index(b"bcrypt") + 6 + 4 + 4 + 16  # after the name, the options' length, the salt's and the salt
    body[at : at + 4] = struct.pack(">I", 2**31)
    sealed = "\n".join([made.splitlines()[0].decode(), base64.b64encode(body).decode(), made.splitlines()[-1].decode()])
    given = {**SFTP, "how": "key", "password": "", "private_key": sealed, "passphrase": "x"}
    assert "rounds" in admin.post(f"/fmo/connectors/{connector.id}/sources/new/sftp", data=given).text


def test_an_offered_key_is_confirmed_as_it_was_shown(admin: FlaskClient, store: Session, connector: Connector) -> None:
    source = arrivals.sftp_source(store, connector, host_key=None, offered_key=arrivals.HOST_KEY)
    place = f"/fmo/sources/{source.id}"
    shown = admin.get(place).text
    assert "SHA256:" in shown and ">Look now<" not in shown
    admin.post(f"{place}/trust", data={"shown": "SHA256:other"})
    assert again(store, source).host_key is None
    from portal.book.arrival.signing_in import fingerprint

    admin.post(f"{place}/trust", data={"shown": fingerprint(arrivals.HOST_KEY)})
    held = again(store, source)
    assert held.host_key == arrivals.HOST_KEY and held.offered_key is None and held.host_key_by
    assert "source.trust" in _actions(store) and "Look now" in admin.get(place).text


def test_a_look_is_told_file_by_file(admin: FlaskClient, store: Session, connector: Connector, fmo: Fmo) -> None:
    run = builders.feed_run(store, fmo, connector)
    source = arrivals.folder_source(store, connector)
    lines = [{"name": "<b>.csv", "size": 3, "outcome": "taken", "why": "", "run": str(run.id)}]
    look = arrivals.look(store, source, lines=lines)
    shown = admin.get(f"/fmo/sources/{source.id}/looks/{look.id}").text
    assert "&lt;b&gt;.csv" in shown and f"/fmo/feeds/{run.id}" in shown
    other = arrivals.folder_source(store, connector, "other")
    assert admin.get(f"/fmo/sources/{other.id}/looks/{look.id}").status_code == 404
    assert admin.get(f"/fmo/sources/{source.id}/progress").status_code == 286
    arrivals.look(store, source, status="running")
    assert admin.get(f"/fmo/sources/{source.id}/progress").status_code == 200
    assert "Nothing matches" in admin.get(f"/fmo/sources/{source.id}?result=failed").text


def test_three_failures_are_a_task(admin: FlaskClient, store: Session, connector: Connector) -> None:
    source = arrivals.folder_source(store, connector, failures=2, error="It failed.")
    assert "Watched folder of Aetna book" not in admin.get("/fmo/").text
    store.execute(update(ArrivalSource).values(failures=3, failing_since=datetime.now(UTC)))
    store.commit()
    assert "Watched folder of Aetna book: 3 looks failed. It failed." in admin.get("/fmo/").text
    store.execute(update(ArrivalSource).values(failures=1, stopped=True))
    store.commit()
    shown = admin.get("/fmo/").text
    assert "Nothing is tried any more" in shown and f"/fmo/sources/{source.id}" in shown


def test_a_late_file_is_a_task(admin: FlaskClient, store: Session, connector: Connector, fmo: Fmo) -> None:
    place = f"/fmo/connectors/{connector.id}"
    ago = [datetime.now(UTC) - timedelta(days=days) for days in (29, 22, 15, 8)]
    for at in ago:
        builders.feed_run(store, fmo, connector, requested_at=at)
    assert "So far a file came every 7 days" in admin.get(place).text
    assert "No file of" not in admin.get("/fmo/").text, "nobody has said that one is expected"
    admin.post(f"{place}/expect", data={"days": "7"})
    day = f"{ago[-1].day} {ago[-1]:%b %Y}"
    home = admin.get("/fmo/").text
    assert f"No file of Aetna book since {day}; expected every 7 days" in home
    assert ", expected every 7 days" in home.partition("Age of each carrier")[2]
    builders.feed_run(store, fmo, connector, status="failed", requested_at=datetime.now(UTC))
    assert "No file of Aetna book" in admin.get("/fmo/").text, "a file that failed is none"
    builders.feed_run(store, fmo, connector, status="held", requested_at=datetime.now(UTC))
    assert "No file of Aetna book" not in admin.get("/fmo/").text
    assert "366" in admin.post(f"{place}/expect", data={"days": "900"}, follow_redirects=True).text
    admin.post(f"{place}/expect", data={"days": ""})
    store.rollback()
    assert store.scalars(select(Expectation)).all() == [] and _actions(store).count("connector.expect") == 2


def test_a_connector_without_any_file_is_late_from_when_one_is_expected(
    admin: FlaskClient, store: Session, connector: Connector
) -> None:
    arrivals.expectation(store, connector, 3, set_at=datetime.now(UTC) - timedelta(days=3))
    assert "No file of" not in admin.get("/fmo/").text
    store.execute(update(Expectation).values(set_at=datetime.now(UTC) - timedelta(days=4)))
    store.commit()
    assert "No file of Aetna book yet; expected every 3 days" in admin.get("/fmo/").text
