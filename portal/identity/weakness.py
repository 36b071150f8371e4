"""What is wrong with a new password: too short, known to everybody, or made of what everybody knows about its owner."""

from __future__ import annotations

import re
from collections.abc import Iterable

from portal.identity.passwords import MAX_LENGTH, MIN_LENGTH

PRODUCT = ("fairlead", "portal", "agent", "agentcrm", "policy", "sync", "insurance", "medicare")
ENOUGH_GUESSES = 10**8  # by the library's estimate: what it calls safely unguessable through a sign-in page
_LOOKED_AT = 64  # zxcvbn's time grows with the square of the length and worse; more characters only add to it
_OWN = 8  # what must remain of a password once the words of its context are taken out
_SIGNS = [str.maketrans("@4301!5$7", letters) for letters in ("aaeolisst", "aaeoiisst")]
COMMON = (
    "This password is easy to guess: it is on lists of common passwords, or follows a pattern. Use a few words in a row"
    " that nobody would put together."
)
CONTEXT = "Use something that is not made of your name, e-mail address, NPN, your FMO’s or account’s name, or of ours."


def weakness(password: str, *, about: Iterable[str | None] = ()) -> str | None:
    """What is wrong with a new password, as a sentence, or None.

    `about`: what is known about its owner (names, e-mail address, NPN, FMO and account), in whatever form.
    """
    if len(password) < MIN_LENGTH:
        return f"Use at least {MIN_LENGTH} characters. A few words in a row work well."
    if len(password) > MAX_LENGTH:
        return f"Use at most {MAX_LENGTH:,} characters."
    words = _words(about)
    if _is_made_of(password, words):
        return CONTEXT
    return COMMON if _guesses(password, words) < ENOUGH_GUESSES else None


def _words(about: Iterable[str | None]) -> list[str]:
    """Each of the context's words, and the words of one text in one, the longest first."""
    found = set(PRODUCT)
    for text in about:
        parts = re.findall(r"\w+", (text or "").casefold())
        found |= {"".join(parts), *parts}
    return sorted((word for word in found if len(word) >= 3), key=len, reverse=True)


def _is_made_of(password: str, words: list[str]) -> bool:
    """Whether little is left of the password without the context's words, also where signs stand for letters."""
    plain = password.casefold()
    forms = (plain, *map(plain.translate, _SIGNS))
    return any(_left(form, words) < min(_OWN, _left(form, [])) for form in forms)


def _left(plain: str, words: list[str]) -> int:
    for word in words:
        plain = plain.replace(word, " ")
    return sum(character.isalnum() for character in plain)


def _guesses(password: str, words: list[str]) -> float:
    from zxcvbn import zxcvbn  # its lists take a while to read: only where a password is set

    return float(zxcvbn(password[:_LOOKED_AT], user_inputs=words)["guesses"])
