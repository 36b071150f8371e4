"""X12 834: every shape of the standard that says whose coverage it is, and files that must be refused."""

from __future__ import annotations

import json
import random
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.connectors.door import admit
from portal.connectors.parse import ParsedFile, parse
from portal.connectors.readers import open_sheets
from portal.connectors.rows import FileRefused, PolicyRow
from tests.connectors.files import AS_OF, GOLDEN, read
from tests.connectors.interchange import group, interchange, member, small, transaction
from tests.connectors.test_golden import _plain

SECRET = "900610042"
BROKER = ["N1*BO*STONE AMY*94*1001001"]


def written(folder: Path, text: str, name: str = "a.834") -> Path:
    """A file of that text."""
    path = folder / name
    path.write_bytes(text.encode())
    return path


def opened(folder: Path, text: str) -> ParsedFile:
    return parse(written(folder, text), file_name="a.834", as_of=AS_OF)


def one(folder: Path, text: str) -> PolicyRow:
    [row] = read(written(folder, text)).rows
    return row


def test_a_change_file_reads_exactly(tmp_path: Path) -> None:
    expected = json.loads((GOLDEN / "x12_834_changes.json").read_text(encoding="utf-8"))
    assert _plain(read(GOLDEN / "x12_834_changes.txt")) == expected


