"""The demo as a whole: the same every time, exactly as large as asked, and with the people whom the guides name."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from portal.demo import cast
from portal.demo.generate import DemoPlan, write_demo
from tests.demo.conftest import AS_OF

MBI = re.compile(
    r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9][AC-HJKMNP-RT-Y]{2}[0-9]{2}"
)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_demo(tmp_path / name, seed=seed, policies=400, as_of=AS_OF)
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    assert _bytes(tmp_path / "a") != _bytes(tmp_path / "c")


@pytest.mark.parametrize("policies", [200, 997])
def test_as_many_policies_as_asked(tmp_path: Path, policies: int) -> None:
    plan = write_demo(tmp_path, seed=5, policies=policies, as_of=date(2024, 2, 29))
    assert sum(file.policies for file in plan.files) == policies
    assert len(plan.truth_csv.read_text(encoding="utf-8").splitlines()) == policies + 1


def test_too_few_policies_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 200"):
        write_demo(tmp_path, seed=1, policies=199, as_of=AS_OF)


def test_a_policy_is_found_by_its_key_and_date(truth: list[dict[str, str]]) -> None:
    keys = Counter((line["fmo"], line["carrier"], line["policy_key"], line["effective_date"]) for line in truth)
    assert max(keys.values()) == 1


def test_truth_has_the_promised_columns_and_forms(truth: list[dict[str, str]]) -> None:
    assert ",".join(truth[0]) == (
        "fmo,carrier,policy_key,member_first,member_last,dob,mbi,writing_npn,status,effective_date,term_date,email"
    )
    for line in truth:
        assert line["member_first"] and line["member_last"]
        assert not line["mbi"] or MBI.fullmatch(line["mbi"])
        assert not line["email"] or line["email"].endswith(".example")
        assert re.fullmatch(r"([1-9]\d{0,9})?", line["writing_npn"])
        assert date.fromisoformat(line["effective_date"])
        assert not line["term_date"] or line["term_date"] >= line["effective_date"]
    assert {len(line["writing_npn"]) for line in truth} >= {0, 1, 3, 6, 7, 8, 9, 10}


def test_times_are_spread(truth: list[dict[str, str]]) -> None:
    future = [line for line in truth if line["effective_date"] > AS_OF.isoformat()]
    recent = [line for line in truth if "2026-01-01" <= line["term_date"] <= AS_OF.isoformat()]
    turning = [line for line in truth if "1961-03-10" < line["dob"] <= "1961-07-10"]
    assert min(len(future), len(recent), len(turning)) > 30


def test_the_named_people_have_their_policies(truth: list[dict[str, str]]) -> None:
    by_npn = Counter((line["fmo"], line["writing_npn"]) for line in truth)
    assert by_npn["summit", cast.AGENT_NPN] == pytest.approx(90, abs=2)
    assert by_npn["summit", cast.PRODUCER_NPN] == pytest.approx(45, abs=2)
    assert by_npn["summit", cast.BIGGEST_NPN] == pytest.approx(600, abs=2)
    assert by_npn["summit", cast.AGENCY_NPN] > 0 and by_npn["summit", cast.PRINCIPAL_NPN] > 0
    assert by_npn["lakeside", cast.AGENT_NPN] > 0
    assert by_npn["summit", ""] > 0 and by_npn["lakeside", ""] > 0


def test_the_shared_npn_has_different_policies_and_some_members_are_at_both(truth: list[dict[str, str]]) -> None:
    keys = {
        slug: {line["policy_key"] for line in truth if line["fmo"] == slug and line["writing_npn"] == cast.AGENT_NPN}
        for slug in ("summit", "lakeside")
    }
    assert keys["summit"] and keys["lakeside"] and not keys["summit"] & keys["lakeside"]
    members = {slug: {line["mbi"] for line in truth if line["fmo"] == slug and line["mbi"]} for slug in keys}
    assert members["summit"] & members["lakeside"]


def test_the_downline_files(plan: DemoPlan, truth: list[dict[str, str]]) -> None:
    for fmo, agents, agencies in zip(plan.fmos, (60, 14), (8, 2), strict=True):
        with fmo.agents_csv.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        assert Counter(line["kind"] for line in lines) == {"agent": agents, "agency": agencies}
        npns = {line["npn"] for line in lines}
        assert len(npns) == len(lines)
        assert all(line["email"].endswith(".example") for line in lines)
        assert len({line["email"] for line in lines}) == len(lines)
        assert all(re.fullmatch(r"[2-9]\d{2}55501\d\d", line["phone"]) for line in lines)
        assert sum(line["principal"] == "yes" for line in lines) == agencies
        writing = {line["writing_npn"] for line in truth if line["fmo"] == fmo.slug}
        assert npns - writing, "some have no policy"
        assert writing - npns - {""}, "some are strangers"
        with fmo.crosswalk_csv.open(encoding="utf-8", newline="") as file:
            assert {line["npn"] for line in csv.DictReader(file)} <= npns
