"""Provisioning from a file."""

from __future__ import annotations

import csv
import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.identity.models import Fmo
from portal.provisioning import foresight, sheet
from portal.provisioning.sheet import COLUMNS
from portal.provisioning.views import imports
from tests.portal.sync.runs import rows
from tests.support import builders as make

ADDRESS = "/fmo/provision/import"
LABELS = list(COLUMNS.values())


def _file(*lines: dict[str, str]) -> str:
    output = io.StringIO()
    writer = csv.DictWriter(output, LABELS)
    writer.writeheader()
    writer.writerows(lines)
    return output.getvalue()


def _send(admin: FlaskClient, content: str, name: str = "accounts.csv") -> TestResponse:
    sent = {"file": (io.BytesIO(content.encode()), name)}
    return admin.post(ADDRESS, data=sent, content_type="multipart/form-data")


def _complete(admin: FlaskClient, preview: TestResponse) -> TestResponse:
    sent = dict(re.findall(r'name="(packed|since|once|shown)" value="([^"]+)"', preview.text))
    assert "packed" in sent, preview.text
    return admin.post(f"{ADDRESS}/complete", data=sent, follow_redirects=True)


def _refused(admin: FlaskClient, page: TestResponse) -> list[dict[str, str]]:
    found = re.search(r'name="refused" value="([^"]+)"', page.text)
    assert found, page.text
    answer = admin.post(f"{ADDRESS}/refused", data={"refused": found[1]})
    assert answer.mimetype == "text/csv" and "refused-rows.csv" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))


def _reasons(admin: FlaskClient, content: str) -> list[str]:
    return [row["Reason"] for row in _refused(admin, _send(admin, content))]


def test_the_template_is_taken_as_it_is(store: Session, fmo: Fmo, admin: FlaskClient) -> None:
    assert admin.get(ADDRESS).status_code == 200
    template = admin.get(f"{ADDRESS}/template.csv")
    assert template.mimetype == "text/csv" and template.text.lstrip("\ufeff").strip().split(",") == LABELS

    page = _send(admin, template.text)

    assert page.status_code == 200 and "nothing to complete" in page.text


