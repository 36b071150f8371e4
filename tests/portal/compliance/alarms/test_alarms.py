"""Alarms from what holds to the officer's note: raised once, over by themselves, told by mail, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.compliance.alarms import registry, watching
from portal.compliance.alarms.models import Alarm
from portal.compliance.alarms.registry import Finding
from portal.compliance.models import AccessEntry
from portal.compliance.seals.models import SealCheck
from portal.config import Settings
from portal.core import clock
from portal.core.ids import new_id
from portal.core.outbox import Outbox
from portal.core.scope import Role
from portal.identity.staff import alarms as mails
from tasks.jobs import mail_alarms, watch_alarms
from tests.portal.compliance.test_access import entries, logged
from tests.support import builders as make
from tests.support.world import Office, World

PAGE = "/compliance/alarms"
NOTE = "Asked her: she prepares the yearly review of her own clients, which her principal confirms."


def watch(office: Office) -> None:
    """A round over one FMO, as the worker does it."""
    watch_alarms(str(office.fmo.id))


def alarms(store: Session, office: Office, kind: str | None = None) -> list[Alarm]:
    """The FMO's, oldest first."""
    store.rollback()
    query = select(Alarm).where(Alarm.fmo_id == office.fmo.id).order_by(Alarm.raised_at, Alarm.id)
    found = store.scalars(query.execution_options(populate_existing=True)).all()
    return [one for one in found if kind in (None, one.kind)]


def check(store: Session, office: Office, faults: int) -> None:
    """A verification that ended."""
    ended = {"ended_at": datetime.now(UTC), "fault_count": faults, "faults": ["x"] * faults}
    make.add(store, SealCheck(fmo_id=office.fmo.id, asked_name="The sealer", **ended))


def seen(store: Session, office: Office, **values: Any) -> AccessEntry:
    """An entry of a moment ago."""
    return logged(store, office, at=datetime.now(UTC) - timedelta(minutes=5), **values)


def order_of_mail(store: Session, office: Office) -> int:
    """How often the mail was ordered."""
    store.rollback()
    query = select(Outbox).where(Outbox.fmo_id == office.fmo.id, Outbox.job == "mail_alarms")
    return len(store.scalars(query).all())


def test_nothing_alarming_is_no_alarm(world: World, store: Session, client_for: Any) -> None:
    check(store, world.summit, 0)
    watch(world.summit)
    assert alarms(store, world.summit) == []
    officer = client_for(world.summit.compliance)
    assert "No alarms yet" in officer.get(PAGE).text
    assert "Nobody has looked" not in officer.get("/compliance/").text


def test_an_alarm_is_raised_once_and_again_after_it_was_over(world: World, store: Session) -> None:
    check(store, world.summit, 2)
    watch(world.summit)
    watch(world.summit)
    [first] = alarms(store, world.summit)
    assert (first.kind, first.facts, first.over_at) == ("verification_failed", {"faults": 2}, None)
    assert first.seen_at > first.raised_at, "that it still holds is noted"
    assert order_of_mail(store, world.summit) == 1
    check(store, world.summit, 0)
    watch(world.summit)
    assert [one.over_at is not None for one in alarms(store, world.summit)] == [True]
    check(store, world.summit, 1)
    watch(world.summit)
    assert [one.over_at is not None for one in alarms(store, world.summit)] == [True, False]
    assert order_of_mail(store, world.summit) == 2
    told = [entry.action for entry in entries(store, world.summit) if entry.action.startswith("alarm.")]
    assert told == ["alarm.raise", "alarm.over", "alarm.raise"]


def test_two_rounds_at_once_raise_one(app: Flask, world: World, store: Session) -> None:
    check(store, world.summit, 2)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: watch(world.summit), range(4)))
    assert len(alarms(store, world.summit)) == 1
    assert order_of_mail(store, world.summit) == 1


def test_sealing_that_stopped(world: World, store: Session, seal: Any) -> None:
    check(store, world.summit, 0)
    logged(store, world.summit, at=datetime.now(UTC) - timedelta(minutes=9))
    watch(world.summit)
    assert alarms(store, world.summit) == []
    logged(store, world.summit, at=datetime.now(UTC) - timedelta(minutes=12))
    watch(world.summit)
    [alarm] = alarms(store, world.summit)
    assert (alarm.kind, alarm.facts["waiting"], alarm.facts["minutes"]) == ("sealing_stopped", 2, 12)
    seal()
    watch(world.summit)
    assert alarms(store, world.summit)[0].over_at is not None


def test_a_log_that_nobody_verifies(world: World, store: Session, seal: Any) -> None:
    logged(store, world.summit, at=datetime.now(UTC) - timedelta(hours=35))
    seal()
    watch(world.summit)
    assert alarms(store, world.summit) == []
    logged(store, world.summit, at=datetime.now(UTC) - timedelta(hours=40))
    seal()
    watch(world.summit)
    assert [(one.kind, one.facts) for one in alarms(store, world.summit)] == [("verification_late", {"hours": 40})]


