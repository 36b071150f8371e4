"""The match ladder's keys."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

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


def test_the_sql_twins_agree_with_python_on_names_of_every_script(setup_engine: Engine) -> None:
    names = [
        "José-María",
        "O'NEIL",
        "ÉLODIE",
        "İpek",
        "\u212aelvin",
        "ﬁnch",
        "王",
        "ẞtein",
        "Łuc",
        "Jr. 3rd",
        "",
        " ",
        "ǅ",
    ]
    cases = [(first, last, born, code) for first in names for last in ("Ünal", "-") for born in (BORN, None)
             for code in ("33602", "", None)]  # fmt: skip
    sql = person_key_sql("c.first", "c.last", "c.born", "c.zip")
    query = (
        f"SELECT {name_key_sql('c.first')}, {sql} FROM unnest(%s::text[], %s::text[], %s::date[], %s::text[])"
        " WITH ORDINALITY AS c(first, last, born, zip, number) ORDER BY number"
    )
    with setup_engine.connect() as connection:
        found = connection.exec_driver_sql(query, tuple(map(list, zip(*cases, strict=True)))).all()
    assert [tuple(row) for row in found] == [(name_key(case[0]), person_key(*case)) for case in cases]


def test_the_rungs_are_in_the_order_of_the_ladder() -> None:
    assert [rung.name for rung in RUNGS] == ["mbi", "member_number", "person"]
    assert [("mbi" in rung.contradicted_by) for rung in RUNGS] == [False, True, True]
