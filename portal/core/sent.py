"""What a form may carry: the fields that its route reads, each once, and nothing else.

A field that nobody reads is a sign of a forged form or of a page older than the program. Which fields a route reads is
not written down anywhere: it is seen while it reads them. Where something is left over that no form of its room has,
the answer is a refusal and the transaction is rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from flask import Response, current_app, g, request
from werkzeug.datastructures import ImmutableMultiDict

View = TypeVar("View", bound=Callable[..., Any])
# `first_name = StringField(…)`; `request.form.get("q")`, `sent.getlist("open_end")`, `"sure" in request.form`,
# `place(sent, "npn")`; and in a page `<input name="says">`
_NAMED = re.compile(
    r"^    (\w+)(?:: [^=\n]+)? = \w*(?:[fF]ield|reason|role|note)\w*\(|"
    r'(?:form|sent|values)(?:\.get|\.getlist)?[\[(]"(\w+)"|"(\w+)" in (?:request\.form|sent)|\bsent, "(\w+)"',
    re.MULTILINE,
)
_ON_A_PAGE = re.compile(r'\bname="(\w+)"')
_NUMBERED = re.compile(r"[a-z_]+-\S+$")  # one field of many alike: column-3, learn-12
TWICE = "The form carried the same field twice. Nothing was saved. Load the page again and send it from there."
UNKNOWN = "The form carried a field that it does not have. Nothing was saved. Load the page again."


_of_the_guard = {"csrf_token"}


def read_by_guard(prefix: str) -> None:
    """Say that the guard reads the fields that begin so, in whatever form they come, before the route is asked."""
    _of_the_guard.add(prefix)


def repeats(*names: str) -> Callable[[View], View]:
    """Say of a route that these fields may come more than once: lists of ticks."""

    def mark(view: View) -> View:
        view.__repeats__ = frozenset(names)  # type: ignore[attr-defined]  # read back by `begin`
        return view

    return mark


def passes_over(*names: str) -> Callable[[View], View]:
    """Say of a route that its form has these fields, though not every answer needs to read them."""

    def mark(view: View) -> View:
        view.__passes_over__ = frozenset(names)  # type: ignore[attr-defined]  # read back by `left_over`
        return view

    return mark


class Watched(ImmutableMultiDict[str, str]):
    """A form that knows which of its fields were asked for."""

    def __init__(self, sent: ImmutableMultiDict[str, str]) -> None:
        super().__init__(list(sent.items(multi=True)))
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        """The field's value; it was asked for."""
        self.asked.add(key)
        return super().get(key, *args, **kwargs)

    def getlist(self, key: str, *args: Any, **kwargs: Any) -> Any:
        """The field's values; it was asked for."""
        self.asked.add(key)
        return super().getlist(key, *args, **kwargs)

    def unasked(self) -> set[str]:
        """The names of the fields that nobody asked for."""
        return set(dict.keys(self)) - self.asked

    def items(self, multi: bool = False) -> Any:
        """All fields: whoever goes through them decides about each."""
        self.asked |= set(dict.keys(self))
        return super().items(multi)


def begin() -> Response | None:
    """Refuse a field that came twice, and watch from now on which are read."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    may: frozenset[str] = getattr(_view(), "__repeats__", frozenset())
    if any(len(values) > 1 for name, values in request.form.lists() if name not in may):
        return _refused(TWICE)
    g.sent = Watched(request.form)
    request._get_current_object().__dict__["form"] = g.sent  # type: ignore[attr-defined]  # Flask's proxy
    return None


def left_over() -> Response | None:
    """The refusal of a form with fields that nobody asked for, once the route has answered."""
    sent: Watched | None = g.get("sent")
    if sent is None:
        return None
    passed: frozenset[str] = getattr(_view(), "__passes_over__", frozenset())
    left = [name for name in sent.unasked() - passed if not name.startswith(tuple(_of_the_guard))]
    if not left:
        return None
    # Not every answer reads all of its form: one that was sent before is led on at once. Another form's field passes.
    known = _fields_of_room((getattr(_view(), "__module__", "") or "").split(".")[1:2])
    return None if all(name in known or _NUMBERED.match(name) for name in left) else _refused(UNKNOWN)


def _fields_of_room(room: list[str]) -> frozenset[str]:
    """Every field that the forms of a room have, by its classes and what its views ask for, and every one of a page."""
    return _fields_below(Path(__file__).parents[1] / room[0]) | _fields_of_pages() if room else frozenset()


@cache
def _fields_below(folder: Path) -> frozenset[str]:
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.py")]
    return frozenset(name for text in texts for found in _NAMED.findall(text) for name in found if name)


@cache
def _fields_of_pages() -> frozenset[str]:
    pages = (Path(__file__).parents[2] / "templates").rglob("*.html")
    return frozenset(name for page in pages for name in _ON_A_PAGE.findall(page.read_text(encoding="utf-8")))


def _view() -> Callable[..., Any] | None:
    return current_app.view_functions.get(request.endpoint or "")


def _refused(sentence: str) -> Response:
    made: Response = current_app.make_response(current_app.extensions["error_page"](400, sentence))
    return made
