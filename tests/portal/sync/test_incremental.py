"""A run reads only what the book changed, and leaves the account as one that reads everything would."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.book.models import Member, Policy
from portal.businesses.models import Business
from portal.core.scope import Role
from portal.sync.models import SyncRun
from portal.sync.statements import source
from tests.portal.book.conftest import Load, load  # noqa: F401  # a fixture
from tests.portal.book.rows import aetna, person
from tests.portal.sync import test_model as model
from tests.portal.sync.runs import ACCOUNT, rows, shown, sync, versions
from tests.portal.sync.test_rehearsal import figures, rehearsed
from tests.support import builders as make
from tests.support.examples import examples

numbers = st.integers(0, 9)
edits = st.tuples(
    st.sampled_from(["policy", "member", "email", "new", "remove", "remove contact", "restore", "sync", "type"]),
    numbers,
    model.npns,
)
moves = st.tuples(st.sampled_from(["move", "leave", "join"]), numbers, model.npns)
sequences = st.lists(st.one_of(edits, edits, moves), min_size=4, max_size=12)

REMOVE_CONTACT = (
    (
        "UPDATE contact SET removed_at = now() WHERE id = (SELECT id FROM contact WHERE business_id = :b AND NOT hidden"
        " AND removed_at IS NULL ORDER BY id OFFSET :n LIMIT 1)"
    ),
    (
        "UPDATE crm_policy c SET removed_at = now() FROM contact k WHERE k.id = c.contact_id AND k.removed_at = now()"
        " AND c.released_at IS NULL AND c.removed_at IS NULL"
    ),
)
REMOVE = (
    (
        "UPDATE crm_policy SET removed_at = now() WHERE id = (SELECT id FROM crm_policy WHERE business_id = :b AND"
        " released_at IS NULL AND removed_at IS NULL ORDER BY id OFFSET :n LIMIT 1)"
    ),
)
RESTORE = (
    "UPDATE crm_policy SET removed_at = NULL WHERE business_id = :b AND released_at IS NULL AND :n >= 0",
    "UPDATE contact SET removed_at = NULL WHERE business_id = :b",
)
TYPE = (
    (
        'UPDATE contact SET typed = \'{"email": ""}\', agent_owned = true WHERE id = (SELECT id FROM contact'
        " WHERE business_id = :b AND NOT hidden ORDER BY id OFFSET :n LIMIT 1)"
    ),
)
BY_AGENT = {"remove": REMOVE, "remove contact": REMOVE_CONTACT, "restore": RESTORE, "type": TYPE}


def whole(app: Flask, store: Session, business: Business) -> SyncRun:
    """A run that looks at everything."""
    return sync(app, store, business, whole=True)


def edit(app: Flask, store: Session, office: model.Office, step: tuple[str, int, str | None]) -> None:
    """One step in the book or the account."""
    what, number, npn = step
    account = office.accounts[number % len(office.accounts)]
    policy = store.get_one(Policy, (office.fmo.id, sorted(office.writer)[number % len(office.writer)]))
    if what in BY_AGENT:
        for statement in BY_AGENT[what]:
            store.execute(text(statement), {"b": account.business.id, "n": number // 3})
    elif what == "policy":
        policy.status, policy.content_hash = f"status{number}", f"{policy.content_hash}{number}"
    elif what in ("member", "email"):
        member = store.get_one(Member, (office.fmo.id, policy.member_id))
        member.city, member.email = f"City{number}", None if what == "email" else member.email
    elif what == "new":
        member = store.get_one(Member, (office.fmo.id, policy.member_id))
        office.writer[make.policy(store, member, make.feed_run(store, office.fmo), npn).id] = npn
    elif what in ("move", "leave", "join"):
        store.commit()
        model.take(app, store, office, step)
    store.commit()
    store.expire_all()


def foretold_sync(app: Flask, store: Session, office: model.Office, account: model.Account) -> None:
    """A run that does what a rehearsal said."""
    told = rehearsed(app, office.fmo.id, account.business, *account.npns)
    assert figures(told) == figures(sync(app, store, account.business))


@examples(15)
@given(book=model.books, sets=model.account_sets, days=sequences)
def test_agrees_with_a_run_that_looks_at_everything(
    app: Flask,
    store: Session,
    setup_engine: Engine,
    book: list[tuple[int, str | None]],
    sets: list[set[str]],
    days: list[tuple[str, int, str | None]],
) -> None:
    office = model.build(store, book, sets)
    for step in days:
        if step[0] == "sync":
            foretold_sync(app, store, office, office.accounts[step[1] % len(office.accounts)])
        else:
            edit(app, store, office, step)
    for account in office.accounts:
        foretold_sync(app, store, office, account)
        before = versions(setup_engine, ACCOUNT)
        run = whole(app, store, account.business)
        assert (run.added, run.updated, run.handed_over, run.released) == (0, 0, 0, 0)
        assert versions(setup_engine, ACCOUNT) == before


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """Above which number each run looked at which NPN; nothing where it saw that there is nothing."""
    seen: list[dict[str, int]] = []
    collect = source.collect

    def watched(at: Any, fmo_id: Any, business_id: Any, above: dict[str, int]) -> tuple[int, int]:
        seen.append(above)
        return collect(at, fmo_id, business_id, above)

    monkeypatch.setattr(source, "collect", watched)
    return seen


def test_looks_at_what_is_new_only(app: Flask, store: Session, looked_at: list[dict[str, int]]) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    second = make.agent(store, fmo, "1002")
    feed = make.feed_run(store, fmo)
    last = [make.policy(store, make.member(store, fmo), feed, npn) for npn in ("1001", "1001", "1002")][1]
    sync(app, store, business)
    sync(app, store, business)
    assert looked_at == [{"1001": source.EVERYTHING}]
    make.business_npn(store, business, second)
    sync(app, store, business)
    assert looked_at[1:] == [{"1002": source.EVERYTHING}]
    make.policy(store, make.member(store, fmo), feed, "1001")
    sync(app, store, business)
    assert looked_at[2:] == [{"1001": last.batch}]
    whole(app, store, business)
    assert looked_at[3:] == [{"1001": source.EVERYTHING, "1002": source.EVERYTHING}]


def test_reads_everything_where_account_and_book_do_not_add_up(
    app: Flask, store: Session, setup_engine: Engine, looked_at: list[dict[str, int]]
) -> None:
    """As if a departure or an arrival had gone by unnoticed."""
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    feed = make.feed_run(store, fmo)
    policies = [make.policy(store, make.member(store, fmo), feed, "1001") for _ in range(3)]
    sync(app, store, business)
    store.execute(text("UPDATE policy SET writing_npn = '1009' WHERE id = :p"), {"p": policies[0].id})
    store.commit()

    assert sync(app, store, business).released == 1

    assert shown(setup_engine, business) == {policies[1].id, policies[2].id}
    store.execute(text("UPDATE policy SET writing_npn = '1001' WHERE id = :p"), {"p": policies[0].id})
    store.commit()
    assert sync(app, store, business).added == 1
    assert len(looked_at) == 3
    lines = rows(setup_engine, "SELECT what, reason, policy_ids FROM sync_line ORDER BY id")
    assert [(line.what, line.reason, len(line.policy_ids)) for line in lines] == [
        ("added", "new", 3), ("released", "moved", 1), ("added", "back", 1)
    ]  # fmt: skip


def test_what_a_file_taught_reaches_the_account(
    app: Flask,
    store: Session,
    setup_engine: Engine,
    load: Load,  # noqa: F811
    fmo: Any,
    looked_at: list[dict[str, int]],
) -> None:
    """Through the real loader: a changed row, a person's new address beside an unchanged row, and a new row."""
    first = [person(n, **{"Writing Agent NPN": "1001"}) for n in range(1, 6)]
    load(aetna(*first), day="20261101")
    business = make.business(store, make.agent(store, fmo, "1001"))
    make.user(store, fmo, Role.AGENT_ADMIN, business)
    assert sync(app, store, business).added == 5
    changed = [{**first[0], "Member Status": "T", "Term Date": "11/30/2026"}, {**first[1], "City": "Waco"}, *first[2:]]
    load(aetna(*changed, person(9, **{"Writing Agent NPN": "1001"})), day="20261102")

    run = sync(app, store, business)

    assert (run.added, run.updated, run.unchanged, run.released) == (1, 2, 3, 0)
    assert len(looked_at) == 2 and looked_at[1]["1001"] > 0
    cities = rows(setup_engine, "SELECT city FROM contact ORDER BY city")
    assert [row.city for row in cities].count("Waco") == 1
    load(aetna(*changed, person(9, **{"Writing Agent NPN": "1001"})), day="20261103")
    before = versions(setup_engine)
    assert sync(app, store, business).unchanged == 6
    assert versions(setup_engine) == before


@pytest.fixture
def fmo(store: Session) -> Any:
    """The FMO into whose book `load` loads."""
    return make.fmo(store)


def test_a_whole_look_at_an_account_without_numbers_finds_nothing(
    app: Flask, store: Session, setup_engine: Engine
) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    make.policy(store, make.member(store, fmo), make.feed_run(store, fmo), "1001")
    store.execute(text("DELETE FROM business_npn WHERE business_id = :b"), {"b": business.id})
    store.commit()
    run = whole(app, store, business)
    assert (run.added, run.released) == (0, 0)
    assert shown(setup_engine, business) == set()
