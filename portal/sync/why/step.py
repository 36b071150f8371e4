"""One step of the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """Where to look, or what to do."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked, whether it holds, and how one knows. `reason` ends the headline where it does not hold."""

    title: str
    holds: bool
    sentences: Sequence[str]
    links: Sequence[Link] = ()
    reason: str = ""
    action: Link | None = None
