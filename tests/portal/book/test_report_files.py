"""A run's report as files, the carrier's file itself, and what was altered on the way."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.book.models import FeedFile
from portal.book.report.models import FeedAlteration
from portal.book.report.operations import read_altered
from portal.compliance.models import AccessEntry
from portal.core import access, scope
from portal.core.scope import Role
from portal.core.table_files import Part, cell_text, write_csv, write_workbook
from portal.extensions import db
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import Load, jobs_scope
from tests.portal.book.rows import aetna, person
from tests.support import builders

Client = Callable[[User], FlaskClient]
EVIL = ["=1+1", "+1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "－1", "-2+3", '=HYPERLINK("http://x.example")']


@pytest.fixture
def admin(client_for: Client, store: Session, fmo: Fmo) -> FlaskClient:
    """A browser of the FMO's admin."""
    return client_for(builders.user(store, fmo))


def _last(store: Session) -> AccessEntry:
    store.rollback()
    return store.scalars(select(AccessEntry).order_by(AccessEntry.at.desc(), AccessEntry.id.desc())).first()  # type: ignore[return-value]


@pytest.mark.parametrize("text", EVIL)
def test_no_cell_of_any_file_runs(tmp_path: Path, text: str) -> None:
    """Quoted in CSV, and in a workbook text besides."""
    write_csv(tmp_path / "a.csv", Part("A", ("x",), [(text,)]))
    (_, (cell,)) = csv.reader(io.StringIO((tmp_path / "a.csv").read_bytes().decode("utf-8-sig"), newline=""))
    assert cell == f"'{text}"
    write_workbook(tmp_path / "a.xlsx", [Part("A", ("x",), [(text,)])])
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "hyperlink" not in sheet


def test_a_negative_number_stays_one() -> None:
    assert [cell_text(one) for one in ("-12.50", -3, "-", "-1e5", None)] == ["-12.50", "-3", "'-", "'-1e5", ""]


def test_the_whole_report_is_one_workbook(admin: FlaskClient, load: Load, store: Session) -> None:
    """Every section a sheet; one entry with all members whom it names."""
    load(aetna({}))
    unknown = person(5, **{"Member Status": "??"})
    formula = {"Member Status": "T", "Plan Name": "=cmd|' /C calc'!A0"}
    run = load(aetna(formula, person(3), unknown), day="20261201")
    sent = admin.get(f"/fmo/feeds/{run.id}/report.xlsx")
    assert sent.status_code == 200 and sent.headers["X-Content-Type-Options"] == "nosniff"
    assert sent.headers["Content-Disposition"] == f'attachment; filename="report-{run.id}.xlsx"'
    book = CalamineWorkbook.from_filelike(io.BytesIO(sent.data))
    assert book.sheet_names == ["Summary", "New", "Changed", "Refused", "Dropped", "Altered"]
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    assert ["Rows", "3"] in sheets["Summary"] and ["Refused", "1"] in sheets["Summary"]
    assert len(sheets["New"]) == 2 and len(sheets["Refused"]) == 2
    changed = {row[3]: row[4:] for row in sheets["Changed"][1:]}
    assert changed["Status"] == ["Active", "Terminated"] and str(changed["Plan"][1]).startswith("'=cmd")
    entry = _last(store)
    assert (entry.action, entry.detail["section"], len(entry.member_ids)) == ("feed.report", "all", 2)


def test_each_section_is_a_csv_file(admin: FlaskClient, load: Load, store: Session) -> None:
    load(aetna({}))
    run = load(aetna({"Member Status": "T"}, person(3)), day="20261201")
    rows = list(csv.reader(io.StringIO(admin.get(f"/fmo/feeds/{run.id}/report/changed.csv").data.decode("utf-8-sig"))))
    assert rows[0] == ["Of", "Policy number", "Member", "Field", "Before", "After"]
    assert ["Policy", "101000000001", "Abbot, Mae", "Status", "Active", "Terminated"] in rows
    assert _last(store).detail == {"section": "changed"}
    assert admin.get(f"/fmo/feeds/{run.id}/report/everything.csv").status_code == 404


