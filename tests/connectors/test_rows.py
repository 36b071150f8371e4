"""What a row becomes: identity, content, order, batches and the reasons for what is not taken."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.connectors.files import HUMANA, humana, read, write_text


def _one(folder: Path, **changes: str) -> tuple[str, str]:
    [row] = read(write_text(folder / "a.csv", humana(**changes))).rows
    return row.identity, row.content_hash


@pytest.mark.parametrize(
    ("change", "same_identity"),
    [
        ({"Status": "Inactive Policy"}, True),
        ({"MbrFirstName": "RUTHIE"}, True),
        ({"NPN": "17000009"}, True),
        ({"Effective Date": "1/1/2027"}, False),
        ({"Humana ID": "H70000002"}, False),
        ({"Contract-PBP-Segment ID": "H1036-336-002"}, False),
        ({"CoverageType": "Dental"}, False),
    ],
)
def test_identity_moves_with_the_enrolment_and_content_with_any_value(
    tmp_path: Path, change: dict[str, str], same_identity: bool
) -> None:
    before = _one(tmp_path)
    after = _one(tmp_path, **{header.replace(" ", "_"): text for header, text in change.items()})
    assert (before[0] == after[0], before[1] == after[1]) == (same_identity, False)


@pytest.mark.parametrize(
    "change",
    [
        {"Effective_Date": "2026-01-01"},
        {"Effective_Date": "01/01/2026 "},
        {"NPN": "0017000001"},
        {"MbrLastName": "  abernathy "},
        {"Humana_ID": "h70000001"},
        {"Resident_Zip_Code": "33602-1234"},
        {"Birth_Date": "3/7/51"},
    ],
)
def test_another_spelling_of_the_same_value_changes_nothing(tmp_path: Path, change: dict[str, str]) -> None:
    assert _one(tmp_path) == _one(tmp_path, **change)


def test_the_order_of_rows_changes_no_row(tmp_path: Path) -> None:
    rows = [humana(Humana_ID=f"H{number}", NPN=str(number % 7 or ""))[1] for number in range(200)]
    shuffled = rows[:]
    random.Random(3).shuffle(shuffled)
    one = read(write_text(tmp_path / "a.csv", [list(HUMANA), *rows])).rows
    two = read(write_text(tmp_path / "b.csv", [list(HUMANA), *shuffled])).rows
    assert sorted(row[2:] for row in one) == sorted(row[2:] for row in two)


def test_batches_are_consecutive_and_complete(tmp_path: Path) -> None:
    rows = [humana(Humana_ID=f"H{number}" if number % 5 else "")[1] for number in range(23)]
    path = write_text(tmp_path / "a.csv", [list(HUMANA), *rows, ["Total", "23"]])
    whole, parts = read(path), read(path, batch_size=4)
    assert whole[:3] == parts[:3]
    assert (len(whole.rows), len(whole.refused), len(whole.dropped)) == (18, 5, 1)


def test_a_refusal_shows_the_shape_and_never_the_value(tmp_path: Path) -> None:
    [refusal] = read(write_text(tmp_path / "a.csv", humana(Medicare_No="987-65-4321A"))).refused
    assert (refusal.column, refusal.shape) == ("Medicare No", "999-99-9999A")
    assert "987" not in refusal.reason and "Medicare No" in refusal.reason


@pytest.mark.parametrize("word", ["Unavailable", "null", "NA", "nan", "N/A", " ", "-"])
def test_words_for_nothing_are_nothing(tmp_path: Path, word: str) -> None:
    [row] = read(write_text(tmp_path / "a.csv", humana(Birth_Date=word, Medicare_No=word, Plan_Name=word))).rows
    assert (row.birth_date, row.mbi, row.plan_name) == (None, None, None)


def test_a_date_of_death_is_the_reason_also_without_the_word(tmp_path: Path) -> None:
    [row] = read(write_text(tmp_path / "a.csv", humana(Status="Inactive Policy", Deceased_Date="8/14/2026"))).rows
    assert row.status_reason == "deceased"


def test_a_surname_total_is_a_person_and_a_total_row_is_not(tmp_path: Path) -> None:
    header, row = humana(MbrLastName="TOTAL")
    bad = humana(MbrLastName="TOTAL", Effective_Date="never")[1]
    formula = ["", "", "=SUM(C2:C9)"] + [""] * (len(header) - 3)
    result = read(write_text(tmp_path / "a.csv", [header, row, bad, formula]))
    assert [row.last_name for row in result.rows] == ["Total"]
    assert [refusal.row for refusal in result.refused] == [3]
    assert [dropped.row for dropped in result.dropped] == [4]


def test_values_that_would_break_a_database_page_never_come_out(tmp_path: Path) -> None:
    result = read(write_text(tmp_path / "a.csv", humana(Plan_Name="a\x01b\u202ec", MbrLastName="O\x1fNEIL")))
    assert [(row.plan_name, row.last_name) for row in result.rows] == [("abc", "O Neil")]
    assert len(read(write_text(tmp_path / "b.csv", humana(Plan_Name="x" * 9000))).refused) == 1


@pytest.mark.parametrize("word", ["Summe", "Gesamtsumme:", "Suma", "Sous-total", "Totale", "Anzahl", "TOTALES"])
def test_totals_of_other_languages_are_no_policies(tmp_path: Path, word: str) -> None:
    path = write_text(
        tmp_path / "a.csv", [list(HUMANA), list(HUMANA.values()), [word, "23"] + [""] * (len(HUMANA) - 2)]
    )
    result = read(path)
    assert (len(result.rows), [one.reason for one in result.dropped]) == (1, ["A total, not a policy."])
    assert not result.refused


def test_amounts_alone_are_no_policy_and_a_number_alone_is_refused(tmp_path: Path) -> None:
    """What stands where a policy or a person is told may be one; a sum below columns that tell neither is none."""
    header = [*HUMANA, "Paid"]
    blank = [""] * (len(HUMANA))
    number = ["H50000009" if name == "Humana ID" else "" for name in HUMANA]
    path = write_text(tmp_path / "a.csv", [header, [*HUMANA.values(), "1"], [*blank, "3.254,50"], [*number, "1"]])
    result = read(path)
    assert [one.reason for one in result.dropped] == ["Amounts alone, not a policy."]
    assert len(result.rows) == len(result.refused) == 1
