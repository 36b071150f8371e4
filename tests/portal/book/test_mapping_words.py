"""How a mapping asks about what the sample does not tell by itself, and what a change of it keeps."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.layouts.models import ConnectorLayout
from portal.book.models import Connector, Member, Policy
from portal.book.quarantine.models import ValueAlias
from portal.identity.models import User
from tests.portal.book import sunrise
from tests.portal.book.conftest import Load
from tests.portal.book.test_mapping import Client, Wizard, admin, again, saved, wizard

__all__ = ["admin", "wizard"]
Book = Callable[[], dict[str, Policy]]
HEADER = ["Vertragsnr", "Person", "Geb", "Beginn", "Zust", "Vermittler", "Beitrag", "Plan"]
COLUMNS = {
    "field-policy_number": "0", "field-full_name": "1", "field-birth_date": "2", "field-effective_date": "3",
    "field-status": "4", "field-premium": "6",
}  # fmt: skip
READING = {
    "status-0": "active", "product_how": "fixed", "product": "MAPD", "identity": "policy", "npn": "5",
    "says": "The agent who signed the application.", "confirmed": "y", "new_carrier": "Sunrise Gesundheit",
    "name_order": "last", "decimal": ",", "order": "dmy",
}  # fmt: skip
LINES = [
    ["SR-1", "BERG ANNA MARIA", "01/25/1950", "03/04/2026", "L", "1001001", "40,00", "Gold"],
    ["SR-2", "VAN DYK LENA", "02/03/1951", "25/03/2026", "L", "1001001", "1.254,50", "Gold"],
    ["SR-3", "ROTH UWE", "12/31/1949", "04/03/2026", "L", "1001001", "1.234", "Gold"],
    ["SR-4", "STERN ADA", "11/30/1952", "26/03/2026", "L", "1001001", "12.5.6", "Gold"],
]


def _wizard(client_for: Client, admin: User, lines: list[list[str]] | None = None) -> Wizard:
    return Wizard(client_for(admin), sunrise.file_of(lines or LINES, HEADER))


def test_amounts_names_and_each_columns_dates_are_read_as_they_are_written(
    client_for: Client, admin: User, store: Session, load: Load, book: Book
) -> None:
    made = _wizard(client_for, admin)
    assert made.say("columns", **COLUMNS) == "reading"
    page = made.read("reading")
    assert "A comma: 1.254,50" in page and 'value="," selected' in page, "proposed from the sample"
    assert "“BERG ANNA MARIA” is Anna Maria, family name Berg" in page
    partly = READING | {"name_order": "", "order": "dmy", "order-birth_date": ""}
    assert made.say("reading", **partly) == "reading"
    page = made.read("reading")
    assert "“Geb” has 3 different dates that can only be read with the month first. Choose that order" in page
    assert "Say whether the names in “Person” begin with the first or with the family name" in page
    assert made.say("reading", **READING | {"order-birth_date": "mdy"}) == "check", made.read("reading")
    page = made.read("check")
    assert "$1,254.50" in page and "$40.00" in page
    assert "1 amount in “Beitrag” could not be read and was left empty." in page
    made.say("check")
    run = load(sunrise.file_of(LINES, HEADER))
    assert (run.status, run.new) == ("succeeded", 4), run.error
    assert "1 amount in “Beitrag” could not be read and was left empty." in " ".join(run.notes)
    found = book()
    premiums = {one.policy_number: one.premium for one in found.values()}
    assert premiums == {"SR-1": Decimal("40.00"), "SR-2": Decimal("1254.50"), "SR-3": Decimal("1234.00"), "SR-4": None}
    assert {one.effective_date for one in found.values() if one.policy_number == "SR-1"} == {date(2026, 4, 3)}
    people = {(one.last_name, one.first_name, one.middle_name): one.birth_date for one in store.scalars(select(Member))}
    assert people[("Berg", "Anna", "Maria")] == date(1950, 1, 25)
    assert ("Van Dyk", "Lena", None) in people


def test_dates_that_can_all_be_read_both_ways_are_asked(client_for: Client, admin: User) -> None:
    lines = [[*one[:2], "03/04/1950", "05/06/2026", *one[4:]] for one in LINES]
    made = _wizard(client_for, admin, lines)
    made.say("columns", **COLUMNS)
    page = made.read("reading")
    assert 'value="mdy" selected' not in page and 'value="dmy" selected' not in page
    assert made.say("reading", **READING | {"order": ""}) == "reading"
    assert "Say whether “Geb” has the month or the day first: its dates, such as 03/04/1950" in made.read("reading")
    assert made.say("reading", **READING) == "check"


def test_a_change_keeps_what_the_new_sample_does_not_have(
    wizard: Wizard, store: Session, load: Load, book: Book
) -> None:
    words = {"product_how": "words", "product_column": "8"}
    wizard.say("columns", **sunrise.COLUMNS)
    wizard.say("reading", **sunrise.READING | words)
    chosen = sunrise.READING | words | {"product_words_of": "8", "product-0": "PDP", "product-1": "MAPD"}
    assert wizard.say("reading", **chosen | {"older_rows": "y"}) == "check", wizard.read("reading")
    wizard.say("check")
    store.rollback()
    connector = store.scalars(select(Connector)).one()
    one = [line for line in sunrise.rows() if line[5] == "L" and line[8] == "HMO0"]
    made = again(wizard, connector, file=(io.BytesIO(sunrise.file_of(one)), "again_20261104.csv"))
    page = made.read("reading")
    assert "K <span" in page and "(not in this sample)" in page and 'id="older_rows" checked' in page
    said = {"confirmed": "y", "carrier": "Sunrise Gesundheit", "name": connector.name, "older_rows": "y"}
    sent = {**sunrise.READING, **words, **said, "product_words_of": "8", "product-0": "PDP"}
    for name in ("new_carrier", "status-1", "status-2"):
        del sent[name]
    assert made.say("reading", **sent) == "check", made.read("reading")
    made.say("check")
    store.rollback()
    first, second = store.scalars(select(ConnectorLayout).order_by(ConnectorLayout.version))
    assert second.body["statuses"].keys() == first.body["statuses"].keys() == {"L", "B", "K"}
    assert len(second.body["product"]["rules"]) == len(first.body["product"]["rules"]) == 2
    assert load(sunrise.file_of()).refused == 0
    # A word is forgotten where somebody says so.
    made = again(wizard, connector, file=(io.BytesIO(sunrise.file_of(one)), "again_20261104.csv"))
    made.say("reading", **sent | {"status-1": "", "status-2": "lapsed"})
    made.say("check")
    store.rollback()
    newest = store.scalars(select(ConnectorLayout).order_by(ConnectorLayout.version.desc())).first()
    assert newest and len(newest.body["statuses"]) == 2


def test_a_word_that_nobody_knows_refuses_its_rows_and_a_decided_one_is_not_asked(
    wizard: Wizard, store: Session, load: Load
) -> None:
    wizard.say("columns", **sunrise.COLUMNS)
    assert "I do not know: refuse these rows" in wizard.read("reading")
    assert wizard.say("reading", **sunrise.READING | {"status-2": "refuse"}) == "check", wizard.read("reading")
    wizard.say("check")
    assert load(sunrise.file_of()).refused == 1
    store.rollback()
    body = store.scalars(select(ConnectorLayout)).one().body
    assert body["statuses"] == {"L": "active", "B": "terminated"}


def test_the_usual_name_goes_with_the_carrier(wizard: Wizard) -> None:
    wizard.say("columns", **sunrise.COLUMNS)
    wizard.say("reading", **sunrise.READING | {"new_carrier": "Sunrize"})
    sent = sunrise.READING | {"name": "Sunrize book of business"}
    assert wizard.say("reading", **sent) == "check"
    page = wizard.read("check")
    assert "Sunrise Gesundheit book of business" in page and "Sunrize" not in page


def test_a_whole_plan_number_is_one_whatever_its_column_is_called(client_for: Client, admin: User) -> None:
    lines = [[*one[:7], f"H1234-00{place}"] for place, one in enumerate(LINES)]
    made = Wizard(client_for(admin), sunrise.file_of(lines, [*HEADER[:7], "Segment"]))
    assert "CMS plan numbers" in made.read("file")
    made.say("columns", **COLUMNS | {"field-segment": "7"})
    page = made.read("columns")
    assert "CMS segment: “Segment” holds CMS plan numbers" in page
    assert made.say("columns", **COLUMNS | {"field-plan_id": "7"}) == "reading"


def test_a_file_with_the_columns_of_before_is_said_anew_as_it_is_read(
    wizard: Wizard, store: Session, load: Load
) -> None:
    connector = saved(wizard, store)
    load(sunrise.file_of())
    header = ["Police" if one == "Vertragsnr" else one for one in sunrise.HEADER]
    run = load(sunrise.file_of(header=header), day="20261110")
    store.rollback()
    page = wizard.browser.get(f"/fmo/feeds/{run.id}/columns")
    assert page.status_code == 200
    wizard.browser.post(f"/fmo/feeds/{run.id}/columns", data={"renamed-0": "0", "column-0": "0"})
    made = again(wizard, connector, file=(io.BytesIO(sunrise.file_of()), "old_20261104.csv"))
    assert 'value="0" selected>Vertragsnr' in made.read("columns")
    made = again(wizard, connector, file=(io.BytesIO(sunrise.file_of(header=["Neu", *header[1:]])), "new.csv"))
    assert "is not in this file. Choose the column that has taken its place: Policy or certificate number" in made.read(
        "file"
    )


def test_a_page_that_is_older_than_what_was_said_is_not_taken(wizard: Wizard) -> None:
    wizard.say("columns", **sunrise.COLUMNS)
    old = re.findall('name="seen_at" value="([^"]+)"', wizard.read("reading"))[0]
    assert wizard.say("reading", **sunrise.READING, seen_at=old) == "check"
    answer = wizard.browser.post(
        f"{wizard.place}/reading", data={"order": "mdy", "seen_at": old}, follow_redirects=True
    )
    assert "changed meanwhile, in another tab" in answer.text and 'value="dmy" selected' in answer.text
    assert "Before this can be saved" not in wizard.read("check")


def test_each_mistake_stands_beside_its_field_and_leads_to_it(wizard: Wizard) -> None:
    wizard.say("columns", **sunrise.COLUMNS | {"field-email": "1"})
    page = wizard.read("columns")
    assert 'href="#field-email"' in page and 'id="field-email-error"' in page
    assert 'aria-describedby="field-email-hint field-email-error"' in page
    wizard.say("columns", **sunrise.COLUMNS)
    wizard.say("reading", **sunrise.READING | {"confirmed": "", "says": ""})
    page = wizard.read("reading")
    assert 'href="#says"' in page and 'id="says-error"' in page and 'id="status-0-error"' not in page


def test_columns_that_another_connector_reads_are_told_at_once(wizard: Wizard, store: Session) -> None:
    connector = saved(wizard, store)
    second = Wizard(wizard.browser, sunrise.file_of())
    page = second.read("file")
    assert f"are read by {connector.name} already" in page and f"/fmo/connectors/{connector.id}" in page
    assert "1 mapping is not finished" in wizard.browser.get("/fmo/connectors").text


def test_the_check_adds_up_as_the_run_does_and_warns_of_npns_that_nobody_has(
    client_for: Client, admin: User, store: Session, load: Load
) -> None:
    lines = sunrise.rows()
    lines[1][0] = lines[0][0]
    for line in lines:
        line[6] = "0004711"
    made = Wizard(client_for(admin), sunrise.file_of(lines))
    made.say("columns", **sunrise.COLUMNS)
    assert made.say("reading", **sunrise.READING | {"older_rows": "y"}) == "check", made.read("reading")
    page = made.read("check")
    assert "None of the NPNs in “Vermittler” is in your downline" in page
    told = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd[^>]*>\s*(?:<[^>]+>\s*)*([0-9,]+)", page))
    made.say("check")
    run = load(sunrise.file_of(lines))
    shown = {"Rows": run.rows, "New policies": run.new, "Refused": run.refused, "Dropped": run.dropped}
    assert {name: told.get(name) for name in shown} == {name: str(count) for name, count in shown.items()}, told


def test_a_word_decided_in_the_quarantine_is_not_asked_again(
    wizard: Wizard, store: Session, load: Load, client_for: Client, admin: User
) -> None:
    wizard.say("columns", **sunrise.COLUMNS)
    wizard.say("reading", **sunrise.READING | {"status-2": "refuse"})
    wizard.say("check")
    load(sunrise.file_of())
    store.rollback()
    connector = store.scalars(select(Connector)).one()
    alias = ValueAlias(fmo_id=connector.fmo_id, connector_id=connector.id, field="status", column_key="zust")
    alias.occurrence, alias.column_name, alias.written, alias.shown = 1, "Zust", "k", "K"
    alias.replacement, alias.decided_name = "lapsed", "Test"
    store.add(alias)
    store.commit()
    made = again(wizard, connector, file=(io.BytesIO(sunrise.file_of()), "again_20261104.csv"))
    page = made.read("reading")
    assert 'value="lapsed" selected' in page
