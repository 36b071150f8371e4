"""One cell of a carrier's file to one canonical value.

Every function takes text that is not one of the layout's empty words. Where the value decides who somebody is or whose
policy it is, an unreadable one raises `Unreadable`; where it is only useful, it becomes None.
"""

from __future__ import annotations

import re

import phonenumbers

from portal.connectors.dates import Unreadable
from portal.connectors.names import tidy

MAX_TEXT = 500
_US_PHONE = re.compile(
    r"\s*(?:\+?1[-. ]?)?\(?([2-9](?!11)\d{2})\)?[-. /]*([2-9]\d{2})[-. ]*(\d{4})(?:\.0)?\s*", re.ASCII
)
_NOT_DIGITS = re.compile(r"[^0-9]+")
_NPN_WORD = re.compile(r"(?:npn|#)[\s:#-]*", re.IGNORECASE)
_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}")
_MBI = re.compile(
    r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9][AC-HJKMNP-RT-Y]{2}[0-9]{2}"
)
_MASKED = re.compile(r"\*|[X#•.]{3,}")
_PLAN_ID = re.compile(r"([HRSEX]\d{4})(?:[- /]*(\d{1,3})(?:[- /]+(\d{1,3})|(\d{3}))?)?", re.ASCII)
_DECIMAL_ZERO = re.compile(r"(\d+)\.0+", re.ASCII)
_SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})", re.ASCII)
_MONEY = re.compile(r"\d{1,12}(?:\.\d{1,4})?", re.ASCII)
_AROUND_MONEY = re.compile(r"^[-( ]*[$€£]?[- ]*|[ ]*[$€£]?[-) ]*$")
_GROUPED = r"(\d{{1,12}}|\d{{1,3}}(?:[{0}'’ \u00a0]\d{{3}}){{1,3}})(?:{1}(\d{{1,2}}|\d{{4,}}))?"
_AMOUNTS = {
    sign: re.compile(_GROUPED.format(re.escape(other), re.escape(sign)), re.ASCII) for sign, other in (".,", ",.")
}
_STATES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "florida": "FL", "georgia": "GA", "hawaii": "HI", "idaho": "ID",
    "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA",
    "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN", "mississippi": "MS",
    "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "newhampshire": "NH", "newjersey": "NJ",
    "newmexico": "NM", "newyork": "NY", "northcarolina": "NC", "northdakota": "ND", "ohio": "OH", "oklahoma": "OK",
    "oregon": "OR", "pennsylvania": "PA", "rhodeisland": "RI", "southcarolina": "SC", "southdakota": "SD",
    "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT", "virginia": "VA", "washington": "WA",
    "westvirginia": "WV", "wisconsin": "WI", "wyoming": "WY", "districtofcolumbia": "DC", "puertorico": "PR",
    "guam": "GU", "virginislands": "VI", "americansamoa": "AS", "northernmarianaislands": "MP",
}  # fmt: skip
_STATE_CODES = frozenset(_STATES.values())


def shape(text: str) -> str:
    """The value's shape without the value: letters as A, digits as 9, at most 40 characters."""
    return "".join("9" if c.isdigit() else "A" if c.isalpha() else c for c in text[:40] if c.isprintable())


def plain_text(text: str) -> str | None:
    """Tidied text; raises `Unreadable` beyond `MAX_TEXT` characters (no honest cell is that long)."""
    text = tidy(text)
    if len(text) > MAX_TEXT:
        raise Unreadable(f"is longer than {MAX_TEXT} characters")
    return text or None


def whole_number(text: str) -> str:
    """Digits that a spreadsheet has turned into a decimal or scientific number; other text unchanged.

    Raises `Unreadable` where digits are lost: 1.23E+11 could be any of a hundred million ids.
    """
    if match := _DECIMAL_ZERO.fullmatch(text):
        return match[1]
    if match := _SCIENTIFIC.fullmatch(text):
        lead, decimals, exponent = match[1], match[2] or "", int(match[3])
        if len(decimals) == exponent and "." in text:
            return lead + decimals
        if "." in text:
            raise Unreadable("is a number in scientific notation that has lost digits")
    return text


def identifier(text: str) -> str | None:
    """A carrier's id: upper case, no blanks inside, leading zeros kept; raises `Unreadable` when digits were lost."""
    if text.isascii() and text.isalnum() and len(text) <= MAX_TEXT:
        return text.upper()
    return plain_text(whole_number("".join(text.split())).upper())


def npn(text: str) -> str | None:
    """The canonical National Producer Number: 1 to 10 digits without leading zeros; None when it is not one."""
    try:
        text = whole_number(text.strip())
    except Unreadable:
        return None
    text = _NPN_WORD.sub("", text, count=1) if _NPN_WORD.match(text) else text
    # A letter inside makes it another kind of id; without it, the digits could be somebody else's number.
    if any(letter.isalpha() for letter in text):
        return None
    digits = _NOT_DIGITS.sub("", text).lstrip("0")
    return digits if 1 <= len(digits) <= 10 else None


