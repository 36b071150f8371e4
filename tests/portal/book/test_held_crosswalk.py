"""A change of the crosswalk, or a confirmation, that moves many policies is not made but kept, until a second yes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from portal.book.models import Connector, HeldChange, Policy, PolicyWriter
from portal.book.operations import NotDecided, approve, confirm_kind, reject
from portal.compliance.models import AccessEntry
from portal.core.crypto import keyed_hash
from portal.core.scope import Role, Scope
from portal.downline import operations as downline
from portal.downline.hooks import Held
from portal.downline.models import CarrierIdentifier, Producer
from portal.downline.operations.producers import Details, details_of
from portal.extensions import db
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import Load
from tests.portal.book.rows import aetna, humana, mutual, person
from tests.support import builders
from tests.support.people import acting

AMY, NORA = "1001001", "1003003"
NUMBER = {"carrier": "mutual_of_omaha", "kind": "writing_number"}
MANY = 20


@pytest.fixture
def asker(store: Session, fmo: Fmo) -> User:
    """The admin who asks."""
    return builders.user(store, fmo)


@pytest.fixture
def second(store: Session, fmo: Fmo) -> User:
    """Another admin."""
    return builders.user(store, fmo)


@pytest.fixture
def amy(store: Session, fmo: Fmo) -> Producer:
    """An agent whose writing number is 0118BK05."""
    found = builders.agent(store, fmo, AMY)
    builders.identifier(store, found, "0118BK05", **NUMBER)
    return found


@pytest.fixture
def nora(store: Session, fmo: Fmo) -> Producer:
    """An agent without identifiers."""
    return builders.agent(store, fmo, NORA)


def _policies(number: str = "0118BK05", first: int = 0) -> bytes:
    names = [{"Policy Number": f"{560001 + first + n}-40M", "Writing Agent Number": number} for n in range(MANY)]
    return mutual(*names)


def _npns(store: Session) -> Counter[str | None]:
    store.rollback()
    store.expire_all()
    return Counter(store.scalars(select(Policy.writing_npn)))


def _held(store: Session, status: str = "waiting") -> HeldChange:
    store.rollback()
    store.expire_all()
    return store.scalars(select(HeldChange).where(HeldChange.status == status)).one()


def _lines(store: Session) -> list[tuple[str, str]]:
    store.rollback()
    store.expire_all()
    return sorted((one.value, one.npn) for one in store.scalars(select(CarrierIdentifier)))


def _add(producer: Producer, by: Scope, value: str = "0118BK05", **more: str) -> CarrierIdentifier:
    known = db.session.get_one(Producer, (producer.fmo_id, producer.id))
    values = {**NUMBER, **more}
    return downline.add_identifier(known, value=value, valid_from=None, valid_to=None, by=by, **values)


def _ask(app: Flask, who: User, change: Callable[[Scope], object]) -> Held:
    """What the asker is told; the transaction is committed as a page's would be."""
    with acting(app, who) as by, pytest.raises(Held) as held:
        change(by)
    # `pytest.raises` stands inside: the block ends well, and commits
    return held.value


def test_a_line_that_makes_an_identifier_ambiguous_is_not_added(
    app: Flask, load: Load, store: Session, amy: Producer, nora: Producer, asker: User, second: User
) -> None:
    """Twenty policies would lose their agent: the line, the intervals and the log are as before, and it waits."""
    load(_policies())
    said = _ask(app, asker, lambda by: _add(nora, by))
    assert "20 policies would get another writing agent" in str(said) and "Nothing was changed" in str(said)
    assert _npns(store) == {AMY: MANY} and _lines(store) == [("0118BK05", AMY)]
    held = _held(store)
    assert (said.held_id, held.kind, held.subject_id) == (held.id, "identifier_add", nora.id)
    assert held.effect == {"base": MANY, "pairs": [[AMY, None, MANY]]}
    actions = set(store.scalars(select(AccessEntry.action)))
    assert "held.keep" in actions and not actions & {"identifier.add", "policy.reattribute"}

    with acting(app, second) as by:
        approve(held.id, held.digest, by=by)
    assert _lines(store) == [("0118BK05", AMY), ("0118BK05", NORA)]
    assert _npns(store) == {None: MANY}
    added = store.scalars(select(AccessEntry).where(AccessEntry.action == "identifier.add")).one()
    assert added.actor_id == second.id
    assert _held(store, "approved").decided_by == second.id
    assert set(store.scalars(select(PolicyWriter.source).where(PolicyWriter.until.is_(None)))) == {"none"}


def test_a_rejected_change_is_never_made(
    app: Flask, load: Load, store: Session, amy: Producer, nora: Producer, asker: User, second: User
) -> None:
    load(_policies())
    _ask(app, asker, lambda by: _add(nora, by))
    with acting(app, second) as by:
        reject(_held(store).id, "It is Amy's number.", by=by)
    held = _held(store, "rejected")
    assert (held.reason, held.decided_name) == ("It is Amy's number.", second.name)
    with acting(app, second) as by, pytest.raises(NotDecided, match="decided already"):
        approve(held.id, held.digest, by=by)
    assert _npns(store) == {AMY: MANY} and len(_lines(store)) == 1