@pytest.mark.parametrize(
    ("values", "times", "measure"),
    [
        ({"member_ids": [new_id() for _ in range(100)]}, 10, "shown"),
        ({"action": "member.reveal"}, 25, "reveals"),
        ({"action": "contact.export"}, 15, "downloads"),
        ({"action": "refused.record", "outcome": "refused"}, 30, "refusals"),
    ],
)
def test_unusual_volume_begins_at_its_floor(
    values: dict[str, Any], times: int, measure: str, world: World, store: Session, client_for: Any
) -> None:
    for _ in range(times - 1):
        seen(store, world.summit, **values)
    watch(world.summit)
    assert alarms(store, world.summit, "volume") == []
    seen(store, world.summit, **values)
    watch(world.summit)
    [alarm] = alarms(store, world.summit, "volume")
    assert alarm.subject == str(world.summit.admin.id)
    assert set(alarm.facts) - {"people"} == {measure}
    assert alarm.facts.get("people") == (100 if measure == "shown" else None)
    officer = client_for(world.summit.compliance)
    shown = officer.get(f"{PAGE}/{alarm.id}").text
    assert world.summit.admin.name in shown and f"/compliance/people/{world.summit.admin.id}" in shown
    assert ("1,000 records of 100 members seen" in shown) == (measure == "shown")


def test_what_is_usual_for_somebody_is_no_alarm(world: World, store: Session) -> None:
    for day in range(1, 7):
        for _ in range(10):
            logged(store, world.summit, at=datetime.now(UTC) - timedelta(days=day), action="member.reveal")
    for _ in range(30):
        seen(store, world.summit, action="member.reveal")
    watch(world.summit)
    assert alarms(store, world.summit, "volume") == [], "three times a usual day is not more than that"
    seen(store, world.summit, action="member.reveal")
    watch(world.summit)
    assert [one.facts for one in alarms(store, world.summit, "volume")] == [{"reveals": [31, 10]}]


def test_what_no_person_did_and_what_is_long_ago_is_no_volume(world: World, store: Session) -> None:
    many = [new_id() for _ in range(1200)]
    seen(store, world.summit, member_ids=many, actor_id=None, role="system")
    logged(store, world.summit, member_ids=many, at=datetime.now(UTC) - timedelta(hours=4))
    watch(world.summit)
    assert alarms(store, world.summit, "volume") == []


def test_emergency_access_is_alarming_until_it_is_judged(world: World, store: Session, client_for: Any) -> None:
    admin = client_for(world.summit.admin)
    reason = "The agent is in hospital and her client stands at the pharmacy"
    admin.post(f"/fmo/businesses/{world.amy.business.id}/emergency", data={"reason": reason})
    watch(world.summit)
    [alarm] = alarms(store, world.summit, "emergency")
    assert order_of_mail(store, world.summit) == 0, "it has a mail of its own"
    officer = client_for(world.summit.compliance)
    assert "Emergency access was taken" in officer.get(f"{PAGE}?state=open").text
    place, alarm_of = f"/compliance/emergency/{alarm.subject}", f"{PAGE}/{alarm.id}"
    assert alarm_of not in officer.get("/compliance/").text, "the home tells of it at once, by itself"
    assert place in officer.get(f"{PAGE}/{alarm.id}").text
    admin.post("/fmo/emergency/end")
    watch(world.summit)
    assert alarms(store, world.summit, "emergency")[0].over_at is None, "it is over, and nobody has judged it"
    officer.post(f"{place}/review", data={"finding": "justified", "note": ""})
    watch(world.summit)
    assert alarms(store, world.summit, "emergency")[0].over_at is not None
    assert alarm_of not in officer.get(f"{PAGE}?state=open").text
    assert "It needs no note" in officer.get(f"{PAGE}/{alarm.id}").text


def test_an_overdue_review_is_alarming_and_told_by_its_own_room(world: World, store: Session, client_for: Any) -> None:
    watch(world.summit)
    assert alarms(store, world.summit, "review_overdue") == []
    store.execute(text("UPDATE fmo SET created_at = now() - interval '9 days' WHERE slug = 'summit'"))
    store.commit()
    watch(world.summit)
    watch(world.lakeside)
    [alarm] = alarms(store, world.summit, "review_overdue")
    assert (alarm.facts, alarms(store, world.lakeside, "review_overdue")) == ({"days": 2}, [])
    assert order_of_mail(store, world.summit) == 0
    officer = client_for(world.summit.compliance)
    title = "The review of the access log is overdue"
    assert title in officer.get(PAGE).text
    assert f"/alarms/{alarm.id}" not in officer.get("/compliance/").text, "the reviews tell of it there"
    assert "should have been signed 2 days ago" in officer.get(f"{PAGE}/{alarm.id}").text


