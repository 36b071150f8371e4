"""How the access log names users, Businesses and the kinds of record."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from portal.activities import registry
from portal.book import words as book
from portal.businesses import queries as businesses
from portal.businesses.models import Business
from portal.compliance import sentences, subjects
from portal.compliance.breaches import words as breaches
from portal.compliance.disclosures import words as disclosures
from portal.extensions import db
from portal.identity.models import User
from portal.sync import changes, report
from portal.sync.claims import words as claims

KINDS = {
    "access_entry": ("entry", "entries"),
    "accounting_request": ("request for an accounting", "requests for an accounting"),
    "activity": ("activity", "activities"),
    "agency": ("agency", "agencies"),
    "alarm": ("alarm", "alarms"),
    "arrivalsource": ("place of carrier files", "places of carrier files"),
    "breach_case": ("case of wrong delivery", "cases of wrong delivery"),
    "businessnpn": ("NPN of a Business", "NPNs of Businesses"),
    "carrieridentifier": ("carrier identifier", "carrier identifiers"),
    "contactmerge": ("merge of contacts", "merges of contacts"),
    "crm_policy": ("policy of the account", "policies of the account"),
    "feed_effect": ("change by a feed run", "changes by feed runs"),
    "feedrun": ("feed run", "feed runs"),
    "fmo": ("FMO", "FMOs"),
    "legal_hold": ("legal hold", "legal holds"),
    "log_archive": ("archived month", "archived months"),
    "log_file": ("file of the log", "files of the log"),
    "log_term": ("term of the log", "terms of the log"),
    "left_policy": ("policy that left the account", "policies that left the account"),
    "heldchange": ("held change", "held changes"),
    "misdelivery": ("judgement about a delivery", "judgements about deliveries"),
    "policy": ("policy", "policies"),
    "possibleduplicate": ("possible duplicate", "possible duplicates"),
    "policy_claim": ("claim of a policy", "claims of policies"),
    "producer": ("agent or agency", "agents or agencies"),
    "attribution": ("attribution by hand", "attributions by hand"),
    "recorded_disclosure": ("recorded disclosure", "recorded disclosures"),
    "recertification": ("access recertification", "access recertifications"),
    "refused_row": ("refused row", "refused rows"),
    "review": ("review of the log", "reviews of the log"),
    "review_finding": ("finding of a review", "findings of reviews"),
    "review_rules": ("rules of the reviews", "rules of the reviews"),
    "valuealias": ("decision about a value", "decisions about values"),
    "syncrun": ("sync run", "sync runs"),
    "watched_member": ("watched member", "watched members"),
    "upload": ("upload of contacts", "uploads of contacts"),
    "upload_row": ("row of an upload", "rows of uploads"),
}


def register() -> None:
    """Register every kind whose words are not simply its stored name, and those that have names."""
    for kind, (one, many) in KINDS.items():
        subjects.register(kind, one, many)
    subjects.register("user", "user", "users", names=_user_names, find=_find_users)
    for detail, words in _worded().items():
        subjects.register_words(detail, words)
    subjects.register("business", "Business", "Businesses", names=_business_names, find=_find_businesses)


def _worded() -> dict[str, subjects.Words]:
    return {
        "carrier": book.carrier,
        "earlier_role": sentences.role_label,
        "given_role": sentences.role_label,
        "identifier": book.identifier,
        "identifier_kind": book.identifier,
        "conclusion": breaches.conclusion,
        "disclosed_as": lambda word: disclosures.KINDS[word].says if word in disclosures.KINDS else word,
        "reason": _reason,
        "role": sentences.role_label,
        "type": _activity_type,
        "verdict": lambda word: claims.VERDICTS.get(word, word),
        "why": lambda word: report.REASONS.get(word, word),
    }


def _reason(word: str) -> str:
    for known in (changes.REASONS, disclosures.REASONS, disclosures.CAUSES):
        if word in known:
            return known[word]
    return word


def _activity_type(key: str) -> str:
    known = registry.find(key)
    return known.label if known else key.replace("_", " ").capitalize()


def _user_names(ids: Sequence[UUID]) -> dict[UUID, str]:
    return {user.id: user.name for user in db.session.scalars(select(User).where(User.id.in_(ids)))}


def _business_names(ids: Sequence[UUID]) -> dict[UUID, str]:
    return {business_id: found.name for business_id, found in businesses.by_ids(ids).items()}


def _find_users(text: str, limit: int) -> list[tuple[UUID, str]]:
    name = func.lower(User.first_name + " " + User.last_name)
    query = select(User).where(name.contains(text.lower(), autoescape=True))
    found = db.session.scalars(query.order_by(name, User.id).limit(limit)).all()
    return [(user.id, f"{user.name}, {user.role.label}") for user in found]


def _find_businesses(text: str, limit: int) -> list[tuple[UUID, str]]:
    query = select(Business).where(func.lower(Business.name).contains(text.lower(), autoescape=True))
    found = db.session.scalars(query.order_by(Business.name_key, Business.id).limit(limit)).all()
    return [(business.id, business.name) for business in found]
