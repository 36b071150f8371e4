"""A layout that is nowhere in the list is mapped page by page, is told every mistake, and loads."""

from __future__ import annotations

import hashlib
import html
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.book.layouts.models import ConnectorHeader, ConnectorLayout
from portal.book.mapping.models import ConnectorDraft, ConnectorDraftPiece
from portal.book.mapping.operations import forget_old
from portal.book.models import Connector, FeedRun, Member, Policy
from portal.book.operations import request_load, run_feed
from portal.compliance.models import AccessEntry
from portal.core import access, scope
from portal.core.scope import Role
from portal.extensions import db
from portal.identity.models import Fmo, User
from tests.portal.book import sunrise
from tests.portal.book.conftest import Load, jobs_scope
from tests.portal.book.rows import AETNA, aetna
from tests.support import builders
from tests.support.web import Browser

Client = Callable[[User], Browser]


@pytest.fixture
def admin(store: Session, fmo: Fmo) -> User:
    """Who maps."""
    return builders.user(store, fmo, Role.FMO_ADMIN)


class Wizard:
    """The pages of one mapping, as a browser without scripts goes through them."""

    def __init__(self, browser: Browser, body: bytes, name: str = "sunrise_20261103.csv") -> None:
        self.browser = browser
        self.answer = browser.post("/fmo/connectors/new", data={"file": (io.BytesIO(body), name)})
        self.place = self.answer.headers.get("Location", "").rpartition("/")[0]

    def read(self, page: str) -> str:
        answer = self.browser.get(f"{self.place}/{page}")
        assert answer.status_code == 200, answer.text
        return html.unescape(answer.text)

    def say(self, page: str, **data: str) -> str:
        """Send a page; where it leads."""
        answer = self.browser.post(f"{self.place}/{page}", data={key.replace("__", "-"): v for key, v in data.items()})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"]).rpartition("/")[2]


@pytest.fixture
def wizard(client_for: Client, admin: User) -> Wizard:
    return Wizard(client_for(admin), sunrise.file_of())


def drafts(store: Session) -> int:
    store.rollback()
    return len(store.scalars(select(ConnectorDraft.id)).all()) + len(
        store.scalars(select(ConnectorDraftPiece.id)).all()
    )


def test_an_unknown_file_is_mapped_and_loads(app: Flask, wizard: Wizard, store: Session, fmo: Fmo, load: Load) -> None:
    seen = wizard.read("file")
    assert "columns separated by semicolons" in seen and "the 2nd Plan" in seen and "has no name in the file" in seen
    assert "REYES" not in seen and "SR-0007" not in seen, "only forms of values"
    assert wizard.say("file") == "columns"
    assert wizard.say("columns", **sunrise.COLUMNS) == "reading"
    page = wizard.read("reading")
    assert "2300-01-01" in page and "01.02.2026" in page and "only with the day first" in page
    assert wizard.say("reading", **sunrise.READING) == "check"
    page = wizard.read("check")
    assert "REYES" not in page and "Reyes, Dana M" in page and "Sunrise Gesundheit book of business" in page
    assert "New policies" in page and "Before this can be saved" not in page
    run_id = wizard.say("check", load="y")
    assert drafts(store) == 0
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        run_feed(store.scalars(select(FeedRun.id)).one())
    store.rollback()
    run = store.scalars(select(FeedRun)).one()
    assert (str(run.id), run.status, run.new, run.refused, run.dropped) == (run_id, "succeeded", 6, 0, 1), run.error
    found = {one.policy_number: one for one in store.scalars(select(Policy))}
    one = found["SR-0017"]
    assert (one.effective_date, one.term_date, one.status, one.product) == (date(2026, 2, 1), None, "active", "MAPD")
    assert (one.writing_npn, one.plan_name, one.carrier) == ("1001002", "HMO1", "Sunrise Gesundheit")
    assert store.scalars(select(Member.birth_date).where(Member.last_name == "Okafor")).one() == date(1951, 2, 14)
    # The next file is recognised by its columns; who loads it says nothing.
    changed = [[*line[:5], "K", *line[6:]] if line[5] == "L" else line for line in sunrise.rows()]
    again = load(sunrise.file_of(changed), day="20261110")
    assert (again.status, again.new, again.changed) == ("succeeded", 0, 4), again.error
    assert again.layout_version == 1


