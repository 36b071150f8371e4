"""The carrier files say what the truth says, read by somebody else."""

from __future__ import annotations

from collections import Counter

from portal.demo.generate import DemoPlan
from tests.demo import naive


def test_every_file_read_naively_is_the_truth(plan: DemoPlan, truth: list[dict[str, str]]) -> None:
    crosswalks = {fmo.slug: naive.Crosswalk(fmo.crosswalk_csv) for fmo in plan.fmos}
    seen = Counter(
        (file.fmo, file.carrier, one.key, one.effective, one.term, one.npn, one.mbi, one.email)
        for file in plan.files
        for one in naive.policies(file.path, file.fmo, file.carrier, crosswalks[file.fmo])
    )
    columns = ("fmo", "carrier", "policy_key", "effective_date", "term_date", "writing_npn", "mbi", "email")
    assert seen == Counter(tuple(line[column] for column in columns) for line in truth)


def test_rows_are_policies_refused_and_dropped(plan: DemoPlan) -> None:
    for file in plan.files:
        rows = naive.rows(file.path, file.fmo, file.carrier)
        assert len(rows) == file.policies + file.refused + file.dropped, file.path.name
        assert file.refused >= 1 and file.dropped >= 1


def test_status_of_each_line_is_the_word_in_the_file(plan: DemoPlan, truth: list[dict[str, str]]) -> None:
    words = {
        "Humana": "Status",
        "Mutual of Omaha": "Status",
        "UnitedHealthcare": "planStatus",
        "Aetna": "Member Status",
    }
    for carrier, column in words.items():
        in_truth = {line["status"] for line in truth if line["carrier"] == carrier}
        in_files = {
            row[column]
            for file in plan.files
            if file.carrier == carrier
            for row in naive.rows(file.path, file.fmo, carrier)
            if row.get(column)
        }
        assert len(in_files) == len(in_truth) > 1, carrier


def test_the_oddities_are_there(plan: DemoPlan) -> None:
    path = {(file.fmo, file.path.name.split("_")[0], file.path.name.split("_")[-2]): file.path for file in plan.files}
    assert path["lakeside", "LakesideInsuranceMarketing", "MedicareApprovedBOBReport"].read_bytes()[:2] == b"\xff\xfe"
    assert path["lakeside", "Humana", "Active Policies"].read_bytes()[:3] == b"\xef\xbb\xbf"
    assert "ñ".encode("cp1252") in path["summit", "Humana", "Active Policies"].read_bytes()
    assert b"\r\n" in path["lakeside", "MutualOfOmaha", "Inforce"].read_bytes()
    active = naive.rows(path["summit", "UHC", "Active"], "summit", "UnitedHealthcare")
    inactive = naive.rows(path["summit", "UHC", "Inactive"], "summit", "UnitedHealthcare")
    assert {row["memberCounty"] for row in active} > {"null"}
    assert any(row["agentNpn"] and row["agentNpn20"] not in ("", row["agentNpn"]) for row in active)
    assert any(len(row["memberZip"]) < 5 for row in inactive if row["memberZip"])
    humana = naive.rows(path["summit", "Humana", "Active Policies"], "summit", "Humana")
    assert any(row["NPN"] and row.get("Servicing Agent SAN") != row.get("AOR SAN") for row in humana)
    numbers = {row.get("Writing Agent Number") for row in naive.rows(
        path["summit", "MutualOfOmaha", "Inforce"], "summit", "Mutual of Omaha")}  # fmt: skip
    assert {"0118BK05", "118BK05", "0077AA10"} <= numbers