def test_good_rows_are_previewed_and_each_gets_its_own_activity_and_run(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    feed = make.feed_run(store, fmo)
    make.agent(store, fmo, "1001", first_name="Dana", last_name="Whitfield", email="dana@w.example", state="IL")
    make.agent(store, fmo, "1002", email="old@w.example")
    for npn in ("1001", "1001", "1002"):
        make.policy(store, make.member(store, fmo), feed, npn)
    full = {
        "NPN": "0001002", "Business name": "Second Insurance", "First name": "Bo", "Last name": "Second",
        "Email": "Bo@Second.example", "Mobile phone": "614 555-0123", "Time zone": "Arizona", "State": "arizona",
        "Role": "All Contacts Access", "Enable Policy Sync": "no", "Agreement signed": "1/31/2026",
        "Agreement until": "2026-12-31",
    }  # fmt: skip

    preview = _send(admin, _file({"NPN": "1001", "Enable Policy Sync": "Yes"}, full))

    assert "2 accounts would be provisioned" in preview.text and "2</span> policies" in preview.text
    assert rows(setup_engine, "SELECT 1 FROM business") == []
    done = _complete(admin, preview)
    assert done.status_code == 200 and "Every row of the file is provisioned" in done.text
    made = rows(
        setup_engine,
        "SELECT b.name, b.time_zone, b.state, b.sync_enabled, b.agreement_signed_on::text, b.agreement_until::text,"
        " u.email, u.role, u.first_name FROM business b JOIN portal_user u ON u.business_id = b.id ORDER BY b.name",
    )
    assert [tuple(one) for one in made] == [
        ("Dana Whitfield", "America/Chicago", "IL", True, None, None, "dana@w.example", "agent_admin", "Dana"),
        ("Second Insurance", "America/Phoenix", "AZ", False, "2026-01-31", "2026-12-31", "bo@second.example",
         "agent_all", "Bo"),
    ]  # fmt: skip
    [run] = rows(setup_engine, "SELECT activity_id, expected FROM sync_run")
    activities = rows(setup_engine, "SELECT id, fields FROM activity")
    assert run.expected["policies"] == 2 and len(activities) == 2
    assert run.activity_id in {one.id for one in activities}
    assert sorted(row.job for row in rows(setup_engine, "SELECT job FROM outbox")) == ["run_sync", "send_invitation"]


def test_complete_twice_provisions_once(store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine) -> None:
    make.agent(store, fmo, "1001")
    content = _file({"NPN": "1001", "Enable Policy Sync": "yes"})
    preview, other_tab = _send(admin, content), _send(admin, content)
    done = _complete(admin, preview)
    assert "Every row" in done.text

    again = _complete(admin, preview)

    assert again.request.path == done.request.path and "Every row" in again.text, "the same form is the same outcome"
    assert "has an Agent CRM Business already" in _complete(admin, other_tab).text
    for table in ("business", "sync_run", "activity"):
        assert len(rows(setup_engine, f"SELECT 1 FROM {table}")) == 1


def test_what_changed_greatly_since_the_preview_is_shown_first(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    make.agent(store, fmo, "1001")
    preview = _send(admin, _file({"NPN": "1001", "Enable Policy Sync": "yes"}))
    feed = make.feed_run(store, fmo)
    for _ in range(8):
        make.policy(store, make.member(store, fmo), feed, "1001")

    late = _complete(admin, preview)

    assert late.status_code == 422 and "NPN 1001: What would happen changed" in late.text
    assert rows(setup_engine, "SELECT 1 FROM business") == rows(setup_engine, "SELECT 1 FROM bulk_outcome") == []
    assert "Every row" in _complete(admin, late).text
    [run] = rows(setup_engine, "SELECT expected FROM sync_run")
    assert run.expected["policies"] == 8


def test_what_to_know_before_stands_beside_its_row(store: Session, fmo: Fmo, admin: FlaskClient) -> None:
    agency = make.agency(store, fmo, "2001")
    make.agent(store, fmo, "2002", agency)
    make.policy(store, make.member(store, fmo), make.feed_run(store, fmo), "2001")

    page = _send(admin, _file({"NPN": "2002", "Enable Policy Sync": "yes"})).text

    assert "No agreement with" in page and "1 more under the agency’s own NPN 2001" in page
    assert "1 row has something to know before" in page


def test_every_reason_stands_beside_its_row(store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine) -> None:
    for npn in ("1001", "1002", "1003", "1004", "1005", "1006", "1007", "1008"):
        make.agent(store, fmo, npn)
    make.agent(store, fmo, "1009", email=None)
    make.business(store, make.agent(store, fmo, "2001"))
    make.business_npn(store, make.business(store, make.agency(store, fmo)), store.merge(make.agent(store, fmo, "2002")))
    make.user(store, fmo, email="here@x.example")
    content = _file(
        {"NPN": "x"},
        {"NPN": "999"},
        {"NPN": "2001"},
        {"NPN": "2002"},
        {"NPN": "1001", "Email": "here@x.example"},
        {"NPN": "1002", "Email": "nowhere"},
        {"NPN": "1003", "Time zone": "Mars", "State": "XX", "Role": "Boss"},
        {"NPN": "1004", "Enable Policy Sync": "perhaps", "Role": "Boss"},
        {"NPN": "1005", "Agreement signed": "soon"},
        {"NPN": "1006", "Agreement until": "2026-01-01"},
        {"NPN": "1007", "Email": "twin@x.example"},
        {"NPN": "1008", "Email": "Twin@x.example"},
        {"NPN": "1007"},
        {"NPN": "1009"},
    )

    page = _send(admin, content)

    reasons = {int(row["Row"]): row["Reason"] for row in _refused(admin, page)}
    expected = {
        2: "The NPN must be 1 to 10 digits.",
        3: "No record of your downline has the NPN 999.",
        4: "has an Agent CRM Business already.",
        5: "This NPN may be in more than one account: Another account has this NPN already.",
        6: "This e-mail address cannot be used.",
        7: "Email: Enter an e-mail address like",
        8: "Time zone: This is not one of the choices.",
        9: "Enable Policy Sync must be yes or no.",
        10: "Agreement signed: Enter a date such as 2026-03-12.",
        11: "Agreement until: Enter the day on which the agreement was signed too.",
        13: "The e-mail address stands in row 12 already.",
        14: "The NPN stands in row 12 already.",
        15: "Email: Enter the e-mail address; the invitation goes there.",
    }
    assert set(reasons) == set(expected)
    for number, says in expected.items():
        assert says in reasons[number], (number, reasons[number])
    none = "This is not one of the choices."
    assert f"State: {none}" in reasons[8] and f"Role: {none}" in reasons[8]
    assert f"Role: {none}" in reasons[9], "all of its reasons at once"
    assert "1 account would be provisioned" in page.text
    confirmed = _file({"NPN": "2002", "This NPN may be in more than one account": "yes"})
    assert "1 account would be provisioned" in _send(admin, confirmed).text


def test_one_bad_row_refuses_only_itself_and_leaves_no_trace(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    make.user(store, make.fmo(store), email="elsewhere@x.example")  # another FMO's: nobody here may see that
    for npn in ("1001", "1002", "1003"):
        make.agent(store, fmo, npn)
    content = _file({"NPN": "1001"}, {"NPN": "1002", "Email": "elsewhere@x.example"}, {"NPN": "1003"})
    preview = _send(admin, content)
    assert "3 accounts would be provisioned" in preview.text

    done = _complete(admin, preview)

    assert [row["Row"] for row in _refused(admin, done)] == ["3"] and "cannot be used" in done.text
    assert len(rows(setup_engine, "SELECT 1 FROM business")) == 2
    created = "SELECT detail->>'npn' FROM access_entry WHERE action = 'business.create' ORDER BY 1"
    assert [one[0] for one in rows(setup_engine, created)] == ["1001", "1003"], "the log tells only what was done"


def test_a_row_whose_agreement_blocks_is_refused(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    with setup_engine.begin() as connection:
        connection.execute(text("""UPDATE fmo SET rules = '{"agreements": "block"}' WHERE id = :f"""), {"f": fmo.id})
    make.agent(store, fmo, "1001"), make.agent(store, fmo, "1002")

    content = _file({"NPN": "1001", "Enable Policy Sync": "yes"}, {"NPN": "1002"})

    [reason] = _reasons(admin, content)
    assert "Policy Sync does not run until one is in force" in reason


def test_the_file_of_refused_rows_runs_nothing_and_can_be_corrected_and_sent_again(
    store: Session, fmo: Fmo, admin: FlaskClient
) -> None:
    make.agent(store, fmo, "1001", phone=None)
    row = {"NPN": "1001", "Business name": "=cmd()", "Mobile phone": "+1 614 555-0123", "Role": "Boss"}
    [refused] = _refused(admin, _send(admin, _file(row)))
    assert (refused["Business name"], refused["Mobile phone"]) == ("'=cmd()", "'+1 614 555-0123")
    corrected = {**{name: refused[name] for name in LABELS}, "Role": "Administrator"}

    page = _send(admin, _file(corrected))

    assert "1 account would be provisioned" in page.text and ">=cmd()<" in page.text
    forged = admin.post(f"{ADDRESS}/refused", data={"refused": "made.up"})
    assert forged.status_code == 422


def test_files_that_cannot_be_taken(
    store: Session, fmo: Fmo, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "MOST", 2)
    for content, says in (
        ("", "Choose a file first"),
        ("Name\nx\n", "has no column NPN"),
        ("NPN\n1\n2\n3\n", "more than 2 rows"),
    ):
        page = _send(admin, content)
        assert page.status_code == 422 and says in page.text and "Nothing was saved" in page.text
    assert admin.post(f"{ADDRESS}/complete", data={"packed": "nonsense"}).status_code == 422


def test_many_rows_are_judged_in_few_statements(
    app: Flask, store: Session, fmo: Fmo, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foresight, "EXACT", 2)
    feed = make.feed_run(store, fmo)
    made: list[dict[str, str]] = []
    for _ in range(4):
        agent = make.agent(store, fmo)
        make.policy(store, make.member(store, fmo), feed, agent.npn)
        made.append({"NPN": agent.npn, "Enable Policy Sync": "yes"})

    page = _send(admin, _file(*made))

    assert "Counted in your book" in page.text and re.search(r"Policies to add</dt><dd><span[^>]*>4<", page.text)
    done = _complete(admin, page)
    assert "Every row" in done.text and sheet.MOST == 1000


def test_what_there_was_no_time_for_goes_on_by_one_click(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for npn in ("1001", "1002", "1003"):
        make.agent(store, fmo, npn)
    preview = _send(admin, _file({"NPN": "1001"}, {"NPN": "1002"}, {"NPN": "1003"}, {"NPN": "x"}))
    moments = iter([0.0, 1.0, 99.0, 99.0])
    monkeypatch.setattr("portal.provisioning.operations.imports.monotonic", lambda: next(moments))

    first = _complete(admin, preview)

    assert "2 more rows are still to come" in first.text and 'Left out</dt><dd><span class="figure">0<' in first.text
    assert len(rows(setup_engine, "SELECT 1 FROM business")) == 1
    monkeypatch.undo()
    rest = _complete(admin, first)
    assert "still to come" not in rest.text and [row["Row"] for row in _refused(admin, rest)] == ["5"]
    assert len(rows(setup_engine, "SELECT 1 FROM business")) == 3


def test_it_is_offered_on_the_list_of_businesses(store: Session, fmo: Fmo, admin: FlaskClient) -> None:
    assert f'href="{ADDRESS}"' in admin.get("/fmo/businesses").text
