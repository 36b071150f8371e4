"""Every mistake in what was said of an unknown file, in sentences, before anything is loaded with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from portal.connectors import plain
from portal.connectors.dates import ORDERS
from portal.connectors.declared import CROSSWALK_KINDS, NEVER_READ, REASONS
from portal.connectors.mapped import IDENTITIES, NO_STATUS, PRODUCTS, REFUSE, Answers, identity_places
from portal.connectors.plain import label
from portal.connectors.profile import KINDS, Look
from portal.connectors.rows import Status

COLUMNS, READING = "columns", "reading"
LONGEST_HEADER: Final = 200
_TELLING: Final = frozenset(("date", "mbi", "email", "phone", "money", "state", "comma_name", "plan"))
_MAY_BE: Final[dict[str, frozenset[str]]] = {
    "mbi": frozenset(("mbi",)),
    "email": frozenset(("email",)),
    "phone": frozenset(("phone",)),
    "premium": frozenset(("money",)),
    "state": frozenset(("state",)),
    "full_name": frozenset(("comma_name",)),
    "plan_id": frozenset(("plan",)),
    "plan_name": frozenset(("comma_name", "plan")),
    "contract": frozenset(("plan",)),
    "member_number": frozenset(("phone", "mbi")),  # ten digits; some carriers use the Medicare number
    "policy_number": frozenset(("phone",)),
    "last_name": frozenset(("comma_name",)),  # "SMITH, JR"
    "address1": frozenset(("comma_name",)),
    "address2": frozenset(("comma_name",)),
    "status_reason": frozenset(("comma_name", "state")),
    "status": frozenset(("state",)),
    "gender": frozenset(("state",)),
    "deceased_date": frozenset(("date",)),
    **{name: frozenset(("date",)) for name in plain.DATES},
}
_NO_NPN = frozenset(("date", "mbi", "email", "money", "comma_name", "state", "text"))
_CARRIER = re.compile(r"[^\W_][\w&'’.,() +-]{1,59}")


class Mistake(NamedTuple):
    """One thing that must be said otherwise; `step`: on which page, `at`: the id of the field there."""

    step: str
    text: str
    at: str = ""


Said = tuple[str, str]  # the field's id on the page, and the sentence


def unusable(look: Look) -> str | None:
    """Why a column cannot be read at all, None where it can."""
    if not look.column.key[0]:
        return "has no name in the file"
    if len(look.column.header) > LONGEST_HEADER:
        return "has a name that is too long to be one"
    if look.column.key[0] in NEVER_READ:
        return "holds social security numbers, which are never read"
    return None


def called(looks: Sequence[Look], place: int) -> str:
    """What a person knows the column by."""
    return looks[place].column.called or f"column {place + 1}"


def of_columns(answers: Answers, looks: Sequence[Look]) -> list[Mistake]:
    """What is wrong with which column is what."""
    found = [*_required(answers), *_twice(answers, looks)]
    for name, place in answers.columns.items():
        if why := unusable(looks[place]):
            found.append((f"field-{name}", f"{label(name)}: “{called(looks, place)}” {why}."))
        elif text := _unlike(name, looks[place]):
            found.append((f"field-{name}", text))
    return [Mistake(COLUMNS, text, at) for at, text in found]


def _required(answers: Answers) -> Iterator[Said]:
    named = answers.columns.keys()
    if "full_name" in named and {"first_name", "last_name"} & named:
        yield "field-full_name", "Choose either the full name in one column, or first and last name; not both."
    elif "full_name" not in named:
        for name in ("first_name", "last_name"):
            if name not in named:
                yield f"field-{name}", f"{label(name)}: choose its column, or the column of the full name."
    if "effective_date" not in named:
        yield "field-effective_date", f"{label('effective_date')}: choose its column. Every file must have it."
    if not {"policy_number", "member_number", "birth_date"} & named:
        text = "Choose the column of the policy number or of the member’s number: something must tell policies apart."
        yield "field-policy_number", text
    if "pbp" in named and "contract" not in named:
        yield "field-contract", f"{label('contract')}: choose its column, because {label('pbp')} is chosen."
    if "contract" in named and "pbp" not in named:
        yield "field-pbp", f"{label('pbp')}: choose its column, because {label('contract')} is chosen."
    if "segment" in named and not {"contract", "pbp"} & named:
        needs = f"{label('contract')} and {label('pbp')}"
        yield "field-segment", f"{label('segment')}: choose {needs}, too; alone it is no plan number."


def _twice(answers: Answers, looks: Sequence[Look]) -> Iterator[Said]:
    owners: dict[int, list[str]] = {}
    for name, place in answers.columns.items():
        owners.setdefault(place, []).append(name)
    for place, names in owners.items():
        if len(names) > 1:
            fields = " and for ".join(map(label, names))
            yield f"field-{names[-1]}", f"“{called(looks, place)}” is chosen for {fields}. One column fills one field."


def _unlike(name: str, look: Look) -> str | None:
    """That the column's values are not what the field takes."""
    column = look.column.called
    if name == "effective_date" and look.kind == "empty":
        return f"{label(name)}: “{column}” is empty in this sample, and every policy needs it."
    if name in plain.DATES and look.kind not in ("date", "empty") and not look.serials:
        shapes = ", ".join(look.samples) or "nothing"
        return f"{label(name)}: “{column}” does not read as dates. Its values look like {shapes}."
    if look.kind in _TELLING and look.kind not in _MAY_BE.get(name, frozenset()):
        return f"{label(name)}: “{column}” holds {_kind(look)}."
    return None