def test_what_was_said_is_kept_with_every_step_and_every_mistake_is_told(wizard: Wizard, store: Session) -> None:
    wrong = sunrise.COLUMNS | {"field-term_date": "5", "field-email": "1", "field-last_name": "1"}
    wrong.pop("field-effective_date")
    assert wizard.say("columns", **wrong) == "columns"
    page = wizard.read("columns")
    for sentence in (
        "First day of coverage: choose its column",
        "Last day of coverage: “Zust” does not read as dates. Its values look like",
        "“Person” is chosen for Last name and for Full name in one column and for E-mail address",
        "“Zust” is chosen for Last day of coverage and for Status of the policy",
        "E-mail address: “Person” holds names, last name first",
        "either the full name in one column, or first and last name",
    ):
        assert sentence in page, sentence
    assert wizard.say("columns", **sunrise.COLUMNS) == "reading"
    partly = {"order": "mdy", "npn": "2", "agent_id": "0", "identity": "member_date", "product_how": "words"}
    assert wizard.say("reading", **partly) == "reading"
    page = wizard.read("reading")
    for sentence in (
        "“Geb” has 6 different dates that can only be read with the day first. Choose that order",
        "Say what the status word “B” means",
        "Say which product the policies of this file are",
        "Writing agent’s NPN: “Geb” holds dates",
        "Say what kind of number “Vertragsnr” is",
        "Confirm that this is the agent who wrote the policy",
        "Choose the carrier, or give the name of a new one",
    ):
        assert sentence in page, sentence
    assert "Before this can be saved" in wizard.read("check")
    assert wizard.say("check", load="y") == "check"
    store.rollback()
    assert store.scalars(select(Connector)).all() == [] and store.scalars(select(FeedRun)).all() == []
    assert 'value="Sunrise' not in page
    wizard.say("reading", **partly | {"new_carrier": "Sunrise Gesundheit", "says": "Whoever signed it."})
    wizard.read("file")
    assert 'value="Sunrise Gesundheit"' in wizard.read("reading") and "Whoever signed it." in wizard.read("reading")


def test_an_identity_that_is_not_unique_says_how_many_rows_collapse(client_for: Client, admin: User) -> None:
    lines = sunrise.rows()
    lines[1][0] = lines[2][0] = lines[0][0]
    wizard = Wizard(client_for(admin), sunrise.file_of(lines))
    wizard.say("columns", **sunrise.COLUMNS)
    assert "2 rows of the sample would be the same enrolment" in wizard.read("reading")
    assert wizard.say("reading", **sunrise.READING) == "reading"
    assert "2 rows of the sample are the same enrolment as another row" in wizard.read("reading")
    assert wizard.say("reading", **sunrise.READING | {"older_rows": "y"}) == "check"
    assert "2 rows are older states of other rows" in wizard.read("check")


def test_words_of_a_column_say_the_product(client_for: Client, admin: User, store: Session) -> None:
    wizard = Wizard(client_for(admin), sunrise.file_of())
    wizard.say("columns", **sunrise.COLUMNS)
    words = sunrise.READING | {"product_how": "words", "product_column": "8"}
    assert wizard.say("reading", **words) == "reading"
    page = wizard.read("reading")
    assert "Say which product these words of “the 2nd Plan” mean" in page and 'name="product-1"' in page
    chosen = words | {"product_words_of": "8", "product-0": "PDP", "product-1": "Medigap G"}
    assert wizard.say("reading", **chosen) == "check"
    page = wizard.read("check")
    assert "PDP" in page and "Medigap G" in page


def test_the_header_row_can_be_chosen(client_for: Client, admin: User) -> None:
    wizard = Wizard(client_for(admin), sunrise.file_of())
    assert 'value="0-4" selected' in wizard.read("file")
    wizard.say("file", heading="0-5", look="again")
    assert 'value="0-5" selected' in wizard.read("file")
    wizard.say("file", heading="0-4", look="again")
    assert 'value="0-4" selected' in wizard.read("file")
    answer = wizard.browser.post(f"{wizard.place}/file", data={"heading": "7-9999"})
    assert answer.status_code == 303 and 'value="0-4" selected' in wizard.read("file")


def test_files_that_another_one_reads_are_told(client_for: Client, admin: User, load: Load, store: Session) -> None:
    wizard = Wizard(client_for(admin), aetna({}, {"Member ID": "101000000002", "Last Name": "COLE"}))
    places = {name: str(place) for place, name in enumerate(AETNA)}
    columns = {
        "field-member_number": places["Member ID"], "field-first_name": places["First Name"],
        "field-last_name": places["Last Name"], "field-effective_date": places["Coverage Effective Date"],
        "field-status": places["Member Status"], "field-plan_name": places["Plan Name"],
    }  # fmt: skip
    assert wizard.say("columns", **columns) == "reading"
    reading = sunrise.READING | {"order": "mdy", "identity": "member_plan_date", "npn": places["Writing Agent NPN"]}
    assert wizard.say("reading", **reading) == "check", wizard.read("reading")
    assert "also fit Aetna (aetna)" in wizard.read("check")
    assert wizard.say("check") == "check", "it must be said that this is meant"
    load(aetna({}))
    assert "are read by Aetna book of business already" in wizard.read("check")


