"""Parts of the page on which people see how they sign in. Whoever has something to show there declares it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.identity.models import User


@dataclass(frozen=True, slots=True)
class Section:
    """One part: a template (a `<section class="form-part">` with its heading) and what it needs, for the person."""

    name: str
    order: int  # 10 second factors, 20 passkeys, 30 password and e-mail, 40 sessions
    template: str
    context: Callable[[User], Mapping[str, Any]]


_sections: dict[str, Section] = {}


def declare(section: Section) -> Section:
    """Put a part on the page, once for the program."""
    if section.name in _sections:
        raise ValueError(f"The section {section.name} is declared twice.")
    _sections[section.name] = section
    return section


def shown_to(user: User) -> tuple[list[Section], dict[str, Any]]:
    """The sections in their order, and all that their templates need."""
    ordered = sorted(_sections.values(), key=lambda section: section.order)
    context: dict[str, Any] = {}
    for section in ordered:
        context |= section.context(user)
    return ordered, context
