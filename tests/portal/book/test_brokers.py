"""Whose policy it is where an enrollment file names a broker by an id of which it does not say whose number it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import Policy
from portal.core import access
from portal.core.scope import Role
from portal.downline.models import CarrierIdentifier
from portal.extensions import db
from portal.identity.models import Fmo
from tests.connectors import interchange as edi
from tests.portal.book.conftest import Load, attribute, hold_nothing
from tests.support import builders
from tests.support.people import acting

Book = Callable[[], dict[str, Policy]]


def _file(name: str = "STONE AMY", number: str = "01001001", payer: str = "66783") -> bytes:
    said = edi.transaction(edi.member(), broker=[f"N1*BO*{name}*94*{number}"], payer=payer)
    return edi.interchange(edi.group(said)).encode()


@pytest.mark.parametrize("name", ["STONE AMY", "Amy Stone"])
def test_an_npn_of_the_downline_under_its_own_name_is_one(
    load: Load, book: Book, store: Session, fmo: Fmo, name: str
) -> None:
    builders.agent(store, fmo, "1001001", first_name="Amy", last_name="Stone")
    store.commit()
    load(_file(name))
    (policy,) = book().values()
    assert (policy.writing_npn, policy.writer_source) == ("1001001", "column")


@pytest.mark.parametrize(
    ("name", "number"), [("PIKE OTIS", "1001001"), ("STONE AMY", "1001002"), ("", "1001001"), ("STONE AMY", "A1001001")]
)
def test_a_payers_own_number_is_nobodys_npn(
    load: Load, book: Book, store: Session, fmo: Fmo, name: str, number: str
) -> None:
    """Neither a number that somebody happens to have, nor a name alone."""
    builders.agent(store, fmo, "1001001", first_name="Amy", last_name="Stone")
    builders.agent(store, builders.fmo(store), "1001002", first_name="Amy", last_name="Stone")
    store.commit()
    load(_file(name, number))
    (policy,) = book().values()
    assert (policy.writing_npn, policy.writer_kind, policy.writer_value) == (None, "broker_id", f"66783/{number}")


def test_the_crosswalk_comes_first_and_holds_for_one_payer(load: Load, store: Session, fmo: Fmo) -> None:
    builders.agent(store, fmo, "1001001", first_name="Amy", last_name="Stone")
    known = {"carrier": "x12_834", "kind": "broker_id", "value": "66783/01001001", "shown": "66783/01001001"}
    builders.add(store, CarrierIdentifier(fmo_id=fmo.id, npn="2002002", **known))
    store.commit()
    load(_file())
    load(_file(payer="77001"), day="20261104")
    store.rollback()
    assert sorted(store.scalars(select(Policy.writing_npn)), key=str) == ["1001001", "2002002"]


def test_a_line_of_the_crosswalk_decides_at_once(app: Flask, load: Load, book: Book, store: Session, fmo: Fmo) -> None:
    """Somebody says whose the identifier is: a number that only looked like an NPN gives way, in the file or not."""
    hold_nothing(store, fmo)
    builders.agent(store, fmo, "1001001", first_name="Amy", last_name="Stone")
    store.commit()
    load(_file())
    with acting(app, Role.FMO_ADMIN, fmo):
        assert attribute("x12_834", "broker_id", "66783/01001001") == 0
        access.write_entries()
        db.session.commit()
    known = {"carrier": "x12_834", "kind": "broker_id", "value": "66783/01001001", "shown": "66783/01001001"}
    builders.add(store, CarrierIdentifier(fmo_id=fmo.id, npn="2002002", **known))
    store.commit()
    with acting(app, Role.FMO_ADMIN, fmo):
        assert attribute("x12_834", "broker_id", "66783/01001001") == 1
        access.write_entries()
        db.session.commit()
    (policy,) = book().values()
    assert (policy.writing_npn, policy.writer_source) == ("2002002", "crosswalk")
