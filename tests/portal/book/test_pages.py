"""The FMO's pages of the book, asked for as a browser does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import Connector, Member, Policy
from portal.compliance.models import AccessEntry
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import Load
from tests.portal.book.rows import aetna, humana, person
from tests.support import builders

Client = Callable[[User], FlaskClient]


@pytest.fixture
def admin(client_for: Client, store: Session, fmo: Fmo) -> FlaskClient:
    """A browser of the FMO's admin."""
    return client_for(builders.user(store, fmo))


def _last(store: Session) -> AccessEntry:
    store.rollback()
    return store.scalars(select(AccessEntry).order_by(AccessEntry.at.desc(), AccessEntry.id.desc())).first()  # type: ignore[return-value]


def test_the_list_shows_filters_and_logs(admin: FlaskClient, load: Load, store: Session) -> None:
    """One entry with every policy and member that was shown."""
    load(aetna({}, person(3, **{"Writing Agent NPN": ""})))
    shown = admin.get("/fmo/policies")
    assert shown.status_code == 200 and "Abbot, Mae" in shown.text and "Unattributed" in shown.text
    entry = _last(store)
    assert (entry.action, len(entry.subject_ids), len(entry.member_ids)) == ("policy.list", 2, 2)
    one = admin.get("/fmo/policies?attributed=no&carrier=aetna&sort=-effective", htmx=True)
    assert "Abbot, Mae" not in one.text and "Case" in one.text and "<html" not in one.text
    assert "Nothing matches" in admin.get("/fmo/policies?npn=5555").text
    assert "Abbot, Mae" in admin.get("/fmo/policies?npn=001001001").text


@pytest.mark.parametrize("typed", ["abbot", "Mae Abbot", "Abbot, M", "101000000001", "1EG4-TE5-MK73"])
def test_search_is_posted_and_found(admin: FlaskClient, load: Load, typed: str) -> None:
    """What was typed never stands in the address."""
    load(aetna({}, person(3)))
    sent = admin.post("/fmo/policies/search?status=active", data={"q": typed})
    assert sent.status_code == 303
    assert "status=active" in sent.location and typed.split()[0] not in sent.location
    shown = admin.get(sent.location)
    assert "Abbot, Mae" in shown.text and ">1 policy<" in shown.text


def test_a_policy_says_where_its_writer_came_from(admin: FlaskClient, load: Load, store: Session) -> None:
    """Column, row and file in one sentence."""
    run = load(aetna({}))
    policy = store.scalars(select(Policy)).one()
    shown = admin.get(f"/fmo/policies/{policy.id}").text
    assert "NPN from column “Writing Agent NPN” of row 2 of" in shown and run.file_name in shown
    assert _last(store).action == "policy.read"


def test_a_member_with_masked_number_and_logged_reveal(admin: FlaskClient, load: Load, store: Session) -> None:
    """The number is shown once, by POST, and the entry says which field."""
    load(aetna({}))
    member = store.scalars(select(Member)).one()
    shown = admin.get(f"/fmo/members/{member.id}")
    assert "Mae" in shown.text and "1EG4TE5MK73" not in shown.text
    revealed = admin.post(f"/fmo/members/{member.id}/mbi", htmx=True)
    assert "1EG4TE5MK73" in revealed.text
    entry = _last(store)
    assert (entry.action, entry.fields, entry.member_ids) == ("member.reveal", ["mbi"], [member.id])


def test_upload_progress_and_outcome(admin: FlaskClient, load: Load, store: Session) -> None:
    """Handing a file in leads to its run, which asks for its progress until it is over."""
    sent = admin.post("/fmo/feeds/new", data={"file": (io.BytesIO(aetna({})), "C:\\files\\aetna.csv")})
    assert sent.status_code == 303
    waiting = admin.get(sent.location)
    assert "Waiting for its turn" in waiting.text and "aetna.csv" in waiting.text and "files/" not in waiting.text
    assert admin.get(f"{sent.location}/progress", htmx=True).status_code == 200
    again = admin.post("/fmo/feeds/new", data={"file": (io.BytesIO(aetna({})), "aetna.csv")})
    assert again.location == sent.location
    run = load(aetna({}, {"Coverage Effective Date": "=cmd", "Member ID": "9"}))
    done = admin.get(f"/fmo/feeds/{run.id}/progress", htmx=True)
    assert done.status_code == 286 and "1 policy is new" in done.text
    page = admin.get(f"/fmo/feeds/{run.id}?outcome=refused").text
    assert "Coverage Effective Date" in page and ">rows not taken</a>" in page
    file = admin.get(f"/fmo/feeds/{run.id}/problems.csv")
    assert file.mimetype == "text/csv" and "\n=" not in file.text and "refused,,3" in file.text
    assert "aetna.csv" in admin.get("/fmo/feeds?state=queued").text


