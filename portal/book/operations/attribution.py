"""Saying what a carrier's identifiers mean, which attributes policies anew."""

from __future__ import annotations

from portal.book import words
from portal.book.events import WRITER_CONFIRMED
from portal.book.models import Connector
from portal.book.operations.holding import Asked, carry_out
from portal.core import access


def confirm_kind(*, connector: Connector, kind: str, approval: str | None = None) -> int:
    """Say that identifiers of `kind` name the writing agent in this carrier's files; how many policies moved.

    Raises `Held` where these are too many for one admin. `approval`: what a second one has said yes to.
    """
    title = f"Confirm that the {words.identifier(kind)} names the writing agent in files of {connector.name}"
    asked = Asked("confirm", title, connector.id, {"identifier": kind}, approval)

    def write() -> None:
        if kind not in connector.confirmed_kinds:
            connector.confirmed_kinds = [*connector.confirmed_kinds, kind]

    moved, released = carry_out(asked, write, [(connector.carrier, kind, None)])
    access.record(WRITER_CONFIRMED, subject=connector, identifier=kind, policies=moved, released=released)
    return moved
