"""Layouts are checked when they are loaded, and found by what a file's header says."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from portal.connectors.file_names import day_in_name
from portal.connectors.layouts import LayoutError, layout_bodies, layout_from, load_layouts
from portal.connectors.parse import parse
from portal.connectors.rows import FileRefused, Status
from tests.connectors.files import AS_OF, humana, read, write_text

_LAYOUTS = Path(__file__).parents[2] / "portal" / "connectors" / "layouts"


def _humana_data(**changes: Any) -> dict[str, Any]:
    data = tomllib.loads((_LAYOUTS / "humana.toml").read_text(encoding="utf-8"))
    return copy.deepcopy(data) | changes


def test_every_layout_loads_and_says_what_its_writer_is() -> None:
    layouts = load_layouts()
    assert all(layout.writer.says.endswith(".") for layout in layouts.values())
    rules = {name: layout.writer.rule for name, layout in layouts.items()}
    assert rules == {
        "aetna": "npn writingagentnpn:1, tin writingagenttin:1",
        "alignment": "npn agentnpn:1",
        "ambetter": "npn brokernpn:1",
        "anthem": "tin writingtin:1",
        "bcbs": "agent_id agent#:1",
        "bcbs_nc": "producer_code producerid:1",
        "devoted": "nobody",
        "devoted_agent": "npn agentnpn:1",
        "devoted_status_report": "npn applicationstatusreportagentnpn:1",
        "florida_blue": "npn agentnpn:1",
        "healthspring": "agent_id agentid:1",
        "humana": "npn npn:1, san servicingagentsan:1",
        "kansas_city_life": "writing_number writingagentnumber:1",
        "lakemont": "writing_number writingnumber:1",
        "mutual_of_omaha": "writing_number writingagentnumber:1",
        "scan": "npn agentnpn:1",
        "unitedhealthcare": "npn solicitornpn10:1, npn agentnpn20:1, npn agentnpn:1",
        "unitedhealthcare_pre_enrollment": "agent_id agentid:1",
        "wellabe": "writing_number writingagentnumber:1",
        "wellcare": "npn brokernpn:1",
        "x12_834": "broker_id brokerkey:1, tin brokertaxid:1",
    }


def test_only_a_role_that_is_not_the_writers_waits_for_a_confirmation() -> None:
    rules = {name: layout.writer.crosswalk for name, layout in load_layouts().items() if layout.writer.crosswalk}
    assert [name for name, rule in rules.items() if rule.needs_confirmation] == ["humana"]


def test_every_status_word_means_a_status() -> None:
    known = {status.value for status in Status}
    assert all(set(layout.statuses.values()) <= known for layout in load_layouts().values())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"carrier": None, "colour": "green"}, "unknown entry 'colour'"),
        ({"statuses": {"Active": "lively"}}, "'lively', which is no status"),
        ({"reasons": {"Gone": "left"}}, "'left', which is no reason"),
        ({"identity": []}, "nothing identifies"),
        ({"identity": ["member_number"]}, "member_number and effective_date"),
        ({"identity": ["birthday"]}, "unknown identity part"),
        ({"identity": ["policy_number"]}, "no column for the identity part"),
        ({"dates": {"order": "ymd"}}, "date order"),
        ({"dates": {"forms": ["roman"]}}, "date forms"),
        ({"dates": {"open_ends": ["never"]}}, "malformed"),
        ({"writer": {"says": "Somebody."}}, "nothing names the writing agent"),
        ({"writer": {"says": " ", "npn": "NPN"}}, "writer.says"),
        ({"product": {"from": ["Plan Name"], "rules": [{"pattern": "(", "line": "x"}]}}, "malformed"),
        ({"fingerprint": [7]}, "not a column header"),
    ],
)
def test_a_layout_that_contradicts_itself_is_refused_by_name(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(LayoutError, match=words) as refused:
        layout_from(_humana_data(**changes), name="mine")
    assert "mine" in str(refused.value)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("last_name", "Mbr_First_Name", "mapped to both"),
        ("last_name", "MbrFirstName", "mapped to both"),
        ("nickname", "Nick", "unknown field 'nickname'"),
        ("phone", ["Phone", "PHONE"], "same column twice"),
        ("status", None, "no column for status"),
        ("effective_date", None, "no column for effective_date"),
        ("first_name", None, "first and last name"),
    ],
)
def test_columns_that_lack_or_share_a_field_are_refused(field: str, value: Any, words: str) -> None:
    data = _humana_data()
    if field == "last_name":
        data["columns"]["first_name"] = "MBR FIRST NAME" if value == "Mbr_First_Name" else "MbrFirstName"
    data["columns"][field] = value
    if value is None:
        del data["columns"][field]
    with pytest.raises(LayoutError, match=words):
        layout_from(data, name="mine")


def test_the_nearest_layout_and_its_missing_columns_are_named(tmp_path: Path) -> None:
    header, row = humana()
    gone = header.index("Servicing Agent SAN")
    rows = [[cell for index, cell in enumerate(cells) if index != gone] for cells in (header, row)]
    with pytest.raises(FileRefused, match=r"nearest to Humana.*“Servicing Agent SAN”"):
        read(write_text(tmp_path / "a.csv", rows))


def test_a_chosen_layout_is_tried_alone(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.csv", humana())
    assert len(read(path, layout_name="humana").rows) == 1
    with pytest.raises(FileRefused, match="does not fit the layout that was chosen, Aetna"):
        read(path, layout_name="aetna")
    with pytest.raises(FileRefused, match="no layout named martian"):
        read(path, layout_name="martian")


def test_a_header_that_stands_twice_is_refused_unless_the_layout_tells_which(tmp_path: Path) -> None:
    header, row = humana()
    path = write_text(tmp_path / "a.csv", [[*header, "NPN"], [*row, "18800412"]])
    with pytest.raises(FileRefused, match="“NPN” stands twice"):
        read(path)


def test_columns_in_another_order_and_spelling_are_the_same(tmp_path: Path) -> None:
    header, row = humana()
    turned = [[cell.upper().replace(" ", "_") for cell in reversed(header)], list(reversed(row))]
    [one] = read(write_text(tmp_path / "a.csv", [header, row])).rows
    [two] = read(write_text(tmp_path / "b.csv", turned)).rows
    assert one.identity == two.identity and one._replace(content_hash="", writer_column="") == two._replace(
        content_hash="", writer_column=""
    )


def test_two_layouts_that_fit_alike_are_left_to_a_person(tmp_path: Path) -> None:
    layouts = {name: layout_from(_humana_data(), name=name) for name in ("one", "two")}
    with pytest.raises(FileRefused, match="one and two"):
        parse(write_text(tmp_path / "a.csv", humana()), file_name="a.csv", as_of=AS_OF, layouts=layouts)


def test_a_detection_tells_what_is_read_and_what_is_not(tmp_path: Path) -> None:
    header, row = humana()
    path = write_text(tmp_path / "a.csv", [[*header, "SSN"], [*row, "000-00-0000"]])
    found = parse(path, file_name="Humana_20261103.csv", as_of=AS_OF.replace(year=2020))
    assert found.as_of == AS_OF
    assert found.detection.headers_of("birth_date") == ["Birth Date"]
    assert found.detection.headers_of("email") == []
    [batch] = found.batches()
    assert "000-00-0000" not in str(batch)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Summit_MedicareApprovedBOBReport_20261103.csv", "2026-11-03"),
        ("book 2026-11-03 (2).xlsx", "2026-11-03"),
        ("20250101_to_20261103.csv", "2026-11-03"),
        ("book_20261399.csv", "None"),
        ("1202611031.csv", "None"),
        ("book.csv", "None"),
    ],
)
def test_the_day_in_a_file_name(name: str, day: str) -> None:
    assert str(day_in_name(name)) == day


def test_a_digest_stands_for_what_a_layout_says_and_not_for_its_name() -> None:
    body = layout_bodies()["humana"]
    assert layout_from(body, name="humana").digest == layout_from(body, name="other").digest
    for changed in ({"empty": ["null"]}, {"columns": body["columns"] | {"zip": "Mail ZipCd"}}):
        assert layout_from(body | changed, name="humana").digest != load_layouts()["humana"].digest
    assert len({layout.digest for layout in load_layouts().values()}) == len(load_layouts())
