"""Whose policies they are: column, crosswalk, nobody; intervals; who is told."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import Connector, Policy, PolicyWriter
from portal.book.operations import confirm_kind
from portal.connectors.layouts import load_layouts
from portal.core.crypto import keyed_hash
from portal.core.scope import Role
from portal.downline.models import CarrierIdentifier
from portal.extensions import db
from portal.identity.models import Fmo
from tests.portal.book.conftest import Load, attribute
from tests.portal.book.rows import aetna, humana, mutual
from tests.support.people import acting

Add = Callable[..., CarrierIdentifier]


@pytest.fixture
def line(store: Session, fmo: Fmo) -> Add:
    """`line("0118BK05", "1001001", …)`: a line of the crosswalk."""

    def add(value: str, npn: str, **values: str) -> CarrierIdentifier:
        values = {"carrier": "mutual_of_omaha", "kind": "writing_number", **values}
        row = CarrierIdentifier(fmo_id=fmo.id, value=value, shown=value, npn=npn, **values)
        store.add(row)
        store.commit()
        return row

    return add


def _npns(store: Session) -> list[str | None]:
    store.rollback()
    store.expire_all()
    return list(store.scalars(select(Policy.writing_npn).order_by(Policy.policy_number)))


def _intervals(store: Session) -> list[tuple[str | None, str, bool]]:
    store.rollback()
    rows = store.scalars(select(PolicyWriter).order_by(PolicyWriter.since, PolicyWriter.id))
    return [(row.npn, row.source, row.until is None) for row in rows]


def test_the_column_says_it(load: Load, store: Session, told: list[UUID]) -> None:
    """A new interval for each NPN, and one call for what changed hands."""
    load(aetna({}))
    assert told == []
    run = load(aetna({"Writing Agent NPN": "0002002002"}), day="20261201")
    assert _npns(store) == ["2002002"]
    assert _intervals(store) == [("1001001", "column", False), ("2002002", "column", True)]
    assert (len(told), run.released) == (1, 1)


def test_no_writer_is_nobody(load: Load, store: Session) -> None:
    """Neither NPN nor a known identifier: unattributed, and an interval that says so."""
    run = load(aetna({"Writing Agent NPN": ""}))
    assert (run.unattributed, _npns(store)) == (1, [None])
    assert _intervals(store) == [(None, "none", True)]


def test_the_crosswalk_says_it_on_the_effective_date(load: Load, store: Session, line: Add) -> None:
    """Handed over on a day: each policy to whom the number belonged when it began."""
    line("0118BK05", "1001001", valid_to="2025-12-31")
    line("0118BK05", "2002002", valid_from="2026-01-01")
    load(mutual({}, {"Policy Number": "560002-40M", "Issue Date": "12/31/2025"}))
    assert _npns(store) == ["2002002", "1001001"]


def test_two_owners_are_no_owner(load: Load, store: Session, line: Add) -> None:
    """Never guessed."""
    line("0118BK05", "1001001")
    line("0118BK05", "2002002")
    load(mutual({}))
    assert _npns(store) == [None]


def test_leading_zeros_count_where_somebody_spells_them(load: Load, store: Session, line: Add) -> None:
    """A number is compared as written; only one that nobody spells so is compared without its zeros."""
    line("118BK05", "1001001")
    load(mutual({}))
    assert _npns(store) == ["1001001"]
    line("0118BK05", "2002002", valid_to="2020-01-01")
    load(mutual({"Policy Number": "560002-40M"}), day="20261201")
    assert _npns(store) == ["1001001", None]


def test_a_tax_number_is_only_ever_a_hash(load: Load, store: Session, fmo: Fmo, line: Add) -> None:
    """It can be a person's social security number."""
    line(keyed_hash("900123456", fmo_id=fmo.id, field="tin"), "1001001", carrier="aetna", kind="tin")
    load(aetna({"Writing Agent NPN": "", "Writing Agent TIN": "90-0123456"}))
    assert _npns(store) == ["1001001"]
    assert "900123456" not in str(store.scalars(select(Policy.writer_value)).all())


def test_what_needs_a_confirmation_waits_for_it(app: Flask, load: Load, store: Session, fmo: Fmo, line: Add) -> None:
    """A servicing agent is not the writer until the FMO says so, for old policies and later files alike."""
    line("1400001", "1001001", carrier="humana", kind="san")
    load(humana({"NPN": ""}))
    assert _npns(store) == [None]
    with acting(app, Role.FMO_ADMIN, fmo):
        assert attribute("humana", "san", "1400001") == 0
        assert confirm_kind(connector=db.session.scalars(select(Connector)).one(), kind="san") == 1
    assert _npns(store) == ["1001001"]
    load(humana({"NPN": "", "Humana ID": "H50000002", "MbrFirstName": "ROY"}), day="20261201")
    assert _npns(store) == ["1001001", "1001001"]


def test_a_confirmation_of_another_rule_attributes_nothing(load: Load, store: Session, fmo: Fmo, line: Add) -> None:
    """The carrier's layout names another column by now: it waits until the FMO has looked again."""
    line("1400001", "1001001", carrier="humana", kind="san")
    humana_of = {"name": "Humana", "carrier": "humana", "layout": "humana", "confirmed_kinds": ["san"]}
    connector = Connector(fmo_id=fmo.id, **humana_of, confirmed_rule="npn npn:1, san aorsan:1")
    store.add(connector)
    store.commit()
    load(humana({"NPN": ""}))
    assert _npns(store) == [None]
    connector.confirmed_rule = load_layouts()["humana"].writer.rule
    store.commit()
    load(humana({"NPN": "", "Humana ID": "H50000002", "MbrFirstName": "ROY"}), day="20261201")
    assert _npns(store) == [None, "1001001"]


def test_a_changed_crosswalk_moves_policies_at_once(
    app: Flask, load: Load, store: Session, fmo: Fmo, line: Add, told: list[UUID]
) -> None:
    """Under the FMO's own login: new NPN, intervals, a higher batch, and those above are told."""
    found = line("0118BK05", "1001001")
    load(mutual({}, {"Policy Number": "560002-40M", "Writing Agent Number": "0999ZZ99"}))
    before = store.scalars(select(Policy.batch)).all()
    found.npn = "2002002"
    store.commit()
    with acting(app, Role.FMO_ADMIN, fmo):
        assert attribute("mutual_of_omaha", "writing_number", "0118BK05") == 1
    assert _npns(store) == ["2002002", None]
    assert len(told) == 1
    assert ("1001001", "crosswalk", False) in _intervals(store)
    assert ("2002002", "crosswalk", True) in _intervals(store)
    assert max(store.scalars(select(Policy.batch))) > max(before)
    store.delete(found)
    store.commit()
    with acting(app, Role.FMO_ADMIN, fmo):
        assert attribute("mutual_of_omaha", "writing_number", "0118BK05") == 1
        assert attribute("mutual_of_omaha", "writing_number", "0118BK05") == 0
    assert _npns(store) == [None, None]


def test_a_column_is_not_overruled(app: Flask, load: Load, store: Session, fmo: Fmo, line: Add) -> None:
    """The crosswalk only ever speaks where the row has no NPN."""
    load(humana({}))
    line("1400001", "2002002", carrier="humana", kind="san")
    with acting(app, Role.FMO_ADMIN, fmo):
        confirm_kind(connector=db.session.scalars(select(Connector)).one(), kind="san")
    assert _npns(store) == ["1001001"]
