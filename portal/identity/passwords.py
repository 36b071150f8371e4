"""Password hashing: argon2id, and a hash that costs the same for people who do not exist.

A password is taken whole, whatever is in it: up to `MAX_LENGTH` characters of any script, blanks included. It is
brought to one Unicode form first (NFKC), so that the same keys on another keyboard or system give the same password.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
MAX_LENGTH = 1000
_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)  # RFC 9106 where memory is shared
# Each hash takes 64 MiB while it is made: four at once are 256 MiB in each web process, whoever knocks.
_at_once = BoundedSemaphore(4)


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    with _at_once:
        return _hasher.hash(_one_form(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`; takes as long where there is none."""
    kept = stored or _nobody()
    try:
        with _at_once:
            return _hasher.verify(kept, _one_form(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def outgrown(stored: str) -> bool:
    """Whether `stored` was made with smaller parameters than today's, so that it is to be made anew at a sign-in."""
    return _hasher.check_needs_rehash(stored)


def _one_form(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


@cache
def _nobody() -> str:
    return _hasher.hash("a password that nobody has")