def tax_id(text: str) -> str | None:
    """A nine-digit TIN without dashes; a leading zero that a spreadsheet dropped is put back; else None."""
    try:
        digits = re.sub(r"[\s-]", "", whole_number(text.strip()))
    except Unreadable:
        return None
    return digits.zfill(9) if digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 9 else None


def mbi(text: str) -> str | None:
    """The 11 characters of a Medicare Beneficiary Identifier, None when masked; raises `Unreadable` otherwise."""
    text = "".join(text.split()).replace("-", "").upper()
    if not text or _MASKED.search(text):
        return None
    if not _MBI.fullmatch(text):
        raise Unreadable("does not have the form of a Medicare Beneficiary Identifier")
    return text


def mbi_or_none(text: str) -> str | None:
    """The same, where what cannot be read is as good as nothing."""
    try:
        return mbi(text)
    except Unreadable:
        return None


def number_key(text: str) -> str:
    """Letters and digits in upper case: as policy numbers are compared."""
    return "".join(c for c in text.upper() if c.isascii() and c.isalnum())


def phone(text: str) -> str | None:
    """The number in E.164 ("+12025550123"), None when it is not a possible one."""
    if match := _US_PHONE.fullmatch(text):
        number = "".join(match.groups())
        return None if number == number[0] * 10 else "+1" + number
    if "+" not in text and len(_NOT_DIGITS.sub("", text)) <= 10:
        return None
    try:
        parsed = phonenumbers.parse(text[:60], "US")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def email(text: str) -> str | None:
    """The address in lower case, None when it is not one."""
    text = text.strip()
    return text.lower() if len(text) <= 254 and _EMAIL.fullmatch(text) and ".." not in text else None


def zip_code(text: str) -> str | None:
    """Five digits: zip+4 cut, leading zeros that a spreadsheet dropped put back; else None."""
    text = text.strip()
    if len(text) == 5 and text.isascii() and text.isdigit():
        return text
    if match := _DECIMAL_ZERO.fullmatch(text):
        text = match[1]
    head, dash, tail = text.partition("-")
    head, tail = head.strip(), tail.strip()
    if not (head.isascii() and head.isdigit()) or (dash and not (tail == "" or tail.isdigit())):
        return None
    if 3 <= len(head) <= 5:
        return head.zfill(5)
    return head.zfill(9)[:5] if not dash and 7 <= len(head) <= 9 else None


def state(text: str) -> str | None:
    """The two-letter code of a US state or territory; else None."""
    text = text.strip()
    code = text.upper()
    return code if code in _STATE_CODES else _STATES.get("".join(text.lower().split()))


def money(text: str, decimal: str | None = None) -> str | None:
    """Plain decimal text with two places ("-1234.50"), None when it is no amount.

    With `decimal` "." or "," the other sign may only group thousands: "40,00" is forty with a comma, and no amount with
    a point. Without it commas are passed over wherever they stand.
    """
    text = text.strip()
    if decimal is not None:
        return _strict_money(text, decimal)
    negative = text.startswith(("-", "(")) or text.endswith("-")
    digits = text.strip("()- ").removeprefix("$").replace(",", "").strip()
    if not _MONEY.fullmatch(digits):
        return None
    whole, _, cents = digits.partition(".")
    amount = f"{int(whole)}.{cents[:2].ljust(2, '0')}"
    return f"-{amount}" if negative and amount.strip("0.") else amount


def _strict_money(text: str, decimal: str) -> str | None:
    negative = "-" in text or text.startswith("(")
    bare = _AROUND_MONEY.sub("", text)
    match = _AMOUNTS[decimal].fullmatch(bare)
    if match is None:
        return None
    whole = int("".join(letter for letter in match[1] if letter.isdigit()))
    amount = f"{whole}.{(match[2] or '')[:2].ljust(2, '0')}"
    return f"-{amount}" if negative and amount.strip("0.") else amount


def gender(text: str) -> str | None:
    """ "F" or "M"; else None."""
    word = text.strip().lower()
    return "F" if word in ("f", "female") else "M" if word in ("m", "male") else None


def plan_id(text: str) -> str | None:
    """A CMS plan id as "H1036-335-002" or "H1036-335"; else None."""
    match = _PLAN_ID.fullmatch(text.strip().upper())
    return _joined(match[1], match[2], match[3] or match[4]) if match and match[2] else None


def plan_id_of(contract: str, pbp: str, segment: str) -> str | None:
    """The CMS plan id of its three parts, each perhaps stripped of zeros; None without contract and plan."""
    contract = contract.strip().upper()
    if contract.find("-") > 0 or not pbp.strip():
        return plan_id(contract)
    parts = [_DECIMAL_ZERO.sub(r"\1", part.strip()) for part in (pbp, segment)]
    return plan_id("-".join(part for part in (contract, *parts) if part))


def _joined(contract: str, pbp: str, segment: str | None) -> str:
    plan = f"{contract}-{pbp.zfill(3)}"
    return f"{plan}-{segment.zfill(3)}" if segment else plan
