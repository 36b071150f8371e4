"""Recovery codes: their slot, twelve letters without look-alikes, and the hash that is stored of them."""

from __future__ import annotations

import secrets

from portal.identity import passwords

COUNT = 10
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # no I, L, O, U, 0, 1
_LENGTH = 12


def new_code(slot: int) -> str:
    """ "3-HKWM-92PD-VXQT": 58 random bits after the slot."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return f"{slot}-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def spelled(code: str) -> str:
    """A canonical code as it is shown."""
    return f"{code[0]}-{code[1:5]}-{code[5:9]}-{code[9:]}"


def canonical(text: str | None) -> str:
    """What was typed in capitals, without blanks and dashes of any kind."""
    return "".join(character for character in (text or "").upper() if character.isascii() and character.isalnum())


def slot_of(code: str) -> int | None:
    """The slot with which a canonical code begins, or None where this is no recovery code at all."""
    whole = len(code) == _LENGTH + 1 and code[0].isdigit()
    return int(code[0]) if whole else None


def hash_of(code: str) -> str:
    """What is stored: a salted, slow hash, since people cannot type enough letters for a fast one."""
    return passwords.hash_password(canonical(code))


def matches(stored: str | None, code: str) -> bool:
    """Whether the canonical `code` is the one behind `stored`."""
    return passwords.matches(stored, code)