def test_a_kind_that_cannot_be_asked_leaves_its_alarms_and_the_others(
    world: World, store: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(store, world.summit, 2)
    watch(world.summit)
    broken = registry.find("verification_failed")
    assert broken is not None

    def away(fmo_id: Any) -> list[Finding]:
        from sqlalchemy.exc import OperationalError

        raise OperationalError("SELECT 1", {}, Exception("away"))

    monkeypatch.setitem(registry._kinds, broken.name, registry.Kind(**{**_values(broken), "check": away}))
    logged(store, world.summit, at=datetime.now(UTC) - timedelta(minutes=12))
    watch(world.summit)
    assert [(one.kind, one.over_at) for one in alarms(store, world.summit)] == [
        ("verification_failed", None),
        ("sealing_stopped", None),
    ]


def _values(kind: registry.Kind) -> dict[str, Any]:
    return {name: getattr(kind, name) for name in registry.Kind.__slots__}


def test_rounds_are_ordered_once(app: Flask, world: World, store: Session, acting_as: Any) -> None:
    for ordered in (1, 0):
        with acting_as(Role.SYSTEM, world.summit.fmo):
            assert watching.order() == ordered
    store.execute(text("UPDATE outbox SET done_at = now(), sent_at = now()"))
    store.commit()
    with acting_as(Role.SYSTEM, world.summit.fmo):
        assert watching.order() == 1


@pytest.fixture
def alarm(world: World, store: Session) -> Alarm:
    """An alarm of Summit's that holds: faults in the log."""
    check(store, world.summit, 3)
    watch(world.summit)
    [raised] = alarms(store, world.summit)
    return raised


def test_the_note_of_the_first_of_two_officers_stays(
    alarm: Alarm, world: World, store: Session, client_for: Any
) -> None:
    second = make.user(store, world.summit.fmo, Role.COMPLIANCE, last_name="Qsecond")
    browsers = [client_for(world.summit.compliance), client_for(second)]
    notes = ["The operator restored a backup; see ticket 12.", "I have asked the operator about it."]
    place = f"{PAGE}/{alarm.id}/acknowledge"

    def send(number: int) -> int:
        return int(browsers[number].post(place, data={"note": notes[number]}).status_code)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(send, (0, 1)))
    assert sorted(answers) == [303, 409]
    first = answers.index(303)
    [kept] = alarms(store, world.summit)
    assert kept.note == notes[first]
    assert len(entries(store, world.summit, "alarm.acknowledge")) == 1
    again = browsers[1 - first].post(place, data={"note": notes[1 - first]}).text
    assert notes[first] in again and "Yours was not kept" in again and notes[1 - first] in again


def test_an_acknowledged_alarm_leaves_the_home_and_stays_on_the_list(
    alarm: Alarm, world: World, store: Session, client_for: Any
) -> None:
    officer, title = client_for(world.summit.compliance), "The access log was changed, or its seals were"
    assert title in officer.get("/compliance/").text
    assert officer.post(f"{PAGE}/{alarm.id}/acknowledge", data={"note": "short"}).status_code == 422
    assert officer.post(f"{PAGE}/{alarm.id}/acknowledge", data={"note": NOTE}).status_code == 303
    assert title not in officer.get("/compliance/").text
    assert "Acknowledged, still so" in officer.get(PAGE).text
    assert NOTE in officer.get(f"{PAGE}/{alarm.id}").text
    watch(world.summit)
    assert len(alarms(store, world.summit)) == 1, "it holds as before"


def test_an_alarm_that_is_over_waits_for_its_note_all_the_same(
    alarm: Alarm, world: World, store: Session, client_for: Any
) -> None:
    check(store, world.summit, 0)
    watch(world.summit)
    assert "Over, to be acknowledged" in client_for(world.summit.compliance).get("/compliance/").text
    assert "Over, to be acknowledged" in client_for(world.summit.compliance).get(f"{PAGE}?state=open").text


def test_another_fmos_alarm_is_none(alarm: Alarm, world: World, store: Session, client_for: Any) -> None:
    other = client_for(world.lakeside.compliance)
    assert str(alarm.id) not in other.get(PAGE).text and "No alarms yet" in other.get(PAGE).text
    never = other.get(f"{PAGE}/{new_id()}")
    assert (other.get(f"{PAGE}/{alarm.id}").status_code, other.get(f"{PAGE}/{alarm.id}").text) == (404, never.text)
    assert other.post(f"{PAGE}/{alarm.id}/acknowledge", data={"note": NOTE}).status_code == 404
    watch(world.lakeside)
    assert alarms(store, world.summit)[0].over_at is None, "a round of another FMO ends nothing here"


