"""How NPNs, names and identifiers are compared."""

from __future__ import annotations

import pytest

from portal.book import words
from portal.connectors.layouts import CROSSWALK_KINDS, load_layouts
from portal.core.ids import new_id
from portal.downline import keys as keys_of_the_downline
from portal.downline.keys import KINDS, canonical_identifier, canonical_npn, carriers, name_key, producer_key


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("8214467", "8214467"),
        (" 0008214467 ", "8214467"),
        ("1", "1"),
        ("9999999999", "9999999999"),
        ("00000009999999999", "9999999999"),
        ("12345.0", "12345"),
    ],
)
def test_npns_lose_leading_zeros_only(typed: str, canonical: str) -> None:
    assert canonical_npn(typed) == canonical


@pytest.mark.parametrize("typed", ["", "0", "000", "12345678901", "82a4467", "82-14467", "1.5", "٣٤٥", "-5", "1 2"])
def test_what_is_no_npn_is_none(typed: str) -> None:
    assert canonical_npn(typed) is None


def test_names_are_found_without_case_accents_and_marks() -> None:
    assert name_key("O'Brien-Núñez") == "obriennunez"
    assert producer_key("Dana Whitfield", "Dana", "Whitfield") == "whitfielddana"
    assert producer_key("Harbor Light, LLC", None, None) == "harborlightllc"


def test_a_tin_is_kept_as_a_hash_of_its_fmo(app: object) -> None:
    ours, theirs = new_id(), new_id()
    first = canonical_identifier("tin", "96-0000137", fmo_id=ours)
    assert first is not None
    assert first == canonical_identifier("tin", "960000137", fmo_id=ours)
    assert first[1] == "ends in 0137"
    assert "960000137" not in "".join(first)
    assert first != canonical_identifier("tin", "960000137", fmo_id=theirs)
    assert canonical_identifier("tin", "12", fmo_id=ours) is None


def test_other_identifiers_keep_their_zeros() -> None:
    ours = new_id()
    assert canonical_identifier("writing_number", " 0118 bk05 ", fmo_id=ours) == ("0118BK05", "0118BK05")
    assert canonical_identifier("writing_number", "118bk05", fmo_id=ours) == ("118BK05", "118BK05")
    assert canonical_identifier("san", "  ", fmo_id=ours) is None
    assert canonical_identifier("san", "x" * 41, fmo_id=ours) is None


def test_every_kind_of_identifier_that_a_layout_may_declare_has_its_words() -> None:
    assert set(KINDS) == set(words.IDENTIFIERS) == set(CROSSWALK_KINDS)


def test_every_carrier_of_a_layout_can_be_chosen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_of_the_downline, "_more_carriers", [])  # an FMO's own carriers need the FMO
    keys = [key for key, _ in carriers()]
    assert sorted(keys) == sorted({layout.carrier for layout in load_layouts().values()})
    assert [words.carrier(key) for key in keys] == [name for _, name in carriers()]
