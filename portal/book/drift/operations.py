"""Deciding on a frozen file: its columns are the connector's from now on and it is loaded, or it is rejected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from portal.book import rules
from portal.book.drift.events import COLUMNS_ACCEPTED, COLUMNS_REJECTED
from portal.book.drift.queries import Shown
from portal.book.layouts import accept_headers, add_version
from portal.book.models import Connector, FeedRun
from portal.book.operations.attribution import confirm_writer
from portal.connectors import headers, plain
from portal.connectors.detect import detect
from portal.connectors.drifting import same_kind
from portal.connectors.headers import Named
from portal.connectors.layouts import Layout, LayoutError, layout_from
from portal.connectors.profile import KINDS
from portal.connectors.readers import Sheet
from portal.connectors.rows import FileRefused
from portal.core import access, outbox
from portal.core.scope import Scope
from portal.extensions import db

Renamed = Mapping[Named, Named | None]
ASKED = "Tick that you have checked it: “{}” decides from now on whose these policies are."
OVER = "This file does not wait any more. Nothing was done a second time."


class NotAccepted(Exception):
    """What the admin said cannot be; `problems` say why, in sentences. Nothing was changed."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


def accept(shown: Shown, renamed: Renamed, *, by: Scope, sure: bool = False) -> None:
    """Take the new columns for the connector's own and send the file again. `renamed`: what became of each wanted one.

    Makes a new version of the layout where that reads other columns now. `sure`: whoever asks has said that a column
    that takes the place of one with the writing agent names the writing agent, too. Raises `NotAccepted`.
    """
    run = _waiting(shown)
    others = [renamed[old] for old in shown.deciding]
    if any(others) and not sure:
        raise NotAccepted(*(ASKED.format(new.called) for new in others if new))
    body = _body(shown, renamed)
    drift = shown.drift
    version = drift.version if body is None else add_version(shown.connector, body, reason="columns")
    if sure and any(others):
        _confirm(shown.connector)
    accept_headers(shown.connector, [drift.columns_now], version=version, by=by.actor_name)
    told = [[old.called, new.called if new else None] for old, new in renamed.items()]
    _decide(shown, "accepted", by, renamed=told)
    run.status, run.error, run.attempt = "queued", None, 0
    run.phase, run.heartbeat_at = None, None
    run.connector_id = shown.connector.id
    db.session.flush()
    outbox.send_after_commit("load_feed", run.id)
    counts: dict[str, Any] = {"renamed": sum(new is not None for new in renamed.values()), "layout_version": version}
    access.record(COLUMNS_ACCEPTED, kind="feed", ids=[run.id], **_counts(shown), **counts)


def _confirm(connector: Connector) -> None:
    """Keep who has said that the new columns name the writing agent, but where that is asked before it may count."""
    rule = rules.writer_rule(connector)
    if rule is not None and not rule.asks:
        confirm_writer(connector=connector, rule=rule.key)


def reject(shown: Shown, reason: str, *, by: Scope) -> None:
    """Let the file fail with the reason; the connector's columns stay as they were. Raises `NotAccepted`."""
    run = _waiting(shown)
    _decide(shown, "rejected", by)
    shown.drift.reason = reason
    run.status, run.finished_at = "failed", func.now()
    run.error = f"{by.actor_name} rejected this file because of its columns: {reason} Nothing in the book was changed."
    db.session.flush()
    access.record(COLUMNS_REJECTED, kind="feed", ids=[run.id], reason=reason, **_counts(shown))


def _waiting(shown: Shown) -> FeedRun:
    this = select(FeedRun).where(FeedRun.id == shown.drift.run_id).with_for_update()
    # Both have been read before the lock: somebody may have decided since.
    run = db.session.scalar(this.execution_options(populate_existing=True))
    db.session.refresh(shown.drift)
    if run is None or run.status != "frozen" or shown.drift.status != "waiting":
        raise NotAccepted(OVER)
    return run


def _decide(shown: Shown, status: str, by: Scope, *, renamed: list[Any] | None = None) -> None:
    drift = shown.drift
    drift.status, drift.decided_by_name, drift.decided_at = status, by.actor_name, func.now()
    drift.renamed = renamed


def _counts(shown: Shown) -> dict[str, Any]:
    return {"missing": len(shown.differs.missing), "new": len(shown.differs.new)}


def _body(shown: Shown, renamed: Renamed) -> dict[str, Any] | None:
    """The layout that reads the new columns, None where the old one does."""
    if shown.layout is None:
        raise NotAccepted("The portal no longer knows how these files are read. Reject the file, and map it anew.")
    problems = _problems(shown, renamed)
    if problems:
        raise NotAccepted(*problems)
    must = {column.key for column in shown.layout.fingerprint}
    changes = {old.key: new for old, new in renamed.items() if new is not None or old.key in must}
    body = headers.rename_columns(shown.known.body_of(shown.layout), changes) if changes else None
    try:
        layout = layout_from(body, name=shown.connector.name) if body is not None else shown.layout
        detect([_sheet(shown)], {layout.name: layout})
    except (LayoutError, FileRefused):
        raise NotAccepted(*_lacking(shown.layout, renamed)) from None
    return body


def _sheet(shown: Shown) -> Sheet:
    head = [(shown.drift.header_row, list(shown.drift.columns_now))]
    return Sheet(name=shown.drift.sheet, head=head, rows=lambda: iter(head))


def _problems(shown: Shown, renamed: Renamed) -> list[str]:
    found = []
    taken: dict[Named, Named] = {}
    for old, new in renamed.items():
        if new is None:
            continue
        other = taken.setdefault(new, old)
        if other != old:
            found.append(f"“{new.called}” cannot be both “{other.called}” and “{old.called}”. Choose one of them.")
        kinds = _kind(shown.then, shown.drift.kinds_then, old), _kind(shown.now, shown.drift.kinds_now, new)
        if not same_kind(*kinds):
            said = (KINDS[kind].lower() for kind in kinds)
            found.append(f"“{old.called}” held {next(said)}, and “{new.called}” holds {next(said)}.")
    return found


def _kind(columns: list[Named], kinds: Mapping[str, str], column: Named) -> str:
    return kinds.get(str(columns.index(column)), "empty")


def _lacking(layout: Layout, renamed: Renamed) -> list[str]:
    """Which of the columns that are said to be gone cannot be."""
    fields = headers.fields_of(layout)
    gone = [old for old, new in renamed.items() if new is None]
    needed = {*plain.REQUIRED, "first_name", "last_name", "full_name", "member_number", "policy_number", "writer"}
    lacking = [(one, name) for one in gone for name in fields.get(one.key, []) if name in needed]
    found = [
        f"{plain.label(name)} cannot be left out: say which column “{one.called}” is now." for one, name in lacking
    ]
    return found or ["With these columns the file cannot be read. Check what each missing column is now."]