@pytest.mark.parametrize("who", ["admin", "amy"])
def test_alarms_are_the_officers(who: str, alarm: Alarm, world: World, client_for: Any) -> None:
    person = {"admin": world.summit.admin, "amy": world.amy.admin}[who]
    assert client_for(person).get(PAGE).status_code == 404
    assert client_for(person).get(f"{PAGE}/{alarm.id}").status_code == 404


def test_what_was_raised_and_noted_stays(alarm: Alarm, world: World, store: Session, acting_as: Any) -> None:
    from sqlalchemy.exc import ProgrammingError

    from portal.extensions import db

    for what in ("facts = '{}'", "raised_at = now()", "over_at = now()"):
        with pytest.raises(ProgrammingError, match="permission denied"), acting_as(world.summit.compliance):
            db.session.execute(text(f"UPDATE alarm SET {what}"))
    with acting_as(world.summit.compliance):
        mine = {"who": world.summit.compliance.id}
        ack = "acknowledged_at = now(), acknowledged_by = :who, acknowledged_name = 'x'"
        db.session.execute(text(f"UPDATE alarm SET note = 'first', {ack}"), mine)
    with pytest.raises(ProgrammingError, match="what an officer noted stays"), acting_as(world.summit.compliance):
        db.session.execute(text("UPDATE alarm SET note = 'second'"))
    with pytest.raises(ProgrammingError, match="permission denied"), acting_as(Role.SYSTEM, world.summit.fmo):
        db.session.execute(text("SELECT note FROM alarm"))


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Path]:
    """The folder of mails, empty."""
    folder = settings.data / "outbox"
    for path in folder.glob("*.eml") if folder.is_dir() else ():
        path.unlink()
    yield folder


def _sent(folder: Path) -> dict[str, str]:
    found = {}
    for path in folder.glob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        found[str(mail["To"])] = f"{mail['Subject']}\n{mail.get_content()}"
    return found


def test_officers_are_told_once_and_without_anybodys_data(
    world: World, store: Session, mailbox: Path, acting_as: Any
) -> None:
    make.user(store, world.summit.fmo, Role.COMPLIANCE, state="deactivated", email="gone@summit.example")
    check(store, world.summit, 3)
    member = world.amy.people[0].member
    for _ in range(12):
        seen(store, world.summit, member_ids=[member.id] * 100)
    watch(world.summit)
    mail_alarms(str(world.summit.fmo.id))
    sent = _sent(mailbox)
    assert set(sent) == {"compliance@summit.example"}
    [words] = sent.values()
    assert (
        "2 alarms wait for you in the portal" in words and "found 3 faults" in words and "/compliance/alarms" in words
    )
    admin = world.summit.admin
    for told in (*world.summit.marks, str(member.id), member.first_name, admin.name, admin.email, str(admin.id)):
        assert told not in words
    for path in mailbox.glob("*.eml"):
        path.unlink()
    mail_alarms(str(world.summit.fmo.id))
    assert _sent(mailbox) == {}
    assert len(entries(store, world.summit, "alarm.tell")) == 1


def test_a_mail_server_that_is_away_is_asked_again(
    alarm: Alarm, world: World, store: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(message: object) -> None:
        raise OSError("away")

    ordered = order_of_mail(store, world.summit)
    monkeypatch.setattr(mails, "deliver", away)
    with pytest.raises(OSError, match="away"):
        mail_alarms(str(world.summit.fmo.id))
    assert order_of_mail(store, world.summit) == ordered + 1
    assert alarms(store, world.summit)[0].mailed_at is None


def test_figures_for_monitoring(alarm: Alarm, world: World, client_for: Any, settings: Settings) -> None:
    headers = {"Authorization": f"Bearer {settings.metrics_token}"}

    def figures() -> str:
        return str(client_for(None).get("/metrics", headers=headers).text)

    assert 'portal_alarms{kind="verification_failed"} 1.0' in figures()
    assert 'portal_alarms{kind="volume"} 0.0' in figures()
    assert "portal_alarms_looked_for_seconds -1.0" in figures(), "of Lakeside nobody has"
    watch(world.lakeside)
    assert "portal_alarms_looked_for_seconds -1.0" not in figures()
    client_for(world.summit.compliance).post(f"{PAGE}/{alarm.id}/acknowledge", data={"note": NOTE})
    assert 'portal_alarms{kind="verification_failed"} 0.0' in figures()


def test_silence_is_told(world: World, store: Session, client_for: Any) -> None:
    watch(world.summit)
    store.execute(text("UPDATE alarm_round SET at = :then"), {"then": clock.now() - timedelta(minutes=16)})
    store.commit()
    officer = client_for(world.summit.compliance)
    assert "Nobody has looked for alarms" in officer.get("/compliance/").text
    assert "Alarms were last looked for on" in officer.get(PAGE).text
