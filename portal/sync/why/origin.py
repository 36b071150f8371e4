"""The first half of the chain, alike for all accounts: row of the file, member, writing agent, downline."""

from __future__ import annotations

from flask import url_for

from portal.book import words
from portal.book.models import HeldChange, PolicyWriter
from portal.core.clock import day, moment
from portal.downline.models import CarrierIdentifier
from portal.sync.why.facts import Facts
from portal.sync.why.step import Link, Step


def steps(facts: Facts) -> list[Step]:
    """Four steps."""
    return [_row(facts), _member(facts), _writer(facts), _downline(facts)]


def _row(facts: Facts) -> Step:
    policy, feed = facts.policy, facts.feed
    place = f"Row {policy.source_row:,}"
    if policy.source_sheet:
        place += f" of the sheet “{policy.source_sheet}”"
    loaded = f", loaded {moment(feed.finished_at)}" if feed.finished_at else ""
    told = f"{place} of {feed.file_name} tells it: carrier data of {day(policy.as_of)}{loaded}."
    link = Link("The feed run", url_for("book.feed", run_id=feed.id))
    return Step("Is it in a carrier's file?", True, [told], [link])


def _member(facts: Facts) -> Step:
    policy = facts.policy
    number = policy.policy_number or "without a number"
    told = (
        f"{words.carrier(policy.carrier)} policy {number} of {words.member(facts.member)}, effective"
        f" {day(policy.effective_date)}; in the book since {moment(policy.created_at)}."
    )
    link = Link("The member", url_for("book.member", member_id=facts.member.id))
    return Step("Is it in the book?", True, [told], [link])


def _writer(facts: Facts) -> Step:
    policy = facts.policy
    title = "Is its writing agent known?"
    earlier = [*map(_held, facts.held), *(_earlier(one) for one in facts.writers if one.until is not None)]
    waiting = [Link("Held changes", url_for("book.held_changes"))] if facts.held else []
    if policy.writing_npn is None:
        told, reason, action = _unknown(facts)
        return Step(title, False, [told, *earlier], waiting, reason, action)
    now = next((one for one in facts.writers if one.until is None), None)
    since = f" The book knows this since {moment(now.since)}." if now else ""
    if policy.writer_source == "column":
        column = f"the column “{policy.writer_column}”" if policy.writer_column else "a column"
        told = f"NPN {policy.writing_npn}, from {column} of that row.{since}"
        return Step(title, True, [told, *earlier], waiting)
    if policy.writer_source == "hand":
        told = f"NPN {policy.writing_npn}, attributed by hand, since its file names no NPN.{since}"
        return Step(title, True, [told, *earlier], [*_records(facts), *waiting])
    told = f"NPN {policy.writing_npn}, through the crosswalk: {_named(facts)} leads to it.{since}"
    lines = [line for line in facts.lines if line.npn == policy.writing_npn]
    return Step(title, True, [told, *(_line(line) for line in lines), *earlier], [*_records(facts), *waiting])


def _named(facts: Facts) -> str:
    policy = facts.policy
    kind = words.identifier(policy.writer_kind or "")
    # A tax number may be a person's social security number: the book holds no more than its keyed hash.
    return f"its {kind}" if policy.writer_kind == "tin" else f"its {kind} {policy.writer_value}"


def _line(line: CarrierIdentifier) -> str:
    if line.valid_from and line.valid_to:
        span = f"from {day(line.valid_from)} to {day(line.valid_to)}"
    elif line.valid_from:
        span = f"from {day(line.valid_from)} until further notice"
    else:
        span = f"until {day(line.valid_to)}" if line.valid_to else "on every day"
    return f"The crosswalk's entry {line.shown} → NPN {line.npn} holds {span}."


def _earlier(writer: PolicyWriter) -> str:
    whose = f"NPN {writer.npn}" if writer.npn else "no known agent"
    until = moment(writer.until) if writer.until else ""
    return f"Before that it was {whose}, from {moment(writer.since)} to {until}."


def _held(change: HeldChange) -> str:
    return f"“{change.title}” waits for a second administrator and would give some of these policies another agent."


def _records(facts: Facts) -> list[Link]:
    found = facts.producer
    return [Link(found.name, url_for(f"downline.{found.kind}", record_id=found.id))] if found else []


def _unknown(facts: Facts) -> tuple[str, str, Link]:
    policy = facts.policy
    queue = Link("Open Unattributed", url_for("sync.unattributed"))
    if policy.writer_kind is None or policy.writer_value is None:
        told = "The row names no writing agent, or more than one."
        return told, "the carrier's row names no writing agent, or more than one.", queue
    named = _named(facts)
    if not facts.confirmed:
        told = f"The row has {named}, and nobody has confirmed yet that this column names the writing agent."
        confirm = Link("Confirm the column on the SmartConnector", url_for("book.connectors"))
        return told, "what its column names has not been confirmed on the SmartConnector.", confirm
    on_day = {line.npn for line in facts.lines if _holds_on(line, facts)}
    effective = day(policy.effective_date)
    if len(on_day) > 1:
        told = f"The crosswalk leads from {named} to {len(on_day)} NPNs on {effective}: {', '.join(sorted(on_day))}."
        return told, "the crosswalk leads to more than one NPN. End the entry that is wrong.", queue
    if facts.lines:
        told = f"The crosswalk has {named}, but not for {effective}, when the policy takes effect."
        other = [_line(line) for line in facts.lines]
        return " ".join([told, *other]), f"no entry of the crosswalk holds on {effective}.", queue
    told = f"The row has {named}, and the crosswalk has no entry for it."
    return told, f"{named} is in nobody's carrier identifiers. Add it to the agent's record.", queue


def _holds_on(line: CarrierIdentifier, facts: Facts) -> bool:
    when = facts.policy.effective_date
    return (line.valid_from is None or line.valid_from <= when) and (line.valid_to is None or line.valid_to >= when)


def _downline(facts: Facts) -> Step:
    title, npn, found = "Is that NPN in the downline?", facts.npn, facts.producer
    if npn is None:
        return Step(title, False, ["There is no NPN to look for."], reason="no writing agent is known.")
    if found is not None:
        return Step(title, True, [f"NPN {npn} is {found.name}, {found.kind}."], _records(facts))
    if any(record.until is None for record in facts.npns):
        return Step(title, True, [f"NPN {npn} has no record in the downline, and yet it is one of the account's."])
    add = Link("Add the agent", url_for("downline.new_agent"))
    reason = f"its writing agent NPN {npn} is not in your downline. If it is an agent of yours, add the record first."
    return Step(title, False, [f"No record of the downline has NPN {npn}."], reason=reason, action=add)
