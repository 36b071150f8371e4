"""Why a sign-in at the provider leads to none here: a short word for the log, a sentence for people."""

from __future__ import annotations


class Refused(Exception):
    """What the provider, or the browser that comes from there, sent is not accepted. The text is a sentence.

    `why` is one word of ours for the log: never anything that was sent.
    """

    def __init__(self, why: str, sentence: str) -> None:
        super().__init__(sentence)
        self.why = why


class Unreachable(Refused):
    """The provider cannot be asked at this moment, or not at this address."""