def test_asking_again_is_the_same_question(
    app: Flask, load: Load, store: Session, amy: Producer, nora: Producer, asker: User, second: User
) -> None:
    """Whoever asks the same finds what waits; who asked first may still not decide."""
    load(_policies())
    first = _ask(app, asker, lambda by: _add(nora, by))
    again = _ask(app, second, lambda by: _add(nora, by))
    assert again.held_id == first.held_id and _held(store).asked_by == asker.id


def test_correcting_and_ending_are_weighed_too(
    app: Flask, load: Load, store: Session, amy: Producer, asker: User, second: User
) -> None:
    load(_policies())
    line_id = store.scalars(select(CarrierIdentifier.id)).one()

    def line() -> CarrierIdentifier:
        return db.session.scalars(select(CarrierIdentifier).where(CarrierIdentifier.id == line_id)).one()

    _ask(app, asker, lambda by: downline.end_identifier(line(), last_day=date(2025, 6, 30), by=by))
    ended = _held(store)
    _ask(
        app, asker, lambda by: downline.edit_identifier(line(), value="0118BK06", valid_from=None, valid_to=None, by=by)
    )
    assert _lines(store) == [("0118BK05", AMY)]
    with acting(app, second) as by:
        approve(ended.id, ended.digest, by=by)
    store.rollback()
    assert store.scalars(select(CarrierIdentifier.valid_to)).one() == date(2025, 6, 30)
    assert _npns(store) == {None: MANY}
    edited = _held(store)
    assert edited.kind == "identifier_edit"
    with acting(app, second) as by, pytest.raises(NotDecided, match="other policies than were shown"):
        approve(edited.id, edited.digest, by=by)
    assert _held(store).effect == {"base": 0, "pairs": []}, "the policies are nobody's already"


def test_an_import_is_weighed_as_a_whole(
    app: Flask, load: Load, store: Session, fmo: Fmo, nora: Producer, asker: User, second: User
) -> None:
    """Four lines of five policies each: none is beyond the limit, together they are; a TIN stays a hash."""
    npn = {"Writing Agent NPN": ""}
    load(aetna(*(person(n, **npn, **{"Writing Agent TIN": f"90-000000{n % 4}"}) for n in range(MANY))))
    rows = [{"carrier": "aetna", "kind": "tin", "value": f"90-000000{n}", "npn": NORA} for n in range(4)]
    _ask(app, asker, lambda by: downline.import_identifiers(rows, by=by))
    held = _held(store)
    assert held.title == "Import 4 carrier identifiers" and held.effect["pairs"] == [[None, NORA, MANY]]
    assert "900000001" not in str(held.arguments) and _lines(store) == []
    with acting(app, second) as by:
        approve(held.id, held.digest, by=by)
    assert _npns(store) == {NORA: MANY}
    assert (keyed_hash("900000001", fmo_id=fmo.id, field="tin"), NORA) in _lines(store)


def test_a_changed_npn_takes_policies_along_only_with_a_second_yes(
    app: Flask, load: Load, store: Session, amy: Producer, asker: User, second: User
) -> None:
    load(_policies())
    details = Details(npn="1009009", first_name="Ann", last_name="Agent", name="Ann Agent", email="ann@new.example")

    def change(by: Scope) -> None:
        downline.edit_producer(db.session.get_one(Producer, (amy.fmo_id, amy.id)), details, by=by)

    _ask(app, asker, change)
    store.refresh(amy)
    assert (amy.npn, amy.email) != ("1009009", "ann@new.example") and _npns(store) == {AMY: MANY}
    held = _held(store)
    with acting(app, second) as by:
        approve(held.id, held.digest, by=by)
    store.refresh(amy)
    assert (amy.npn, amy.email) == ("1009009", "ann@new.example") and _npns(store) == {"1009009": MANY}


def test_confirming_what_an_identifier_names_is_weighed(
    app: Flask, load: Load, store: Session, amy: Producer, asker: User, second: User
) -> None:
    builders.identifier(store, amy, "1400001", carrier="humana", kind="san")
    people = [{"NPN": "", "Humana ID": f"H5000{n:04}", "MbrFirstName": f"P{chr(65 + n)}"} for n in range(MANY)]
    load(humana(*people))

    def confirm(by: Scope) -> None:
        confirm_kind(connector=db.session.scalars(select(Connector)).one(), kind="san")

    _ask(app, asker, confirm)
    assert store.scalars(select(Connector.confirmed_kinds)).one() == [] and _npns(store) == {None: MANY}
    held = _held(store)
    assert (held.kind, held.effect["pairs"]) == ("confirm", [[None, AMY, MANY]])
    with acting(app, second) as by:
        approve(held.id, held.digest, by=by)
    assert _npns(store) == {AMY: MANY} and store.scalars(select(Connector.confirmed_kinds)).one() == ["san"]


