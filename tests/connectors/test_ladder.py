"""The match ladder's keys."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.connectors.ladder import RUNGS, name_key, name_key_sql, person_key, person_key_sql

BORN = date(1951, 3, 7)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("José-María", "josemaria"),
        ("O'NEIL", "oneil"),
        ("De La Cruz", "delacruz"),
        ("ﬁnch", "finch"),
        ("王", ""),
        ("Łuc", "uc"),
    ],
)
def test_name_keys(text: str, key: str) -> None:
    assert name_key(text) == key


def test_a_person_key_needs_all_four_parts() -> None:
    assert person_key("Ruth", "O'Neil", BORN, "33602") == "ruth|oneil|1951-03-07|33602"
    assert person_key("Ruth", None, BORN, "33602") is None
    assert person_key("", "O'Neil", BORN, "33602") is None
    assert person_key("Ruth", "'", BORN, "33602") is None
    assert person_key("Ruth", "O'Neil", None, "33602") is None
    assert person_key("Ruth", "O'Neil", BORN, None) is None


@given(st.text(max_size=30))
def test_a_key_is_its_own_key_and_ignores_case_and_form(text: str) -> None:
    key = name_key(text)
    assert key.isascii() and name_key(key) == key
    assert name_key(f" {text}-") == key


def test_the_sql_twins_name_their_arguments_in_order() -> None:
    assert name_key_sql("m.last").count("m.last") == 1
    sql = person_key_sql("m.first", "m.last", "m.born", "m.zip")
    assert [sql.index(part) for part in ("m.first", "m.last", "m.born", "m.zip")] == sorted(
        sql.index(part) for part in ("m.first", "m.last", "m.born", "m.zip")
    )


def test_the_rungs_are_in_the_order_of_the_ladder() -> None:
    assert [rung.name for rung in RUNGS] == ["mbi", "member_number", "person"]
    assert [("mbi" in rung.contradicted_by) for rung in RUNGS] == [False, True, True]
