"""Why a change of a Business was not made."""

from __future__ import annotations


class Refused(Exception):
    """A change that is not possible; `field` names the form's field, the text is a sentence for a person."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
