"""The normalisers: known forms one by one, and any text at all by hypothesis."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.connectors import normalise
from portal.connectors.dates import Unreadable, read_date
from portal.connectors.names import first_and_middle, full_name, last_and_suffix, last_name_first, readable_case, tidy
from tests.connectors.files import AS_OF

MBI = re.compile(
    "^[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9][AC-HJKMNP-RT-Y]{2}[0-9]{2}$"
)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-05", "2026-01-05"),
        ("2026/1/5", "2026-01-05"),
        ("2026-01-05T00:00:00Z", "2026-01-05"),
        ("2026-01-05 00:00:00", "2026-01-05"),
        ("1/5/2026", "2026-01-05"),
        ("01/05/2026 12:00:00 AM", "2026-01-05"),
        ("1-5-2026", "2026-01-05"),
        ("1/5/26", "2026-01-05"),
        ("12/31/99", "1999-12-31"),
        ("Sep 25 1958 12:00AM", "1958-09-25"),
        ("September 25, 1958", "1958-09-25"),
        ("25-Sep-1958", "1958-09-25"),
        ("20260105", "2026-01-05"),
        ("01052026", "2026-01-05"),
        ("46023", "2026-01-01"),
        ("46023.0", "2026-01-01"),
        ("46023.75", "2026-01-01"),
        ("1", "1900-01-01"),
        ("59", "1900-02-28"),
        ("61", "1900-03-01"),
    ],
)
def test_dates_in_every_form(text: str, day: str) -> None:
    assert str(read_date(text, as_of=AS_OF)) == day


@pytest.mark.parametrize(
    "text",
    ["infinity", "-infinity", "NaN", "60", "0", "1958", "13/45/2025", "2/29/2025", "2026-13-01", "99999-01-01",
     "0001-01-01", "1899-12-31", "2201-01-01", "2300-01-01", "999999", "tomorrow", "1/1", "٢٠٢٦-٠١-٠١"],
)  # fmt: skip
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_date(text, as_of=AS_OF)


def test_day_first_order_and_open_ends() -> None:
    assert read_date("5/1/2026", as_of=AS_OF, order="dmy") == date(2026, 1, 5)
    assert read_date("1/1/2300", as_of=AS_OF, sentinels=frozenset({date(2300, 1, 1)})) is None
    assert read_date("30000101", as_of=AS_OF, sentinels=frozenset({date(3000, 1, 1)})) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [("11/3/26", "2026-11-03"), ("11/4/26", "1926-11-04"), ("2/29/48", "1948-02-29"), ("1/1/00", "2000-01-01")],
)
def test_two_digit_birth_years_turn_at_the_date_of_the_file(text: str, day: str) -> None:
    assert str(read_date(text, as_of=AS_OF, birth=True)) == day


@pytest.mark.parametrize(
    ("convert", "text", "value"),
    [
        (normalise.npn, "0017000001", "17000001"),
        (normalise.npn, "17000001.0", "17000001"),
        (normalise.npn, "1.7000001E+7", "17000001"),
        (normalise.npn, "1.7E+7", None),
        (normalise.npn, "NPN: 17-000-001", "17000001"),
        (normalise.npn, "A17000001", None),
        (normalise.npn, "0000", None),
        (normalise.npn, "12345678901", None),
        (normalise.tax_id, "12-3456789", "123456789"),
        (normalise.tax_id, "1234567", "001234567"),
        (normalise.tax_id, "123", None),
        (normalise.mbi, "1eg4-te5-mk73", "1EG4TE5MK73"),
        (normalise.mbi, "XXXXXE5MK73", None),
        (normalise.mbi, "*******MK73", None),
        (normalise.phone, "(202) 555-0101", "+12025550101"),
        (normalise.phone, "1-202-555-0101", "+12025550101"),
        (normalise.phone, "2025550101.0", "+12025550101"),
        (normalise.phone, "+1 202 555 0101", "+12025550101"),
        (normalise.phone, "202-555-0101 x22", "+12025550101"),
        (normalise.phone, "0000000000", None),
        (normalise.phone, "9999999999", None),
        (normalise.phone, "555-0101", None),
        (normalise.email, " Ann.Lee@Mail.Example ", "ann.lee@mail.example"),
        (normalise.email, "ann@@mail.example", None),
        (normalise.email, "ann lee@mail.example", None),
        (normalise.zip_code, "2139", "02139"),
        (normalise.zip_code, "501", "00501"),
        (normalise.zip_code, "02139-4307", "02139"),
        (normalise.zip_code, "021394307", "02139"),
        (normalise.zip_code, "21394307", "02139"),
        (normalise.zip_code, "33602.0", "33602"),
        (normalise.zip_code, "K1A 0B1", None),
        (normalise.state, "fl", "FL"),
        (normalise.state, "New York", "NY"),
        (normalise.state, "Narnia", None),
        (normalise.money, "$1,234.5", "1234.50"),
        (normalise.money, "(12)", "-12.00"),
        (normalise.money, "-0.00", "0.00"),
        (normalise.money, "NaN", None),
        (normalise.money, "1e5", None),
        (normalise.gender, "Female", "F"),
        (normalise.gender, "U", None),
        (normalise.plan_id, "H1036-335-002", "H1036-335-002"),
        (normalise.plan_id, "h8768-15", "H8768-015"),
        (normalise.plan_id, "H1036335002", "H1036-335-002"),
        (normalise.plan_id, "H1036", None),
        (normalise.plan_id, "Plan G", None),
        (normalise.identifier, " 0118bk05 ", "0118BK05"),
        (normalise.identifier, "912345678.0", "912345678"),
        (normalise.identifier, "9.12345678E8", "912345678"),
    ],
)
def test_values_in_the_forms_that_carriers_write(
    convert: Callable[[str], str | None], text: str, value: str | None
) -> None:
    assert convert(text) == value


@pytest.mark.parametrize(
    ("convert", "text"),
    [(normalise.identifier, "9.12346E+11"), (normalise.mbi, "1EG4TE5MK7"), (normalise.mbi, "123456789A"),
     (normalise.plain_text, "x" * 501)],
)  # fmt: skip
def test_values_that_decide_and_cannot_be_read_are_refused(convert: Callable[[str], str | None], text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        convert(text)
    assert text not in str(refused.value)


def test_plan_ids_of_parts_that_a_spreadsheet_has_stripped() -> None:
    assert normalise.plan_id_of("H1045", "12", "0") == "H1045-012-000"
    assert normalise.plan_id_of("h1045", "12.0", "") == "H1045-012"
    assert normalise.plan_id_of("H1045-012-001", "", "") == "H1045-012-001"
    assert normalise.plan_id_of("", "12", "0") is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("MARSH, EDITH V", ("Edith", "V", "Marsh", None)),
        ("DE LA CRUZ JR, JUAN", ("Juan", None, "De La Cruz", "Jr")),
        ("O'NEIL-MCKAY,ANN", ("Ann", None, "O'Neil-McKay", None)),
        ("Edith V. Marsh Sr.", ("Edith", "V", "Marsh", "Sr")),
        ("MARSH, MARY ANN", ("Mary", "Ann", "Marsh", None)),
    ],
)
def test_full_names_come_apart(text: str, parts: tuple[str | None, ...]) -> None:
    assert full_name(text) == parts


def test_name_cells_come_apart() -> None:
    assert first_and_middle("MARY A.") == ("Mary", "A")
    assert first_and_middle("MARY ANN") == ("Mary Ann", None)
    assert first_and_middle("J") == ("J", None)
    assert last_and_suffix("SMITH III") == ("Smith", "III")
    assert last_and_suffix("Sr") == ("Sr", None)
    assert tidy(" a\u00a0 b\x07\u200b ") == "a b"


TEXTS: list[Callable[[str], str | None]] = [
    normalise.npn, normalise.tax_id, normalise.mbi, normalise.phone, normalise.email, normalise.zip_code,
    normalise.state, normalise.money, normalise.gender, normalise.plan_id, normalise.identifier, normalise.plain_text,
]  # fmt: skip
ANY = st.one_of(st.text(max_size=40), st.text("0123456789-+().,/ eExX$*:#HAMP", max_size=24))


@pytest.mark.parametrize("convert", TEXTS, ids=lambda convert: convert.__name__)
@given(text=ANY)
def test_any_text_gives_a_stable_value_or_the_declared_refusal(convert: Callable[[str], str | None], text: str) -> None:
    try:
        value = convert(text)
    except Unreadable:
        return
    if value is not None:
        assert value and convert(value) == value


@given(text=ANY, birth=st.booleans(), order=st.sampled_from(("mdy", "dmy")))
def test_any_text_gives_a_day_in_range_or_the_declared_refusal(text: str, birth: bool, order: str) -> None:
    try:
        day = read_date(text, as_of=AS_OF, birth=birth, order=order)
    except Unreadable:
        return
    assert day is not None and date(1900, 1, 1) <= day <= (AS_OF if birth else date(2200, 12, 31))


@given(
    day=st.dates(date(1900, 1, 1), AS_OF), form=st.sampled_from(["%Y-%m-%d", "%m/%d/%Y", "%b %d %Y 12:00AM", "%Y%m%d"])
)
def test_a_day_written_in_any_form_reads_back(day: date, form: str) -> None:
    assert read_date(day.strftime(form), as_of=AS_OF, birth=True) == day


@given(st.from_regex(MBI, fullmatch=True).filter(str.isascii), st.booleans())
def test_every_true_mbi_is_kept_and_dashes_do_not_matter(mbi: str, lower: bool) -> None:
    mbi = mbi.strip()
    dashed = f"{mbi[:4]}-{mbi[4:7]}-{mbi[7:]}"
    assert normalise.mbi(dashed.lower() if lower else dashed) == mbi


@given(ANY)
def test_an_mbi_that_comes_out_has_the_published_form(text: str) -> None:
    try:
        value = normalise.mbi(text)
    except Unreadable:
        return
    assert value is None or MBI.fullmatch(value)


@given(st.text(st.sampled_from("abcXYZ éÑ'-."), max_size=20))
def test_names_are_put_in_case_once_and_for_all(text: str) -> None:
    once = readable_case(tidy(text))
    assert readable_case(once) == once
    assert once.casefold() == tidy(text).casefold()


@given(ANY)
def test_names_of_any_text_never_raise(text: str) -> None:
    full_name(text), first_and_middle(text), last_and_suffix(text)


@given(ANY)
def test_a_shape_tells_no_letter_and_no_digit(text: str) -> None:
    assert not re.search(r"[^\W9A_]", re.sub(r"[^\x00-\x7f]", "", normalise.shape(text)))


@pytest.mark.parametrize(
    ("text", "decimal", "amount"),
    [
        ("40,00", ",", "40.00"),
        ("1.254,50", ",", "1254.50"),
        ("1.234", ",", "1234.00"),
        ("1.234", ".", None),
        ("-12,5 €", ",", "-12.50"),
        ("(1,254.50)", ".", "-1254.50"),
        ("$1,254", ".", "1254.00"),
        ("40,00", ".", None),
        ("40.00", ",", None),
        ("12.34.56", ",", None),
        ("9.999,99", ".", None),
    ],
)
def test_an_amount_is_read_with_the_declared_sign_or_not_at_all(text: str, decimal: str, amount: str | None) -> None:
    assert normalise.money(text, decimal) == amount


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("BERG ANNA MARIA", ("Anna", "Maria", "Berg", None)),
        ("DE LA CRUZ JR ANNA", ("Anna", None, "De La Cruz", "Jr")),
        ("Berg, Anna M", ("Anna", "M", "Berg", None)),
        ("BERG", ("", None, "Berg", None)),
    ],
)
def test_a_name_that_begins_with_the_family_name(text: str, parts: tuple[str | None, ...]) -> None:
    assert last_name_first(text) == parts
