"""Hostile files from the door to the book: each ends its run with a sentence, and the next file loads."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.book.models import FeedRun, Member, Policy
from portal.identity.models import Fmo, User
from tests.connectors.interchange import group, interchange, member, transaction
from tests.connectors.test_workbooks import _bomb, _sheet
from tests.portal.book.conftest import Load
from tests.portal.book.rows import aetna
from tests.support import builders

CORNER = '<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


def test_no_hostile_file_leaves_anything_and_the_next_one_loads(load: Load, store: Session, tmp_path: Path) -> None:
    """Also the workbook that ends the process which decodes it."""
    bodies = [
        _bomb(tmp_path / "a.xlsx", _sheet(CORNER)).read_bytes(),
        aetna({}) + b"\0",
        aetna({}) + b'"never closed\n\n',
        b"<html>" + b"<table>" * 100_000,
        b"ISA*00*" + b"X" * 200_000,
        b"a," * 2_000_000,
        b"MZ\x90\x00" * 100,
        b"\xff\xfe\x00",
    ]
    for body in bodies:
        run = load(body)
        assert run.status == "failed" and run.error and run.error.endswith("Nothing in the book was changed."), (
            run.error
        )
    for table in (Policy, Member):
        assert store.scalar(select(func.count()).select_from(table)) == 0
    assert load(aetna({})).new == 1


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(
    client_for: Callable[[User], FlaskClient], store: Session, fmo: Fmo
) -> None:
    """Two gigabytes announced: the answer comes at once, and no run is made of it."""
    client = client_for(builders.user(store, fmo))
    announced = {"CONTENT_LENGTH": str(2 * 1024**3)}
    answer = client.post("/fmo/feeds/new", data={"file": (io.BytesIO(b"a"), "a.csv")}, environ_overrides=announced)
    assert answer.status_code == 413
    assert store.scalar(select(func.count()).select_from(FeedRun)) == 0


def test_an_enrollment_file_reaches_the_book(load: Load, store: Session, fmo: Fmo) -> None:
    """Two payers with the same number: two members, each with the broker of their own transaction."""
    builders.agent(store, fmo, "1001001", first_name="Amy", last_name="Stone")
    builders.agent(store, fmo, "1002002", first_name="Otis", last_name="Pike")
    store.commit()
    one = transaction(member(), broker=["N1*BO*STONE AMY*94*1001001"])
    other = transaction(
        member(first="RHODA", born="19610307"), number="0002", payer="77001", broker=["N1*BO*PIKE OTIS*94*1002002"]
    )
    run = load(interchange(group(one, other)).encode())
    assert (run.status, run.new, run.refused, str(run.as_of)) == ("succeeded", 2, 0, "2026-11-02"), run.error
    found = store.execute(
        select(Member.first_name, Policy.writing_npn).join(Policy, Policy.member_id == Member.id)
    ).all()
    assert sorted(tuple(row) for row in found) == [("Rhoda", "1002002"), ("Ruth", "1001001")]
    assert load(interchange(group(other, one)).encode()).unchanged == 2