def test_an_own_carrier_can_be_named_where_carriers_are_chosen(wizard: Wizard, store: Session, fmo: Fmo) -> None:
    wizard.say("columns", **sunrise.COLUMNS)
    wizard.say("reading", **sunrise.READING | {"new_carrier": " aetna "})
    assert "There is a carrier named Aetna already. Choose it from the list." in wizard.read("check")
    wizard.say("reading", **sunrise.READING)
    wizard.say("check")
    producer = builders.agent(store, fmo)
    page = wizard.browser.get(f"/fmo/identifiers/{producer.id}/new").text
    assert "Sunrise Gesundheit" in page


def test_drafts_and_layouts_stay_in_their_fmo(wizard: Wizard, store: Session, client_for: Client, load: Load) -> None:
    other = builders.fmo(store)
    stranger = client_for(builders.user(store, other, Role.FMO_ADMIN))
    for page in ("file", "columns", "reading", "check"):
        assert stranger.get(f"{wizard.place}/{page}").status_code == 404
        assert stranger.post(f"{wizard.place}/{page}", data=sunrise.COLUMNS).status_code == 404
    assert stranger.post(f"{wizard.place}/cancel").status_code == 404
    assert "sunrise_20261103" not in stranger.get("/fmo/connectors/new").text
    wizard.say("columns", **sunrise.COLUMNS)
    wizard.say("reading", **sunrise.READING)
    wizard.say("check")
    run = load(sunrise.file_of(), of=other)
    assert run.status == "failed" and "Sunrise" not in (run.error or "")
    assert "Sunrise" not in stranger.get("/fmo/connectors").text
    theirs = Wizard(stranger, sunrise.file_of())
    assert "Sunrise Gesundheit" not in theirs.read("reading")
    assert load(sunrise.file_of()).status == "succeeded"


def test_a_draft_is_ciphertext_and_is_forgotten(
    app: Flask, wizard: Wizard, store: Session, setup_engine: Engine, admin: User
) -> None:
    wizard.say("columns", **sunrise.COLUMNS)
    with setup_engine.connect() as connection:
        for table in ("connector_draft", "connector_draft_piece"):
            kept = str(connection.execute(text(f"SELECT * FROM {table}")).all())
            assert not any(word in kept for word in ("REYES", "Reyes", "SR-0007", "Vertragsnr"))
    actions = store.scalars(select(AccessEntry.action).where(AccessEntry.actor_id == admin.id)).all()
    assert {"connector_draft.start", "connector_draft.say"} <= set(actions)
    with app.app_context():
        assert forget_old() == 0
    with setup_engine.begin() as connection:
        old = datetime.now(UTC) - timedelta(days=8)
        connection.execute(text("UPDATE connector_draft SET updated_at = :old"), {"old": old})
    with app.app_context():
        assert forget_old() == 1
    assert drafts(store) == 0
    again = Wizard(wizard.browser, sunrise.file_of())
    assert again.say("cancel") == "connectors" and drafts(store) == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Choose a file first"),
        (b"%PDF-1.7", "The file is a PDF"),
        (b"one line of text only\n", "No row of the file names at least three columns"),
    ],
    ids=["empty", "no table", "no header"],
)
def test_what_is_no_table_is_refused_and_not_kept(
    client_for: Client, admin: User, store: Session, body: bytes, words: str
) -> None:
    refused = Wizard(client_for(admin), body).answer
    assert refused.status_code == 422 and words in refused.text
    assert drafts(store) == 0


def test_hostile_headers_are_only_text(client_for: Client, admin: User) -> None:
    header = ["<img src=x onerror=alert(1)>", "W" * 10_000, "", "Name", "Name", "Name", "{{ 7*7 }}", "Start", "SSN"]
    lines = [["1", "2", "3", "REYES, DANA", "A", "B", "4", "2026-01-01", "123456789"]] * 2
    wizard = Wizard(client_for(admin), sunrise.file_of(lines, header))
    for page in ("file", "columns", "reading", "check"):
        answer = wizard.browser.get(f"{wizard.place}/{page}").text
        assert "<img src=x" not in answer and "W" * 200 not in answer and "123456789" not in answer
    page = wizard.read("file")
    assert "the 3rd Name" in page and "name that is too long" in page
    assert (
        wizard.say("columns", **{"field-full_name": "1", "field-effective_date": "7", "field-status": "2"}) == "columns"
    )
    page = wizard.read("columns")
    assert "Status of the policy: “column 3” has no name in the file" in page