def _kind(look: Look) -> str:
    text = KINDS[look.kind]
    return text if text.startswith(("ZIP", "CMS")) else text[0].lower() + text[1:]


def of_reading(answers: Answers, looks: Sequence[Look], collapsing: int) -> list[Mistake]:
    """What is wrong with how values are read. `collapsing`: rows of the sample that are another row's enrolment."""
    found = [
        *_dates(answers, looks),
        *_amounts_and_names(answers, looks),
        *_status(answers, looks),
        *_product(answers, looks),
        *_identity(answers, collapsing),
        *_writer(answers, looks),
        *_names(answers),
    ]
    return [Mistake(READING, text, at) for at, text in found]


def ordered(answers: Answers, looks: Sequence[Look]) -> list[tuple[str, Look]]:
    """(field, column) of every date column in whose dates the order of day and month decides something."""
    chosen = [(name, looks[place]) for name, place in answers.columns.items() if name in plain.DATES]
    dates = [(name, one) for name, one in chosen if one.kind == "date"]
    return [(name, one) for name, one in dates if one.day_first or one.month_first or one.unclear]


def _dates(answers: Answers, looks: Sequence[Look]) -> Iterator[Said]:
    for name, look in ordered(answers, looks):
        column, order = look.column.called, answers.orders.get(name) or answers.order
        if look.day_first and look.month_first:
            yield (
                f"order-{name}",
                (
                    f"“{column}” has {_dates_in(look.day_first)} with the day first and {_dates_in(look.month_first)}"
                    " with the month first, so that its other dates are not sure. Ask the carrier for one order."
                ),
            )
        elif order not in ORDERS:
            example = f", such as {look.example}" if look.example else ""
            yield (
                "order",
                f"Say whether “{column}” has the month or the day first: its dates{example} can be read both ways.",
            )
        elif wrong := look.day_first if order == "mdy" else look.month_first:
            first = "day" if order == "mdy" else "month"
            yield (
                f"order-{name}",
                (
                    f"“{column}” has {_dates_in(wrong)} that can only be read with the {first} first. Choose that order"
                    " for this column."
                ),
            )


def _dates_in(count: int) -> str:
    return "1 date" if count == 1 else f"{count:,} different dates"


def _amounts_and_names(answers: Answers, looks: Sequence[Look]) -> Iterator[Said]:
    if "premium" in answers.columns:
        look = looks[answers.columns["premium"]]
        sure = {".": look.points, ",": look.commas}
        if answers.decimal not in sure and (look.unclear_amount or any(sure.values())):
            yield "decimal", f"Say what stands before the cents in “{look.column.called}”: a point or a comma."
        elif answers.decimal in sure and not sure[answers.decimal] and any(sure.values()):
            sign = "comma" if answers.decimal == "." else "point"
            yield "decimal", f"The amounts in “{look.column.called}” can only be read with a {sign} before the cents."
    if "full_name" in answers.columns and answers.name_order not in ("first", "last"):
        look = looks[answers.columns["full_name"]]
        if look.plain_name:
            yield (
                "name_order",
                f"Say whether the names in “{look.column.called}” begin with the first or with the family name.",
            )