def test_an_empty_upload_is_refused_kindly(admin: FlaskClient) -> None:
    """422 with the form."""
    sent = admin.post("/fmo/feeds/new", data={})
    assert sent.status_code == 422 and "Choose the file that the carrier sent." in sent.text


def test_confirming_a_column(admin: FlaskClient, load: Load, store: Session) -> None:
    """The record says what the column is; the button settles it."""
    load(humana({"NPN": ""}))
    connector = store.scalars(select(Connector)).one()
    assert "To be confirmed" in admin.get("/fmo/connectors").text
    record = admin.get(f"/fmo/connectors/{connector.id}").text
    assert "Confirm that this column names the writing agent" in record and "Servicing Agent SAN" in record
    assert admin.post(f"/fmo/connectors/{connector.id}/writer").status_code == 303
    assert "Settled" in admin.get("/fmo/connectors").text


def test_who_the_writer_is_is_confirmed_once_for_the_carrier(
    admin: FlaskClient, load: Load, store: Session, fmo: Fmo
) -> None:
    """Also where the NPN stands in the file: who and when, on every connector of the layout; no policy waits."""
    load(aetna({}))
    assert store.scalars(select(Policy.writing_npn)).all() == ["1001001"]
    connector = store.scalars(select(Connector)).one()
    other = builders.connector(store, fmo, carrier="aetna", layout="aetna", name="Aetna, second agency")
    assert admin.get("/fmo/connectors").text.count("To be confirmed") == 2
    assert f"Confirm who the writing agent is in files of {connector.name}" in admin.get("/fmo/").text
    record = admin.get(f"/fmo/connectors/{connector.id}").text
    assert "Writing Agent NPN" in record and "Writing Agent TIN" in record and "Producer Level 1 Name" in record
    assert "It attributes policies already" in record
    stale = admin.post(f"/fmo/connectors/{connector.id}/writer", data={"rule": "npn another:1"}, follow_redirects=True)
    assert "has changed meanwhile" in stale.text and "To be confirmed" in admin.get("/fmo/connectors").text
    rule = "npn writingagentnpn:1, tin writingagenttin:1"
    assert f'value="{rule}"' in record
    assert admin.post(f"/fmo/connectors/{connector.id}/writer", data={"rule": rule}).status_code == 303
    entry = _last(store)
    assert (entry.action, entry.detail["columns"]) == ("connector.confirm", ["Writing Agent NPN", "Writing Agent TIN"])
    assert "To be confirmed" not in admin.get("/fmo/connectors").text
    assert "Confirm who the writing agent is" not in admin.get("/fmo/").text
    assert "Confirmed by " in admin.get(f"/fmo/connectors/{other.id}").text


def test_another_column_is_asked_about_again(admin: FlaskClient, load: Load, store: Session) -> None:
    """What was confirmed speaks for that rule only; the page says who had confirmed the one before."""
    load(humana({"NPN": ""}))
    connector = store.scalars(select(Connector)).one()
    admin.post(f"/fmo/connectors/{connector.id}/writer")
    store.refresh(connector)
    assert (connector.confirmed_kinds, connector.confirmed_rule) == (["san"], "npn npn:1, san servicingagentsan:1")
    connector.confirmed_rule = "npn npn:1, san aorsan:1"
    store.commit()
    assert "To be confirmed" in admin.get("/fmo/connectors").text
    record = admin.get(f"/fmo/connectors/{connector.id}").text
    assert "have changed since " in record and "attributes no policy" in record


def test_a_failed_run_says_why(admin: FlaskClient, load: Load) -> None:
    """The reader's sentence on the page."""
    run = load(b"%PDF-1.7")
    assert "Nothing in the book was changed." in admin.get(f"/fmo/feeds/{run.id}").text


def test_the_command(shell: FlaskCliRunner, fmo: Fmo, store: Session, tmp_path: Path) -> None:
    """JSON with the keys that scripts rely on; exit status 0 done, 1 refused, 2 wrong usage."""
    path = tmp_path / "aetna.csv"
    path.write_bytes(aetna({}, person(2)))
    done = shell.invoke(args=["feed", "load", str(path), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert {**said, "run": ""} == {
        "rows": 2, "new": 2, "changed": 0, "unchanged": 0, "refused": 0, "dropped": 0, "unattributed": 0, "run": "",
    }  # fmt: skip
    path.write_bytes(b"%PDF")
    assert shell.invoke(args=["feed", "load", str(path), "--fmo", fmo.slug]).exit_code == 1
    assert shell.invoke(args=["feed", "load", str(path), "--connector", "None such"]).exit_code == 1
    assert shell.invoke(args=["feed", "load", str(path), "--fmo", "nobody"]).exit_code == 2
    assert shell.invoke(args=["feed", "load", str(tmp_path / "missing.csv")]).exit_code == 2
    builders.fmo(store)
    assert shell.invoke(args=["feed", "load", str(path)]).exit_code == 2