def test_the_layout_is_kept_in_the_shape_of_a_layout_file(wizard: Wizard, store: Session, admin: User) -> None:
    wizard.say("columns", **sunrise.COLUMNS)
    wizard.say("reading", **sunrise.READING)
    wizard.say("check")
    store.rollback()
    layout, header = store.scalars(select(ConnectorLayout)).one(), store.scalars(select(ConnectorHeader)).one()
    assert layout.body["columns"]["plan_name"] == {"header": "Plan", "occurrence": 2}
    assert (layout.version, layout.reason, layout.made_by, header.version) == (1, "mapped", admin.id, 1)
    assert header.columns == sunrise.HEADER


def saved(wizard: Wizard, store: Session) -> Connector:
    """The invented carrier's connector, saved without loading the sample."""
    wizard.say("columns", **sunrise.COLUMNS)
    wizard.say("reading", **sunrise.READING)
    wizard.say("check")
    store.rollback()
    return store.scalars(select(Connector)).one()


def again(wizard: Wizard, connector: Connector, **data: object) -> Wizard:
    """A mapping that says anew how the connector's files are read."""
    made = object.__new__(Wizard)
    made.browser = wizard.browser
    made.answer = wizard.browser.post(f"/fmo/connectors/{connector.id}/edit", data=data)
    made.place = made.answer.headers.get("Location", "").rpartition("/")[0]
    return made


def test_what_was_said_can_be_said_anew_and_older_files_stay_readable(
    wizard: Wizard, store: Session, load: Load, book: Callable[[], dict[str, Policy]]
) -> None:
    connector = saved(wizard, store)
    assert load(sunrise.file_of()).status == "succeeded"
    sample = io.BytesIO(sunrise.file_of()), "again_20261104.csv"
    anew = again(wizard, connector, file=sample)
    page = anew.read("reading")
    for kept in ('value="dmy" selected', 'value="active" selected', "The agent who signed the application."):
        assert kept in page, kept
    assert anew.say("columns", **sunrise.COLUMNS) == "reading"
    changed = sunrise.READING | {"status-2": "terminated", "carrier": "Sunrise Gesundheit", "name": connector.name}
    del changed["confirmed"]
    assert anew.say("reading", **changed) == "reading"
    assert "Confirm that this is the agent" in anew.read("reading"), "who wrote it is confirmed with every version"
    assert anew.say("reading", **changed | {"confirmed": "y"}) == "check"
    page = anew.read("check")
    assert "Save as a new version" in page
    anew.say("check")
    store.rollback()
    assert [one.reason for one in store.scalars(select(ConnectorLayout).order_by(ConnectorLayout.version))] == [
        "mapped",
        "edited",
    ]
    run = load(sunrise.file_of([*sunrise.rows()[:5]]), day="20261110")
    assert (run.status, run.changed, run.layout_version) == ("succeeded", 1, 2)
    assert book()["SR-0047 2026-05-01"].status == "terminated"
    # A file from before is late: the newer one is read again, as it was read then, and what it told stays.
    late = load(sunrise.file_of([[*line[:5], "B", *line[6:]] for line in sunrise.rows()]), day="20261105")
    assert late.status == "succeeded", late.error
    assert book()["SR-0007 2026-01-01"].status == "active"
    text = wizard.browser.get(f"/fmo/connectors/{connector.id}").text
    assert "2 versions" in text and "Changed by hand" in text and "Name of the plan" in text


def test_the_last_file_is_what_a_change_is_checked_on(wizard: Wizard, store: Session, load: Load) -> None:
    connector = saved(wizard, store)
    assert "Check on the last file" not in wizard.browser.get(f"/fmo/connectors/{connector.id}/edit").text
    load(sunrise.file_of())
    assert "Check on the last file" in wizard.browser.get(f"/fmo/connectors/{connector.id}/edit").text
    anew = again(wizard, connector, last="y")
    assert anew.answer.status_code == 303 and "book_20261103.csv" in anew.read("file")