def test_the_carrier_file_comes_back_as_it_is_kept(admin: FlaskClient, load: Load, store: Session) -> None:
    """As bytes and nothing else, by a click that is logged with its run."""
    body = aetna({}, person(3))
    run = load(body)
    assert "Its download is logged in your name" in admin.get(f"/fmo/feeds/{run.id}").text
    sent = admin.post(f"/fmo/feeds/{run.id}/input")
    assert sent.data == body and sent.content_type == "application/octet-stream"
    assert sent.headers["Content-Disposition"] == 'attachment; filename="book_20261103.csv"'
    entry = _last(store)
    assert (entry.action, entry.subject_ids) == ("feed.input", [run.id])


@pytest.mark.parametrize("role", [Role.COMPLIANCE, Role.AGENT_ADMIN])
def test_nobody_else_gets_a_file(client_for: Client, load: Load, store: Session, fmo: Fmo, role: Role) -> None:
    run = load(aetna({}))
    business = builders.business(store, builders.agent(store, fmo)) if role.is_agent else None
    other = client_for(builders.user(store, fmo, role, business))
    assert other.post(f"/fmo/feeds/{run.id}/input").status_code == 404
    assert other.get(f"/fmo/feeds/{run.id}/report.xlsx").status_code == 404


def test_a_file_that_can_no_longer_be_read_says_so(
    app: Flask, admin: FlaskClient, load: Load, store: Session, fmo: Fmo
) -> None:
    """The reading ends and can be asked for again; the run is as it was."""
    run = load(aetna({}))
    address = f"/fmo/feeds/{run.id}/altered"
    admin.post(address)
    store.execute(delete(FeedFile))
    store.commit()
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        read_altered(run.id)
        access.write_entries()
        db.session.commit()
    shown = admin.get(address).text
    assert "could not be read again" in shown and "Read the file for altered values" in shown
    answer = admin.get(admin.post(f"/fmo/feeds/{run.id}/input").location)
    assert "not kept any more" in answer.text


def test_altered_values_are_found_by_reading_again(
    app: Flask, admin: FlaskClient, load: Load, store: Session, fmo: Fmo
) -> None:
    """Asked for by a click; counted by column; without any number of a member."""
    odd = {"Term Date": "12/31/9999", "Zip Code": "4304", "Coverage Effective Date": "46023", "Email": "N/A"}
    odd["Phone Number"] = "99.999.99"  # as many digits as a date, and none
    run = load(aetna({**odd, "Medicare Number": "1EG4-TE5-MK73", "Writing Agent NPN": "0001001001"}, person(3)))
    address = f"/fmo/feeds/{run.id}/altered"
    assert "Read the file for altered values" in admin.get(address).text
    assert admin.post(address).status_code == 303
    assert "being read" in admin.get(address).text
    for _ in range(2):
        with app.app_context(), scope.acting(jobs_scope(fmo)):
            read_altered(run.id)
            access.write_entries()
            db.session.commit()
    store.rollback()
    found = store.scalars(select(FeedAlteration).order_by(FeedAlteration.place)).all()
    kinds = {one.column_name: (one.kind, one.shape, one.became) for one in found}
    assert kinds == {
        "Term Date": ("open_end", "99/99/9999", None),
        "Phone Number": ("left_out", "99.999.99", None),
        "Zip Code": ("zeros", "9999", None),
        "Coverage Effective Date": ("serial", "99999", "2026-01-01"),
        "Email": ("nothing", "A/A", None),
        "Medicare Number": ("dashes", "9AA9-AA9-AA99", None),
        "Writing Agent NPN": ("bare_zeros", "9999999999", "1001001"),
    }
    shown = admin.get(address).text
    assert "Leading zeros that were lost, put back" in shown and "4304" not in shown.split("</header>")[-1]
    assert "9999-12" not in shown
    assert "Zip Code" in admin.get(f"/fmo/feeds/{run.id}/report/altered.csv").text
