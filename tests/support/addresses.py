"""How to call every route: which record, or which words, each part of an address names.

A part that is in neither table fails the tests: a new route must say what it names before anybody may ask for it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from flask import Flask
from werkzeug.routing import Rule

# The address up to and with the part, every part written "*" → the kind of record that the part names.
# "=2": the kind that the second part spells.
KINDS = {
    "/fmo/agents/*": "agent",
    "/fmo/agencies/*": "agency",
    "/fmo/identifiers/*": "agent",
    "/fmo/identifiers/*/*": "identifier",
    "/fmo/activities/*/*": "=1",
    "/fmo/activities/new/*/*/*": "=2",
    "/fmo/businesses/*": "business",
    "/fmo/businesses/of/*": "agent",
    "/fmo/businesses/*/npns/*": "business_npn",
    "/fmo/businesses/*/users/*": "user",
    "/fmo/add-agent/*/*": "=1",
    "/fmo/move-agent/*/*": "=1",
    "/fmo/off-board/*/*": "=1",
    "/fmo/off-boardings/*": "activity",
    "/fmo/left-out/*": "business",
    "/fmo/policy-sync/*/*": "=1",
    "/fmo/provision/*/*": "=1",
    "/fmo/policies/*": "policy",
    "/fmo/members/*": "member",
    "/fmo/connectors/*": "connector",
    "/fmo/sources/*": "source",
    "/fmo/sources/*/looks/*": "source_look",
    "/fmo/connectors/*/aliases/*": "value_alias",
    "/fmo/connectors/drafts/*": "connector_draft",
    "/fmo/feeds/*": "feed_run",
    "/fmo/quarantine/*": "refused_row",
    "/fmo/bulk/*": "bulk_outcome",
    "/fmo/held/*": "held_change",
    "/fmo/runs/*": "sync_run",
    "/fmo/runs/activity/*": "activity",
    "/fmo/runs/business/*": "business",
    "/fmo/runs/producer/*": "agent",
    "/fmo/unattributed/*": "claim",
    "/fmo/unattributed/policy/*": "policy",
    "/fmo/settings/single-sign-on/people/*": "user",
    "/crm/contacts/*": "contact",
    "/crm/duplicates/*": "duplicate",
    "/crm/merges/*": "contact_merge",
    "/crm/users/*": "user",
    "/crm/policies/*": "crm_policy",
    "/crm/uploads/*": "upload",
    "/crm/uploads/*/rows/*": "upload_row",
    "/compliance/access/*": "entry",
    "/compliance/seal/entries/*": "entry",
    "/compliance/people/*": "user",
    "/compliance/members/*": "member",
    "/compliance/businesses/*": "business",
    "/compliance/runs/*": "sync_run",
    "/compliance/alarms/*": "alarm",
    "/compliance/breaches/*": "breach_case",
    "/compliance/disclosures/*": "member",
    "/compliance/disclosures/recorded/*": "recorded_disclosure",
    "/compliance/disclosures/requests/*": "accounting_request",
    "/compliance/disclosures/doubts/*": "misdelivery",
    "/compliance/recertification/*": "recertification",
    "/compliance/recertification/*/users/*": "recertification_line",
    "/compliance/officers/*": "officer",
    "/compliance/reviews/*": "review",
    "/compliance/reviews/findings/*": "review_finding",
    "/compliance/reviews/watch/*": "watched_member",
    "/compliance/exports/*": "log_file",
    "/compliance/retention/holds/*": "legal_hold",
    "/compliance/retention/archives/*": "log_archive",
    "/fmo/users/*": "staff",
    "/account/passkeys/*": "passkey",
    "/account/sessions/*": "session",
    "/compliance/emergency/*": "emergency",
    "/emergency/contacts/*": "contact",
}
CHANGES = ["lock", "unlock", "deactivate", "reactivate", "invitation", "password", "factor"]
RECORDS = ["agent", "agency", "business"]
WORDS = {
    "/fmo/feeds/*/report/*": ["new", "changed", "refused", "dropped", "altered"],
    "/fmo/activities/*": RECORDS,
    "/fmo/activities/new/*": ["note"],
    "/fmo/activities/new/*/*": RECORDS,
    "/fmo/add-agent/*": RECORDS,
    "/fmo/move-agent/*": RECORDS,
    "/fmo/off-board/*": ["agent", "agency"],
    "/fmo/connectors/*/sources/new/*": ["folder", "sftp"],
    "/fmo/agents/import/*": ["records", "identifiers"],
    "/fmo/policy-sync/*": ["business"],
    "/fmo/provision/*": ["agent", "agency"],
    "/compliance/officers/*/*": CHANGES,
    "/fmo/users/*/*": CHANGES,
    "/invite/*": ["no-such-invitation"],
    "/reset/*": ["no-such-link"],
    "/confirm/*": ["no-such-link"],
    "/sso/back-channel/*": ["no-such-fmo"],
    "/static/*": ["css/nothing.css"],
}
_PART = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to call a route: the parts that are words, and for each part that is an id the kind of its record."""

    rule: str
    endpoint: str
    method: str
    words: tuple[tuple[str, str], ...]
    kinds: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        words = "".join(f" {value}" for _, value in self.words)
        return f"{self.method} {self.rule}{words}"

    def path(self, app: Flask, ids: Mapping[str, UUID], change: Mapping[str, UUID] | None = None) -> str:
        """The address for the records `ids` (kind → id); `change` replaces the parts that it names."""
        values: dict[str, object] = dict(self.words)
        values |= {part: ids[kind] for part, kind in self.kinds} | dict(change or {})
        adapter = app.url_map.bind("localhost")
        return adapter.build(self.endpoint, values, method=self.method)


def ways(app: Flask) -> list[Way]:
    """Every way to call every route of `app` whose parts are all known."""
    rules = [rule for rule in app.url_map.iter_rules() if not _unknown(rule)]
    return sorted((way for rule in rules for method in _methods(rule) for way in _ways(rule, method)), key=str)


def undeclared(app: Flask) -> list[str]:
    """Parts of addresses that are in neither table."""
    return sorted({part for rule in app.url_map.iter_rules() for part in _unknown(rule)})


def _unknown(rule: Rule) -> list[str]:
    return [f"<{name}> of {rule.rule}" for name, place in _parts(rule) if place not in KINDS and place not in WORDS]


def _parts(rule: Rule) -> list[tuple[str, str]]:
    """The variable parts of a rule, by name and place."""
    return [(match[1], _PART.sub("*", rule.rule[: match.end()])) for match in _PART.finditer(rule.rule)]


def _methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def _ways(rule: Rule, method: str) -> Iterator[Way]:
    parts = _parts(rule)
    worded = [[(name, word) for word in WORDS[place]] for name, place in parts if place in WORDS]
    for words in itertools.product(*worded):
        spelled = iter(words)
        values = [next(spelled)[1] if place in WORDS else None for _, place in parts]
        kinds = [(name, _kind(KINDS[place], values)) for name, place in parts if place not in WORDS]
        yield Way(rule.rule, rule.endpoint, method, words, tuple(kinds))


def _kind(kind: str, values: list[str | None]) -> str:
    if not kind.startswith("="):
        return kind
    named = values[int(kind[1:]) - 1]
    assert named is not None, "a kind is spelled by a part that is a word"
    return named