@pytest.mark.parametrize("marks", ["*:~", "|>\r", "!<'", "\x1d:\x1c", "~:\n"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_every_choice_of_delimiters_and_line_ends_is_the_same_file(tmp_path: Path, marks: str, end: str) -> None:
    text = interchange(group(transaction(member(), broker=BROKER)), marks=marks, end=end)
    assert one(tmp_path, text) == one(tmp_path, small())


@pytest.mark.parametrize(
    ("action", "code", "complete"),
    [("4", "021", True), ("RX", "030", True), ("2", "030", False), ("", "030", True), ("", "021", None)],
)
def test_a_file_says_whether_it_tells_everything(tmp_path: Path, action: str, code: str, complete: bool | None) -> None:
    assert opened(tmp_path, small(member(code=code), action=action)).complete is complete


def test_one_transaction_of_changes_makes_it_a_change_file(tmp_path: Path) -> None:
    both = group(transaction(member(), broker=BROKER), transaction(member(), number="0002", action="2"))
    assert opened(tmp_path, interchange(both)).complete is False


def test_the_day_of_the_file_is_the_transaction_s(tmp_path: Path) -> None:
    assert opened(tmp_path, small(day="20261015")).as_of == date(2026, 10, 15)


def test_the_same_number_of_two_payers_is_two_people(tmp_path: Path) -> None:
    text = interchange(
        group(transaction(member()), transaction(member(), number="0002", payer="77001")),
        group(transaction(member(), number="0003", payer="77002"), number="2"),
    ) + interchange(group(transaction(member(), payer="77003")), marks="|>\n", end="")
    rows = read(written(tmp_path, text)).rows
    assert len({row.identity for row in rows}) == len({row.member_number for row in rows}) == 4
    assert [row.row for row in rows] == [2, 3, 4, 5]


def test_a_family_is_as_many_policies_as_people(tmp_path: Path) -> None:
    child = member(first="NAN", born="20150630", who="N*19")
    rows = read(written(tmp_path, small(member(), child))).rows
    assert [row.first_name for row in rows] == ["Ruth", "Nan"]
    assert len({row.identity for row in rows}) == 2 and len({row.member_number for row in rows}) == 1


@pytest.mark.parametrize(
    ("brokers", "kind", "value"),
    [
        (BROKER, "broker_id", "66783/1001001"),
        ([*BROKER, *BROKER], "broker_id", "66783/1001001"),
        (["N1*BO*STONE*FI*99-9000111"], "tin", "999000111"),
        ([*BROKER, "N1*BO*PIKE OTIS*94*1002002"], None, None),
        (["N1*BO*STONE AMY*94*AX-17"], "broker_id", "66783/AX-17"),
        (["N1*TV*HELPFUL ADMIN*94*1001001"], None, None),
        ([], None, None),
    ],
)
def test_exactly_one_broker_is_the_writing_agent(
    tmp_path: Path, brokers: list[str], kind: str | None, value: str | None
) -> None:
    row = one(tmp_path, interchange(group(transaction(member(), broker=brokers))))
    assert (row.writer_npn, row.writer_kind, row.writer_value) == (None, kind, value)


@pytest.mark.parametrize(
    ("code", "begin", "end", "status"),
    [
        ("021", "20260101", "", "active"),
        ("021", "20270101", "", "future_active"),
        ("021", "20260101", "20261231", "active"),
        ("001", "20260101", "20261102", "terminated"),
        ("030", "20250101", "20251231", "terminated"),
        ("025", "20260101", "", "reinstated"),
        ("024", "20260101", "20261231", "terminated"),
        ("024", "20260101", "20260101", "cancelled"),
        ("002", "20260101", "", "cancelled"),
    ],
)
def test_what_a_maintenance_code_and_the_days_mean(
    tmp_path: Path, code: str, begin: str, end: str, status: str
) -> None:
    assert one(tmp_path, small(member(code=code, coverages=[("HLT", begin, end)]))).status == status


def test_a_corrected_name_counts_and_a_prior_one_does_not(tmp_path: Path) -> None:
    segments = member()
    segments[segments.index("NM1*IL*1*ABERNATHY*RUTH*E**")] = "NM1*74*1*ABERNETHY*RUTH*E**"
    at = next(place for place, text in enumerate(segments) if text.startswith("HD"))
    segments[at:at] = ["NM1*70*1*WRONG*NAME", "DMG*D8*19000101*M", "NM1*31*1", "N3*PO BOX 9", "N4*MIAMI*FL*33101"]
    row = one(tmp_path, small(segments))
    assert (row.last_name, row.birth_date, row.city, row.zip) == ("Abernethy", date(1951, 3, 7), "Tampa", "33602")


def test_providers_other_insurance_and_categories_are_not_the_member_s(tmp_path: Path) -> None:
    more = ["LX*1", "NM1*P3*1*WELBY*MARCUS", "N4*ELSEWHERE*TX*75001", "COB*P*OTHER*5", "REF*1L*NOT-MINE",
            "DTP*349*D8*20200101", "LS*2700", "LX*1", "N1*75*TIER", "REF*17*GOLD", "LE*2700"]  # fmt: skip
    row = one(tmp_path, small([*member(), *more]))
    assert (row.city, row.policy_number, row.term_date) == ("Tampa", "GRP-77", None)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("SE*19*0001", "SE*20*0001", "trailer SE of transaction 0001 says 20, and 19 were found"),
        ("SE*19*0001", "SE*19*0002", "does not belong to transaction 0001"),
        ("SE*19*0001", "SE**0001", "says no number"),
        ("GE*1*1", "GE*2*1", "trailer GE of group 1 says 2, and 1 were found"),
        ("IEA*1*", "IEA*3*", "trailer IEA of interchange"),
        ("GE*1*1~\n", "", "closes what is not open"),
        ("ST*834", "ST*835", "an X12 835, not an enrollment file"),
        ("GS*BE", "XX*BE", "outside of any transaction"),
        ("*P*:~", "*P*:A", "does not say how"),
    ],
)
def test_an_envelope_that_does_not_agree_refuses_the_file(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = small()
    assert old in text
    with pytest.raises(FileRefused, match=words) as refused:
        read(written(tmp_path, text.replace(old, new)))
    assert str(refused.value).endswith(".")


def test_a_file_that_was_cut_off_is_refused_wherever(tmp_path: Path) -> None:
    text = small(member(), member("M2", "HALE", "NORA"))
    for length in range(107, len(text) - 2, 7):
        with pytest.raises(FileRefused):
            read(written(tmp_path, text[:length]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_done_to_a_file_it_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """Segments shuffled, doubled and left out, letters changed, delimiters mixed up."""
    segments = small(member(), member("M2", "HALE", "NORA", coverages=[("HLT",), ("DEN",)])).split("~\n")
    chance = random.Random(data.draw(st.integers(0, 10_000)))
    for _ in range(data.draw(st.integers(1, 4))):
        place, other = chance.randrange(len(segments)), chance.randrange(len(segments))
        match data.draw(st.sampled_from(["swap", "drop", "double", "letter", "mark"])):
            case "swap":
                segments[place], segments[other] = segments[other], segments[place]
            case "drop" if len(segments) > 2:
                del segments[place]
            case "double":
                segments.insert(other, segments[place])
            case "letter":
                at = chance.randrange(len(segments[place]) + 1)
                segments[place] = segments[place][:at] + data.draw(st.characters()) + segments[place][at + 1 :]
            case _:
                segments[place] = segments[place].replace("*", data.draw(st.sampled_from(["", "**", "~", ":", "|"])))
    path = tmp_path / "a.834"
    path.write_bytes(("~\n".join(segments)).encode("utf-8", "surrogatepass"))
    try:
        sheets = open_sheets(path)
        assert sum(1 for sheet in sheets for _ in sheet.rows()) > 0
        (tmp_path / "door").mkdir(exist_ok=True)
        admit(path, tmp_path / "door")
    except FileRefused as refused:
        assert str(refused).endswith(".")


def test_one_giant_segment_is_refused(tmp_path: Path) -> None:
    text = small().replace("N3*12 ORCHARD LN", "N3*" + "X" * 5_000_000)
    with pytest.raises(FileRefused, match="more than 65,536 characters"):
        read(written(tmp_path, text))


def test_social_security_numbers_stay_at_the_door(tmp_path: Path) -> None:
    folder = tmp_path / "door"
    folder.mkdir()
    numbered = member(more=[f"REF*SY*{SECRET}"], id_kind="34", id_value=SECRET)
    child = member("M1001", first="NAN", born="20150630", id_kind="34", id_value="900-61-0043", who="N*19")
    as_number = member("900610044", "HALE", "NORA", id_kind="34", id_value="900610044")
    path = written(tmp_path, small(numbered, child, as_number))
    admitted = admit(path, folder)
    text = admitted.path.read_text()
    assert [number for number in (SECRET, "900-61-0043", "900610044") if number in text] == []
    assert len(admitted.notes) == 3
    before, after = read(path), read(admitted.path)
    assert [row[2:] for row in after.rows] == [row[2:] for row in before.rows[:2]]
    assert [refusal.column for refusal in after.refused] == ["Subscriber Number"]
    clean = written(tmp_path, small(), "clean.834")
    assert admit(clean, folder).path == clean