def test_other_policies_than_were_shown_wait_with_the_new_numbers(
    app: Flask, load: Load, store: Session, amy: Producer, nora: Producer, asker: User, second: User
) -> None:
    load(_policies())
    _ask(app, asker, lambda by: _add(nora, by))
    before = _held(store)
    digest = before.digest
    load(_policies(first=50), day="20261201")
    with acting(app, second) as by, pytest.raises(NotDecided, match="other policies than were shown"):
        approve(before.id, digest, by=by)
    after = _held(store)
    assert after.effect["pairs"] == [[AMY, None, 2 * MANY]] and _npns(store) == {AMY: 2 * MANY}
    assert after.asked_by == asker.id and after.digest != digest
    with acting(app, second) as by:
        approve(after.id, after.digest, by=by)
    assert _npns(store) == {None: 2 * MANY}


def test_what_can_no_longer_be_made_ends(
    app: Flask, load: Load, store: Session, amy: Producer, nora: Producer, asker: User, second: User
) -> None:
    load(_policies())
    _ask(app, asker, lambda by: _add(nora, by))
    held = _held(store)
    nora.npn = "1004004"
    store.commit()
    with acting(app, second) as by, pytest.raises(NotDecided, match="has another NPN by now"):
        approve(held.id, held.digest, by=by)
    assert _held(store, "stale").reason == f"{nora.name} has another NPN by now."
    assert _npns(store) == {AMY: MANY}


def test_two_admins_at_once_do_it_once(
    app: Flask, load: Load, store: Session, fmo: Fmo, amy: Producer, nora: Producer, asker: User, second: User
) -> None:
    load(_policies())
    _ask(app, asker, lambda by: _add(nora, by))
    held = _held(store)
    third, said, barrier = builders.user(store, fmo), [], threading.Barrier(2)

    def decide(who: User) -> None:
        with acting(app, who) as by:
            barrier.wait()
            try:
                approve(held.id, held.digest, by=by)
            except NotDecided as refused:
                said.append(str(refused))

    threads = [threading.Thread(target=decide, args=(who,)) for who in (second, third)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["This was decided already. Nothing was done a second time."]
    assert len(_lines(store)) == 2 and len(store.scalars(select(PolicyWriter)).all()) == 2 * MANY


@pytest.mark.parametrize(
    "work",
    [
        "UPDATE held_change SET status = 'approved', decided_by = asked_by, decided_at = now()",
        "UPDATE held_change SET status = 'approved', decided_at = now()",
        "UPDATE held_change SET status = 'approved', decided_by = uuidv7(), decided_at = now()",
        "UPDATE held_change SET asked_by = uuidv7()",
        "UPDATE held_change SET asked_by = NULL",
        "DELETE FROM held_change",
    ],
)
def test_straight_in_the_database_nobody_decides_for_another(
    app: Flask, load: Load, store: Session, amy: Producer, nora: Producer, asker: User, work: str
) -> None:
    """Not with the asker's own login: not in one's own name, not in anybody's, not by asking in another name."""
    load(_policies())
    _ask(app, asker, lambda by: _add(nora, by))
    with pytest.raises((IntegrityError, ProgrammingError)) as refused, acting(app, asker):
        db.session.connection().execute(text(work))
    state = refused.value.orig.sqlstate  # type: ignore[union-attr]  # psycopg's errors have one
    assert state in ("23514", "42501")
    assert _held(store).decided_by is None


def test_the_table_itself_wants_four_eyes(
    setup_engine: Engine, load: Load, app: Flask, store: Session, amy: Producer, nora: Producer, asker: User
) -> None:
    """Even for the owner of everything."""
    load(_policies())
    _ask(app, asker, lambda by: _add(nora, by))
    own = "UPDATE held_change SET status = 'approved', decided_by = asked_by, decided_at = now()"
    with setup_engine.connect() as connection, pytest.raises(DBAPIError, match="four_eyes"):
        connection.execute(text(own))


def test_a_job_cannot_decide(
    app: Flask, load: Load, store: Session, fmo: Fmo, amy: Producer, nora: Producer, asker: User
) -> None:
    load(_policies())
    _ask(app, asker, lambda by: _add(nora, by))
    with pytest.raises((IntegrityError, ProgrammingError)), acting(app, Role.SYSTEM, fmo):
        db.session.connection().execute(text("UPDATE held_change SET status = 'approved'"))


def test_a_changed_npn_leaves_what_was_put_right_meanwhile(
    app: Flask, load: Load, store: Session, amy: Producer, asker: User, second: User
) -> None:
    """Only what the asker changed is made, not the whole record as it stood on that day."""
    load(_policies())
    held_with = details_of(amy, npn="1009009", email="ann@new.example")
    _ask(app, asker, lambda by: downline.edit_producer(_again(amy), held_with, by=by))
    held = _held(store)
    assert sorted(held.arguments) == ["email", "npn"]
    with acting(app, asker) as by:
        downline.edit_producer(_again(amy), details_of(_again(amy), phone="+16145550199", active=False), by=by)
    with acting(app, second) as by:
        approve(held.id, held.digest, by=by)
    store.refresh(amy)
    assert (amy.npn, amy.email, amy.phone, amy.active) == ("1009009", "ann@new.example", "+16145550199", False)


def _again(producer: Producer) -> Producer:
    return db.session.get_one(Producer, (producer.fmo_id, producer.id))
