"""Names of people: split into parts and put into a readable case."""

from __future__ import annotations

import re
import unicodedata

from nameparser import HumanName

_SUFFIXES = {"jr": "Jr", "jnr": "Jr", "sr": "Sr", "snr": "Sr", "ii": "II", "iii": "III", "iv": "IV"}
_SIMPLE_FULL = re.compile(r"([^,]+), *([^ ,.]+)(?: ([A-Za-z])\.?)?")
_PARTICLES = frozenset(
    ("al", "af", "ap", "ben", "bin", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du",
     "el", "ibn", "la", "las", "le", "los", "mac", "o", "san", "santa", "st", "st.", "ten", "ter", "van", "vom", "von",
     "zu", "zum", "zur", "y")
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:’[^\W\d_]+)?")


def tidy(text: str) -> str:
    """The text with single blanks, without control characters, in composed form."""
    text = " ".join(text.split())
    if not text.isprintable():
        text = " ".join("".join(letter for letter in text if letter.isprintable()).split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def tidied(text: str | None) -> str | None:
    """The same of what may be nothing; a filter of forms."""
    return tidy(text) if text else text


def readable_case(name: str) -> str:
    """ "O'BRIEN-MCKAY" as "O'Brien-McKay"; a name that is in mixed case already stays as it is."""
    if not (name.isupper() or name.islower()):
        return name
    return _WORD.sub(_capital, name)


def _capital(match: re.Match[str]) -> str:
    word = match[0].capitalize()
    if word.startswith("Mc") and len(word) > 4:
        return "Mc" + word[2:].capitalize()
    if match.start() and match.string[match.start() - 1] == "'" and len(word) == 1:
        return word.lower()  # the s of a possessive
    return word


def first_and_middle(text: str) -> tuple[str, str | None]:
    """A first-name cell: a single letter at its end is the middle initial ("MARY A" gives Mary, A)."""
    name = readable_case(tidy(text))
    head, _, tail = name.rpartition(" ")
    initial = tail.rstrip(".")
    if head and len(initial) == 1 and initial.isalpha():
        return head, initial.upper()
    return name, None


def last_and_suffix(text: str) -> tuple[str, str | None]:
    """A last-name cell: a generation at its end is the suffix ("SMITH JR." gives Smith, Jr)."""
    name = readable_case(tidy(text))
    head, _, tail = name.replace(",", " ").rpartition(" ")
    suffix = _SUFFIXES.get(tail.rstrip(".").lower())
    return (head.strip(), suffix) if head.strip() and suffix else (name, None)


def last_name_first(text: str) -> tuple[str, str | None, str, str | None]:
    """The same of names that begin with the family name, with or without a comma: "DE LA CRUZ JR ANNA MARIA"."""
    text = tidy(text)
    if "," in text:
        return full_name(text)
    words = [word for word in text.split() if word.rstrip(".").lower() not in _SUFFIXES]
    suffixes = [found for word in text.split() if (found := _SUFFIXES.get(word.rstrip(".").lower()))]
    family = next((place for place, word in enumerate(words) if word.lower() not in _PARTICLES), 0) + 1
    last, given = " ".join(words[:family]), words[family:]
    middle = readable_case(" ".join(given[1:]).rstrip(".")) or None
    return readable_case(given[0]) if given else "", middle, readable_case(last), suffixes[0] if suffixes else None


def full_name(text: str) -> tuple[str, str | None, str, str | None]:
    """First, middle, last and suffix of "LAST, FIRST M", "LAST JR, FIRST" or "First M Last Jr"; parts may be ""."""
    text = tidy(text)
    if match := _SIMPLE_FULL.fullmatch(text):
        last, suffix = last_and_suffix(match[1])
        middle = match[3].upper() if match[3] else None
        return readable_case(match[2]), middle, last, suffix
    parsed = HumanName(text)
    last, suffix = last_and_suffix(parsed.last)
    suffix = suffix or _SUFFIXES.get(parsed.suffix.rstrip(".").lower())
    middle = readable_case(parsed.middle.rstrip(".")) or None
    return readable_case(parsed.first), middle, last, suffix
