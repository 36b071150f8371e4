"""A mapping as it is worked on: the draft, what its sample looks like, and what was said; proposals to begin with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from portal.book.mapping import sample
from portal.book.mapping.checking import collapsing
from portal.book.mapping.models import ConnectorDraft
from portal.book.mapping.sample import Seen
from portal.connectors import mapped, mistakes, plain
from portal.connectors.layouts import load_layouts
from portal.connectors.mapped import Answers
from portal.connectors.profile import Look
from portal.connectors.proposing import propose, words_of

_KINDS = {"san": "san", "tin": "tin", "tax": "tin", "writing": "writing_number", "producer": "producer_code"}
_BY_PREFERENCE = ("member_plan_date", "policy", "member_date", "policy_date", "person_date")


@dataclass(slots=True)
class Mapping:
    """One draft, unsealed. `keep` seals what changed."""

    draft: ConnectorDraft
    seen: Seen
    answers: Answers
    done: list[str] = field(default_factory=list)  # pages that were sent at least once
    why: dict[str, str] = field(default_factory=dict)  # field → why its column was proposed
    collapsing: dict[str, int] = field(default_factory=dict)  # identity → rows that are another row's enrolment

    @property
    def looks(self) -> list[Look]:
        """The sample's columns."""
        return self.seen.looks

    def look_of(self, name: str) -> Look | None:
        """The column that was chosen for a field."""
        place = self.answers.columns.get(name)
        return None if place is None else self.looks[place]

    def unused(self) -> list[Look]:
        """Columns that nothing is read from."""
        answers = self.answers
        used = {*answers.columns.values(), answers.npn, answers.agent_id, answers.agent_name, answers.product_column}
        return [one for one in self.looks if one.place not in used]

    def count(self) -> None:
        """Find out anew which rows are the same enrolment, and propose an identity where none is chosen."""
        self.collapsing = collapsing(self.draft, self.answers, self.seen.sheet, self.seen.row)
        if self.answers.identity not in self.collapsing:
            unique = [key for key in _BY_PREFERENCE if self.collapsing.get(key) == 0]
            self.answers.identity = next(iter(unique), "")

    def keep(self) -> None:
        """Keep what was said."""
        said = {"answers": self.answers.as_json(), "done": self.done, "why": self.why, "collapsing": self.collapsing}
        self.draft.said = sample.sealed(self.draft, said)


def load(draft: ConnectorDraft) -> Mapping:
    """The draft as it was kept."""
    said = sample.unsealed(draft, draft.said)
    said["answers"] = Answers.from_json(said["answers"])
    return Mapping(draft, sample.seen_of(draft), **said)


def proposed(looks: Sequence[Look], before: Answers | None = None) -> tuple[Answers, dict[str, str]]:
    """What is proposed for these columns, and why; what does not hang on columns stays as in `before`."""
    made = before or Answers()
    found = propose(looks)
    made.columns = {name: one.place for name, one in found.items() if name in plain.FIELDS}
    made.npn, made.agent_id, made.agent_name = (
        found[name].place if name in found else None for name in ("writer_npn", "writer_id", "writer_name")
    )
    if made.agent_id is not None:
        words = words_of(looks[made.agent_id].column.header)
        made.kind = next((_KINDS[word] for word in words if word in _KINDS), "agent_id")
    product = found.get("product") or found.get("line_of_business")
    made.product_column = product.place if product else None
    made.order, made.orders = _order(looks), {}
    made.decimal, made.name_order = "", ""
    made.nothing = sorted({word.casefold() for one in looks for word in one.nothing})
    made.open_ends = sorted({day for one in looks for day in one.far})
    made.identity, made.statuses, made.products = "", {}, {}
    return made, {name: one.why for name, one in found.items()}


def _order(looks: Sequence[Look]) -> str:
    """What most dates tell; "" where each can be read both ways, so that nobody takes a guess for a fact."""
    day, month = sum(one.day_first for one in looks), sum(one.month_first for one in looks)
    if not day and not month and any(one.unclear for one in looks):
        return ""
    return "dmy" if day > month else "mdy"


def propose_reading(mapping: Mapping) -> None:
    """Propose what the chosen columns tell by themselves: a date column's own order, and the sign before the cents."""
    answers = mapping.answers
    for name, one in mistakes.ordered(answers, mapping.looks):
        own = "dmy" if one.day_first else "mdy" if one.month_first else answers.order
        if own != answers.order and name not in answers.orders and not (one.day_first and one.month_first):
            answers.orders[name] = own
    premium = mapping.look_of("premium")
    if premium is not None and not answers.decimal and (premium.points or premium.commas):
        answers.decimal = "," if premium.commas > premium.points else "."
    propose_words(mapping)


def propose_words(mapping: Mapping) -> None:
    """Propose a meaning for status words that every carrier means alike; a letter alone is never guessed."""
    look = mapping.look_of("status")
    for word, _ in look.words if look else ():
        if word not in mapping.answers.statuses and len(word) > 1 and (known := _status_words().get(word.casefold())):
            mapping.answers.statuses[word] = known
    column = mapping.answers.product_column
    for word, _ in mapping.looks[column].words if column is not None else ():
        if word not in mapping.answers.products and word in mapped.PRODUCTS:
            mapping.answers.products[word] = word


@cache
def _status_words() -> dict[str, str]:
    meanings: dict[str, set[str]] = defaultdict(set)
    for layout in load_layouts().values():
        for word, status in layout.statuses.items():
            meanings[word].add(status)
    return {word: next(iter(found)) for word, found in meanings.items() if len(found) == 1}
