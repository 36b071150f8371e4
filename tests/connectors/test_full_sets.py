"""Which files of one day together tell a carrier's whole book."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from portal.connectors.full_sets import FullSet, Part, checked, full_set_from, stem
from portal.connectors.layouts import LayoutError, layout_from, load_layouts

_LAYOUTS = Path(__file__).parents[2] / "portal" / "connectors" / "layouts"
BOTH = checked(("Active", "Inactive"), 1, False)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("UHC_BookOfBusiness_Active_20261103.xlsx", Part("Active", "")),
        ("UHC_BookOfBusiness_Inactive_20261103.xlsx", Part("Inactive", "")),
        ("UHC_BookInactive.xlsx", Part("Inactive", "")),
        ("uhc inactive (2).xlsx", Part("Inactive", "")),
        ("UHC_radioactive.xlsx", None),
        ("UHC_20261103.xlsx", None),
    ],
)
def test_a_word_of_the_name_tells_the_part(name: str, part: Part | None) -> None:
    """A word inside another is not it: an inactive file is never taken for the active one."""
    assert BOTH.part(name) == part


def test_words_are_found_however_they_are_joined() -> None:
    one = checked(("Medicare Approved BOB Report",), 1, False)
    for name in (
        "Oak_MedicareApprovedBOBReport_20261103.csv",
        "medicareapprovedbobreport.csv",
        "MedicareApproved BOB Report.csv",
    ):
        assert one.part(name) == Part("Medicare Approved BOB Report", ""), name


def test_a_set_is_complete_with_every_part_and_not_before() -> None:
    active, inactive = BOTH.part("a_Active.csv"), BOTH.part("a_Inactive.csv")
    assert active and inactive
    assert not BOTH.complete([active]) and not BOTH.complete([active, active])
    assert BOTH.complete([active, inactive])
    assert FullSet().complete([Part("", "")]) and not FullSet().complete([])


def test_files_of_several_agencies_are_told_apart_by_their_names() -> None:
    three = checked((), 3, False)
    parts = [three.part(f"{agency}_{day}.csv") for agency in ("Oak", "Elm") for day in ("20261103", "2026-12-03")]
    known = [part for part in parts if part]
    assert len(set(known)) == 2 and not three.complete(known)
    last = three.part("Ash_20261103.csv")
    assert last and three.complete([*known, last])


def test_words_and_a_larger_number_count_both() -> None:
    """Two agencies, each with an active and an inactive file."""
    four = checked(("Active", "Inactive"), 4, False)
    told = [four.part(f"{who}_{what}_20261103.csv") for who in ("Oak", "Elm") for what in ("Active", "Inactive")]
    known = [part for part in told if part]
    assert four.complete(known) and not four.complete(known[:3])


@pytest.mark.parametrize(
    "name", ["Oak book 20261103.csv", "Oak_Book_Dec_2026.csv", "oak-book (1).csv", "oak book copy.xlsx"]
)
def test_a_name_without_its_day_is_the_same_from_day_to_day(name: str) -> None:
    assert stem(name) == "oak book"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"full": True, "files": ["2026"]}, "must have a letter"),
        ({"full": True, "files": ["Active", "ACTIVE"]}, "the same"),
        ({"full": True, "number": 0}, "from 1 to 500"),
        ({"full": True, "colour": "red"}, "unknown entry 'colour'"),
    ],
)
def test_a_proposal_that_cannot_be_is_refused(data: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        full_set_from(data)
    layout = tomllib.loads((_LAYOUTS / "humana.toml").read_text(encoding="utf-8"))
    with pytest.raises(LayoutError, match=words):
        layout_from(copy.deepcopy(layout) | {"feed": data}, name="mine")


def test_a_layout_proposes_only_what_it_says() -> None:
    assert full_set_from({}) is None and full_set_from({"full": False, "files": ["Active"]}) is None
    assert load_layouts()["unitedhealthcare"].full_set == FullSet(("Active", "Inactive"), 2, False)
    assert full_set_from({"full": True, "keeps_ended": True}) == FullSet((), 1, True)
