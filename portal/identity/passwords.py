"""Password hashing: argon2id, and a hash that costs the same for people who do not exist."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
MAX_LENGTH = 1000
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`; takes as long where there is none."""
    try:
        return _hasher.verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _hasher.hash("a password that nobody has")


def weakness(password: str, *, email: str, name: str) -> str | None:
    """What is wrong with a new password, as a sentence, or None."""
    if len(password) < MIN_LENGTH:
        return f"Use at least {MIN_LENGTH} characters. A few words in a row work well."
    if len(password) > MAX_LENGTH:
        return f"Use at most {MAX_LENGTH} characters."
    plain = password.lower()
    known = {email.lower(), email.split("@")[0].lower(), name.lower().replace(" ", ""), *name.lower().split()}
    if any(len(word) > 3 and word in plain and len(plain) - len(word) < MIN_LENGTH // 2 for word in known):
        return "Use something that is not your name or e-mail address."
    if len(set(plain)) < 5:
        return "Use more different characters."
    return None
