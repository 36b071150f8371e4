"""What the letters say. No word of them is about a client, a policy or an agent's number."""

from __future__ import annotations

from dataclasses import dataclass

RESET, CONFIRM, PASSWORD_CHANGED, EMAIL_CHANGED = "reset", "confirm", "password_changed", "email_changed"


@dataclass(frozen=True, slots=True)
class Words:
    """Subject, and the text with {name}, {office} and {link}; `page` is the first part of the link's address."""

    subject: str
    text: str
    page: str | None = None


_NOT_YOU = "If this was not you, set a new password at once and tell {office}:\n\n{forgot}\n"
LETTERS = {
    RESET: Words(
        "Set a new password",
        "Hello {name},\n\nsomebody, probably you, asked to set a new password for your account with {office}. Open this"
        " link to do so:\n\n{link}\n\nThe link works once and for 60 minutes. If you did not ask for it, ignore this"
        " mail: your password stays as it is.\n",
        "reset",
    ),
    CONFIRM: Words(
        "Confirm your e-mail address",
        "Hello {name},\n\nthis address is to be the one with which you sign in to your account with {office}. Open this"
        " link to confirm it:\n\n{link}\n\nThe link works once and for 24 hours. If you know nothing of this, ignore"
        " this mail: nothing is changed.\n",
        "confirm",
    ),
    PASSWORD_CHANGED: Words(
        "Your password was changed",
        "Hello {name},\n\nthe password of your account with {office} was changed. You were signed out everywhere"
        " else.\n\n" + _NOT_YOU,
    ),
    EMAIL_CHANGED: Words(
        "Your e-mail address was changed",
        "Hello {name},\n\nyour account with {office} has another e-mail address now. Signing in and mails go by that"
        " one; this address is used no more.\n\nIf you know nothing of this, tell {office} at once.\n",
    ),
}