def test_what_comes_with_the_portal_is_shown_and_not_changed_here(
    client_for: Client, admin: User, load: Load, store: Session
) -> None:
    load(aetna({}))
    browser, connector = client_for(admin), store.scalars(select(Connector)).one()
    text = browser.get(f"/fmo/connectors/{connector.id}").text
    assert "How these files are read" in text and "Change how they are read" not in text
    assert "comes with the portal" in browser.get(f"/fmo/connectors/{connector.id}/edit").text
    assert browser.post(f"/fmo/connectors/{connector.id}/edit", data={"last": "y"}).status_code == 422


def test_a_named_connector_is_preferred_and_a_file_of_another_is_refused(
    wizard: Wizard, app: Flask, store: Session, fmo: Fmo
) -> None:
    connector = saved(wizard, store)
    for body, status in ((sunrise.file_of(), "succeeded"), (aetna({}), "failed")):
        with app.app_context(), scope.acting(jobs_scope(fmo)):
            run = request_load(
                body=body, file_name="x_20261103.csv", connector=connector.name, dry_run=False, by="Test"
            )
            access.write_entries()
            db.session.commit()
            run_id = run.id
        with app.app_context(), scope.acting(jobs_scope(fmo)):
            run_feed(run_id)
        store.rollback()
        store.expire_all()
        kept = store.scalars(select(FeedRun).where(FeedRun.id == run_id)).one()
        assert kept.status == status, kept.error


def test_a_file_that_no_layout_fits_leads_to_its_mapping(
    client_for: Client, admin: User, load: Load, store: Session
) -> None:
    run = load(sunrise.file_of())
    assert run.status == "failed" and "known layout" in (run.error or "")
    browser = client_for(admin)
    assert "Map this file" in browser.get(f"/fmo/feeds/{run.id}").text
    answer = browser.post(f"/fmo/feeds/{run.id}/map")
    assert answer.status_code == 303 and "Vertragsnr" in browser.get(answer.headers["Location"]).text


def test_two_who_save_the_same_mapping_at_once_make_one_connector(
    client_for: Client, admin: User, store: Session, fmo: Fmo
) -> None:
    """The second finds it gone, as everybody does afterwards; nothing is half and nobody sees a failure."""
    wizard = Wizard(client_for(admin), sunrise.file_of())
    wizard.say("file")
    wizard.say("columns", **sunrise.COLUMNS)
    wizard.say("reading", **sunrise.READING)
    others = [client_for(builders.user(store, fmo)) for _ in range(4)]
    with ThreadPoolExecutor(len(others)) as pool:
        answers = list(pool.map(lambda one: one.post(f"{wizard.place}/check").status_code, others))
    assert sorted(answers) == [303, 404, 404, 404]
    assert drafts(store) == 0 and len(store.scalars(select(Connector.id)).all()) == 1


def test_a_run_of_a_sample_is_of_what_was_handed_in(client_for: Client, admin: User, store: Session) -> None:
    """Its digest is that of the file with the numbers, and it says what was emptied at the door, however it came."""
    numbered = [[*line, f"123-45-67{n:02}"] for n, line in enumerate(sunrise.rows())]
    body = sunrise.file_of(numbered, [*sunrise.HEADER, "SSN"])
    wizard = Wizard(client_for(admin), body)
    assert "“SSN” was emptied" in wizard.read("file")
    wizard.say("columns", **sunrise.COLUMNS)
    wizard.say("reading", **sunrise.READING)
    assert wizard.say("check", load="y") != "check", wizard.read("check")
    store.rollback()
    run = store.scalars(select(FeedRun)).one()
    assert run.sha256 == hashlib.sha256(body).hexdigest()
    assert [note for note in run.notes if "“SSN” was emptied" in note]


def test_the_kept_file_of_a_run_is_what_was_handed_in_then(
    client_for: Client, admin: User, load: Load, store: Session
) -> None:
    body = sunrise.file_of([[*line[:-1], "123-45-6789"] for line in sunrise.rows()])
    first = load(body)
    assert first.status == "failed"
    wizard = object.__new__(Wizard)
    wizard.browser = client_for(admin)
    wizard.answer = wizard.browser.post(f"/fmo/feeds/{first.id}/map")
    wizard.place = wizard.answer.headers["Location"].rpartition("/")[0]
    wizard.say("columns", **sunrise.COLUMNS)
    wizard.say("reading", **sunrise.READING)
    wizard.say("check", load="y")
    store.rollback()
    run = store.scalars(select(FeedRun).where(FeedRun.id != first.id)).one()
    assert run.sha256 == first.sha256 == hashlib.sha256(body).hexdigest()
    assert "it was taken out there too" in " ".join(run.notes)