def _status(answers: Answers, looks: Sequence[Look]) -> Iterator[Said]:
    if "status" not in answers.columns:
        if answers.no_status not in NO_STATUS:
            yield (
                "no_status",
                "No column has the status. Say what status the policies have, or go back and choose the column.",
            )
        return
    look = looks[answers.columns["status"]]
    if not look.words:
        yield (
            "",
            (
                f"Status of the policy: “{look.column.called}” has {look.distinct:,} different values, so it is no"
                " column of status words. Go back and choose another."
            ),
        )
    known = {status.value for status in Status} | {REFUSE}
    for number, (word, _) in enumerate(look.words):
        if answers.statuses.get(word) not in known:
            yield f"status-{number}", f"Say what the status word “{word}” means."
    if wrong := {reason for reason in answers.reasons.values() if reason and reason not in REASONS}:
        yield "", f"“{sorted(wrong)[0]}” is no reason that can be chosen."


def _product(answers: Answers, looks: Sequence[Look]) -> Iterator[Said]:
    if answers.product_column is None:
        if answers.product not in PRODUCTS:
            yield "product", "Say which product the policies of this file are, or in which column it stands."
        return
    look = looks[answers.product_column]
    if why := unusable(look):
        yield "product_column", f"Product: “{called(looks, answers.product_column)}” {why}."
    unsaid = [word for word, _ in look.words if answers.products.get(word) not in PRODUCTS]
    if answers.other_product not in PRODUCTS and (unsaid or not look.words):
        words = ", ".join(f"“{word}”" for word in unsaid[:5])
        column = look.column.called
        yield (
            "other_product",
            f"Say which product these words of “{column}” mean, or what all other words mean: {words or 'all'}.",
        )


def _identity(answers: Answers, collapsing: int) -> Iterator[Said]:
    if answers.identity not in IDENTITIES or identity_places(answers, answers.identity) is None:
        yield "identity-policy", "Say what makes two rows the same enrolment; only what has its columns can be chosen."
    elif collapsing and not answers.older_rows:
        rows = "1 row of the sample is" if collapsing == 1 else f"{collapsing:,} rows of the sample are"
        yield (
            "older_rows",
            (
                f"{rows} the same enrolment as another row by “{IDENTITIES[answers.identity].label}”, and only one of"
                " each would be kept. Choose what is different in every row, or tick that such rows are older states of"
                " the same enrolment."
            ),
        )


def _writer(answers: Answers, looks: Sequence[Look]) -> Iterator[Said]:
    if answers.npn is None and answers.agent_id is None:
        yield "npn", "Choose the column with the writing agent’s NPN, or with the carrier’s own number of the agent."
    if answers.npn is not None:
        yield from _npn(answers.npn, answers, looks)
    if answers.agent_id is not None and answers.kind not in CROSSWALK_KINDS:
        yield "kind", f"Say what kind of number “{called(looks, answers.agent_id)}” is."
    mine = {place: name for name, place in answers.columns.items()}
    chosen = {answers.agent_name: "agent_name", answers.agent_id: "agent_id", answers.npn: "npn"}
    for place, at in chosen.items():
        if place is not None and (why := unusable(looks[place])):
            yield at, f"Writing agent: “{called(looks, place)}” {why}."
        if place is not None and place in mine:
            yield (
                at,
                f"“{called(looks, place)}” is chosen for {label(mine[place])} already; it cannot name the agent, too.",
            )
    if len(answers.says.strip()) < 10:
        yield "says", "Say in a sentence whom this column names, for example: “The agent who signed the application.”"
    if not answers.confirmed:
        yield "confirmed", "Confirm that this is the agent who wrote the policy: their account receives it."


def _npn(place: int, answers: Answers, looks: Sequence[Look]) -> Iterator[Said]:
    if looks[place].kind in _NO_NPN:
        yield "npn", f"Writing agent’s NPN: “{called(looks, place)}” holds {_kind(looks[place])}."
    if place == answers.agent_id:
        yield "agent_id", f"“{called(looks, place)}” cannot be both the NPN and the carrier’s own number of the agent."


def _names(answers: Answers) -> Iterator[Said]:
    if not answers.carrier and not _CARRIER.fullmatch(answers.new_carrier.strip()):
        yield "new_carrier", "Choose the carrier, or give the name of a new one: 2 to 60 letters, digits and blanks."
        return  # it is named after its carrier
    if not 3 <= len(answers.name.strip()) <= 80:
        yield "name", "Name the SmartConnector with 3 to 80 characters, for example “Sunrise Health book of business”."
