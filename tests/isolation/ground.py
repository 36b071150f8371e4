"""The ground of the isolation tests: the world, and at least one row of every table for every tenant in it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.absence.models import DeclaredSet, PolicyAbsence
from portal.book.attributions.models import HandAttribution
from portal.book.drift.models import ColumnDrift
from portal.book.layouts.models import ConnectorHeader, ConnectorLayout
from portal.book.mapping.models import ConnectorDraft, ConnectorDraftPiece
from portal.book.mapping.sample import FIELD, examine, keep_seen
from portal.book.mapping.state import Mapping
from portal.book.models import FeedFile, HeldChange
from portal.book.prints.models import FeedPrint
from portal.book.quarantine.bodies import seal_cells
from portal.book.quarantine.models import ValueAlias
from portal.book.report.models import FeedAlteration, FeedEffect, FeedReading
from portal.book.undoing.models import FeedUndo
from portal.businesses.models import Business, BusinessNpn
from portal.compliance.alarms.models import Alarm, AlarmRound
from portal.compliance.days.models import PERSON, AccessDay
from portal.compliance.exports.models import FIELD as LOG_FILE
from portal.compliance.exports.models import LogFile, LogFilePiece
from portal.compliance.models import AccessEntry, InstallationEntry
from portal.compliance.recertification.models import Recertification, RecertificationLine
from portal.compliance.retention.models import REASON, LegalHold, LogArchive, LogTerm
from portal.compliance.seals.models import Seal, SealCheck, SealMember
from portal.connectors.layouts import layout_bodies
from portal.connectors.mapped import Answers
from portal.core.crypto import encrypt, encrypt_bytes
from portal.core.ids import new_id
from portal.core.key_use import FieldKey
from portal.core.models import Base
from portal.core.outbox import Outbox
from portal.core.scope import Role
from portal.core.search_tokens import SearchToken
from portal.downline.models import Producer
from portal.identity.emergency.models import EmergencyAccess
from portal.identity.factors.models import ProofCount, RecoveryCode, TotpFactor
from portal.identity.guessing.models import KnownBrowser, Tries
from portal.identity.letters.models import Letter
from portal.identity.models import Credential, Invitation, LoginSession, User
from portal.identity.passkeys.models import Passkey, PasskeyChallenge
from portal.identity.staff.models import OfficerNotice
from portal.provisioning.models import BulkOutcome
from tests.support import arrival_builders as arrivals
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support import disclosure_builders as disclosures
from tests.support import review_builders as reviews
from tests.support import sso_builders as single_sign_on
from tests.support.world import Account, Office, Person, World

Holding = dict[str, UUID]  # kind of record → the id of one that is this holder's


@dataclass(slots=True)
class Actor:
    """Somebody who asks: what is theirs, and whose records they must not tell from ones that never existed."""

    name: str
    user: User | None
    own: str  # name of a holder
    foreign: tuple[str, ...]
    forbidden: tuple[str, ...]  # words that no page may show them
    emergency: Business | None = None  # which they may read for an hour, in the session of their browser

    @property
    def roles(self) -> tuple[Role, ...]:
        """What they are, on one page or another; nothing for a stranger."""
        own = (self.user.role,) if self.user else ()
        return (*own, Role.EMERGENCY) if self.emergency else own

    def foreign_at(self, rule: str) -> tuple[str, ...]:
        """Whose records they must not tell from none at an address; on an emergency's pages, the neighbour's too."""
        return ("nora", *self.foreign) if self.emergency and rule.startswith("/emergency/") else self.foreign


@dataclass(slots=True)
class Ground:
    """Who holds what, and who asks."""

    world: World
    holders: dict[str, Holding]
    actors: dict[str, Actor]
    personal: dict[UUID, Holding]  # by user: what is nobody's but their own, whatever they may see of others

    def own(self, actor: Actor) -> Holding:
        """What the actor may ask for."""
        return self.holders[actor.own] | (self.personal[actor.user.id] if actor.user else {})

    def actor(self, name: str) -> Actor:
        return self.actors[name]


def lay(store: Session, world: World) -> Ground:
    """Add to `world` what it lacks, and name everything."""
    holders = {}
    for office in (world.summit, world.lakeside):
        agency = world.agency if office is world.summit else make.agency(store, office.fmo, name="Qagencylakeside")
        shared = _office(store, office, agency)
        for account in office.accounts:
            for person in account.people:
                name = person.user.first_name.lower()
                holders[name] = {
                    **shared,
                    **_account(store, office, account),
                    **_person(store, office, account, person),
                }
                holders[name] |= _personal(store, person.user)
        store.add_all(sealed(office))
    store.add(Tries(door="sign-in", place="192.0.2.1", since=datetime.now(UTC), count=1))
    store.add(InstallationEntry(action="session.refused", outcome="refused", reason="unknown name"))
    store.add(FieldKey(name="former", proof="x", unused_since=datetime.now(UTC)))  # a key still needed stops the start
    store.commit()
    helper = make.user(store, world.summit.fmo, Role.FMO_SUPPORT, last_name="Qhelpersummit")
    actors = {actor.name: actor for actor in _actors(world, helper)}
    personal = {actor.user.id: _personal(store, actor.user) for actor in actors.values() if actor.user}
    return Ground(world, holders, actors, personal)


def sealed(office: Office) -> list[Base]:
    """A seal of the office's log, a membership and a verification: of no entry, since the rows are only reached for."""
    fmo_id, now = office.fmo.id, datetime.now(UTC)
    blank = {"root": bytes(32), "previous": bytes(32), "hash": bytes(32), "key_id": "none", "signature": bytes(64)}
    span = {"first_at": now, "last_at": now}
    times = {"sealed_at": now, **span}
    return [
        Seal(fmo_id=fmo_id, n=1, count=1, complete=False, version=1, **times, **blank),
        SealMember(fmo_id=fmo_id, id=new_id(), mark=0, n=1, place=1),
        SealCheck(fmo_id=fmo_id, asked_name="Nobody"),
        AccessDay(fmo_id=fmo_id, day=date(2020, 1, 2), grain=PERSON, actor_name=f"Qday{office.fmo.slug}", **span),
    ]


def kept(office: Office) -> tuple[LogTerm, LegalHold, LogArchive]:
    """A term of the office's log, a hold that was lifted, and an archive that was never written."""
    fmo_id, now = office.fmo.id, datetime.now(UTC)
    reason = encrypt(f"Qhold{office.fmo.slug}", fmo_id=fmo_id, field=REASON)
    first, second = office.compliance.id, office.admin.id
    return (
        LogTerm(fmo_id=fmo_id, years=10, set_by=first, set_name="Nobody"),
        LegalHold(
            fmo_id=fmo_id, id=new_id(), kind="member", subject_id=office.stray.id, reason=reason,
            placed_by=second, placed_name="Nobody",
            lifted_by=first, lifted_name="Nobody", lifted_at=now, lifted_reason=reason,
        ),
        LogArchive(
            fmo_id=fmo_id, id=new_id(), month=now.date().replace(day=1), begin_at=now, end_at=now, entries=0,
            seals=0, file="none", size=0, sha256=bytes(32), key_id="none", signature=bytes(64), version=1,
            approved_by=first,
        ),
    )  # fmt: skip


def written_file(office: Office) -> tuple[LogFile, LogFilePiece]:
    """A file of the log about one member, who stands at its head."""
    fmo_id, member = office.fmo.id, str(office.stray.id)
    file = LogFile(fmo_id=fmo_id, id=new_id(), asked_by=office.compliance.id, filters={"member": member}, pieces=1)
    file.asked_name, file.state = f"Qasked{office.fmo.slug}", "ready"
    body = f"Member: {member}\n".encode()
    file.size, sealed_body = len(body), encrypt_bytes(zlib.compress(body), fmo_id=fmo_id, field=LOG_FILE)
    return file, LogFilePiece(fmo_id=fmo_id, file_id=file.id, piece=0, body=sealed_body)


def _personal(store: Session, user: User) -> Holding:
    key = store.scalars(select(Passkey).where(Passkey.user_id == user.id)).first() or make.add(store, passkey(user))
    mine = select(LoginSession).where(LoginSession.user_id == user.id)
    session = store.scalars(mine).first() or make.add(store, _session(user))
    return {"passkey": key.id, "session": session.id}


def _session(user: User) -> LoginSession:
    later = datetime.now(UTC) + timedelta(hours=1)
    return LoginSession(token_hash=new_id().hex, user_id=user.id, fmo_id=user.fmo_id, expires_at=later)


def _office(store: Session, office: Office, agency: Producer) -> Holding:
    fmo_id, slug = office.fmo.id, office.fmo.slug
    entry = AccessEntry(
        fmo_id=fmo_id,
        actor_id=office.admin.id,
        actor_name=f"Qactor{slug}",
        role="fmo_admin",
        action="policy.list",
        outcome="done",
        subject_kind="policy",
        subject_ids=[office.unattributed.id],
        member_ids=[office.stray.id],
    )
    held = HeldChange(
        fmo_id=fmo_id,
        id=new_id(),
        kind="file",
        title=f"Qheld{slug}",
        subject_id=office.feed_run.id,
        arguments={},
        effect={"base": 60, "pairs": [["1001001", "1003003", 55]]},
        digest="x",
        asked_by=office.admin.id,
        asked_name=office.admin.name,
    )
    outcome = BulkOutcome(
        fmo_id=fmo_id, id=new_id(), kind="resync", by_name=f"Qbulk{slug}", told={"started": [], "refused": []}
    )
    draft = connector_draft(office)
    rows: list[Base] = [
        draft,
        *_columns(office),
        entry,
        outcome,
        held,
        Outbox(fmo_id=fmo_id, job="run_sync", args=[str(fmo_id)], sent_at=datetime.now(UTC)),
        *_of_run(office),
        *single_sign_on.of_fmo(office.fmo),
        *_absence(office),
        FeedFile(
            fmo_id=fmo_id, run_id=office.feed_run.id, piece=0, body=encrypt("x", fmo_id=fmo_id, field="feed_file")
        ),
        FeedPrint(fmo_id=fmo_id, run_id=office.feed_run.id, piece=0, body=bytes(32)),
    ]
    reason = {"reason": f"Qreason{slug}"}
    refused = make.refused_row(store, office.feed_run, office.connector, f"Qcell{slug}", "Gone", **reason)
    refused.fixed = seal_cells([f"Qcell{slug}", "Active"], fmo_id)
    store.commit()
    alias = ValueAlias(
        fmo_id=fmo_id, id=new_id(), connector_id=office.connector.id, field="status", column_name="Status",
        column_key="status", occurrence=1, written="gone", shown=f"Qalias{slug}", replacement="terminated",
        decided_name=office.admin.name,
    )  # fmt: skip
    of_row = ValueAlias(
        fmo_id=fmo_id, id=new_id(), connector_id=office.connector.id, field="row", row_seal="f" * 64, occurrence=1,
        body=encrypt("[]", fmo_id=fmo_id, field="value_alias"), decided_name=office.admin.name,
        revoked_at=datetime.now(UTC),
    )  # fmt: skip
    rows += [alias, of_row]
    rows.append(
        HandAttribution(
            fmo_id=fmo_id, identity="f" * 64, carrier="humana", npn=agency.npn, producer_id=agency.id,
            given_name=office.admin.name,
        )
    )  # fmt: skip
    for officer in (office.admin, office.compliance, *office.staff.values()):
        rows += _of_user(officer)
    deputy = make.user(store, office.fmo, last_name=f"Qdeputy{slug}")
    asked = [
        emergency(who, account.business) for who, account in zip((office.admin, deputy), office.accounts, strict=False)
    ]
    rows += asked
    colleague = make.user(store, office.fmo, Role.FMO_STEWARD, last_name=f"Qcolleague{slug}")
    second = make.user(store, office.fmo, Role.COMPLIANCE, last_name=f"Qsecond{slug}")
    alarm = Alarm(fmo_id=fmo_id, id=new_id(), kind="volume", subject=str(colleague.id), facts={"reveals": [30, 2]})
    rows += [alarm, AlarmRound(fmo_id=fmo_id, id=fmo_id)]
    quarter, line = recertification(office, colleague)
    rows += [quarter, line]
    rows.append(OfficerNotice(fmo_id=fmo_id, officer_id=second.id, what="added", by_id=office.compliance.id))
    term, hold, archive = kept(office)
    rows += (of_file := written_file(office))
    log_file = of_file[0]
    for row in [*rows, term, hold, archive]:
        make.add(store, row)
    source = arrivals.sftp_source(store, office.connector, host=f"qhost{slug}.example")
    look = arrivals.look(store, source)
    arrivals.taken_file(store, source, office.feed_run, f"Qarrived{slug}.csv")
    arrivals.expectation(store, office.connector, 30)
    sealed = encrypt("x", fmo_id=fmo_id, field=FIELD)
    make.add(store, ConnectorDraftPiece(fmo_id=fmo_id, draft_id=draft.id, piece=0, body=sealed))
    case = disclosures.case(
        store, office.accounts[0].business, office.compliance, title=f"Qcase{slug}", every_policy=True
    )
    disclosures.notice(store, case, sent_to=f"Qdesk{slug}")
    disclosures.term(store, fmo_id, contact=f"Qdesk{slug}")
    disclosures.member_office(store, fmo_id, address=f"Qdesk{slug}")
    return {
        "breach_case": case.id,
        "entry": entry.id,
        "emergency": asked[0].id,
        "alarm": alarm.id,
        **reviews.of_office(store, office),
        "recertification": quarter.id,
        "recertification_line": line.id,
        "staff": colleague.id,
        "officer": second.id,
        "agency": agency.id,
        "connector": office.connector.id,
        "connector_draft": draft.id,
        "feed_run": office.feed_run.id,
        "source": source.id,
        "source_look": look.id,
        "held_change": held.id,
        "refused_row": refused.id,
        "value_alias": alias.id,
        "bulk_outcome": outcome.id,
        "fmo": fmo_id,
        "legal_hold": hold.id,
        "log_archive": archive.id,
        "log_file": log_file.id,
    }


def _of_run(office: Office) -> list[Base]:
    """What the office's feed run did, and an order to take it back."""
    mine = {"fmo_id": office.fmo.id, "run_id": office.feed_run.id}
    changed = {"subject_id": office.unattributed.id, "member_id": office.stray.id, "sort_key": office.stray.sort_key}
    told = {"status": ["pending", "active"], "mbi": [None, encrypt("9EG4TE5MK09", fmo_id=office.fmo.id, field="mbi")]}
    cell = {"place": 1, "sheet": "", "row": 2, "column_name": "Zip", "kind": "padded", "shape": "9999"}
    return [
        FeedEffect(**mine, **changed, kind="changed", told=told),
        FeedReading(fmo_id=office.fmo.id, id=office.feed_run.id, status="done", counts=[["Zip", "padded", 1]]),
        FeedAlteration(**mine, **cell),
        FeedUndo(**mine, shown="x", asked_by=office.admin.id, asked_name=office.admin.name),
    ]


def emergency(who: User, business: Business, session_id: UUID | None = None) -> EmergencyAccess:
    """An emergency access that lives; without a session of theirs it is only there to be seen by officers."""
    reason = f"Qbecause{who.last_name} has to help a client now"
    row = EmergencyAccess(fmo_id=who.fmo_id, id=new_id(), business_id=business.id, business_name=business.name)
    row.user_id, row.user_name, row.user_role, row.reason = who.id, who.name, who.role.value, reason
    row.session_id = session_id or new_id()
    return row


def recertification(office: Office, user: User) -> tuple[Recertification, RecertificationLine]:
    """A quarter's recertification under way, with a line that nobody has decided."""
    fmo_id, officer = office.fmo.id, office.compliance
    quarter = Recertification(fmo_id=fmo_id, id=new_id(), quarter="2026-Q1", roles={}, begun_by=officer.id)
    quarter.begun_name = officer.name
    line = RecertificationLine(fmo_id=fmo_id, id=new_id(), recertification_id=quarter.id, user_id=user.id)
    line.name, line.sort_key, line.email, line.role = user.name, user.name, user.email, user.role.value
    line.state, line.has_factor = user.state, False
    return quarter, line


def connector_draft(office: Office) -> ConnectorDraft:
    """A mapping under way, with an answer on every page."""
    fmo_id, slug = office.fmo.id, office.fmo.slug
    draft = ConnectorDraft(fmo_id=fmo_id, id=new_id(), file_name=f"Qsample{slug}.csv", size=1, made_by_name="Q")
    body = f"Name;Start;Number;Q{slug}\n".encode() + b"QUILL, A;2026-01-01;1;x\nQUILL, B;2026-01-01;2;y\n"
    mapping = Mapping(draft, examine(body), Answers())
    keep_seen(draft, mapping.seen)
    mapping.keep()
    return draft


def _columns(office: Office) -> list[Base]:
    """How the FMO's connector reads files, and a file that is frozen because its columns changed."""
    fmo_id, slug, connector_id = office.fmo.id, office.fmo.slug, office.connector.id
    layout = ConnectorLayout(fmo_id=fmo_id, connector_id=connector_id, version=1, body=layout_bodies()["humana"])
    layout.reason, layout.made_by_name = "columns", f"Qmaker{slug}"
    columns = [f"Qcolumn{slug}", "Status"]
    header = ConnectorHeader(fmo_id=fmo_id, connector_id=connector_id, header_id="x", columns=columns)
    header.accepted_by_name = f"Qmaker{slug}"
    drift = ColumnDrift(fmo_id=fmo_id, run_id=office.feed_run.id, connector_id=connector_id, sheet="", header_row=1)
    drift.columns_then, drift.columns_now, drift.proposals = columns, ["Status"], []
    drift.kinds_then, drift.kinds_now = {}, {}
    return [layout, header, drift]


def _absence(office: Office) -> list[Base]:
    day = office.unattributed.effective_date
    whole = DeclaredSet(
        fmo_id=office.fmo.id, connector_id=office.connector.id, is_full=True, words=[], number=1, keeps_ended=False
    )
    return [whole, PolicyAbsence(fmo_id=office.fmo.id, policy_id=office.unattributed.id, missing_from=day)]


def _of_user(user: User) -> list[Base]:
    later = datetime.now(UTC) + timedelta(hours=1)
    body = encrypt("nobody", fmo_id=user.fmo_id, field="search")
    return [
        SearchToken(fmo_id=user.fmo_id, user_id=user.id, body=body),
        Credential(fmo_id=user.fmo_id, id=user.id, password_hash="none"),
        TotpFactor(
            fmo_id=user.fmo_id,
            user_id=user.id,
            seed=encrypt("JBSWY3DPEHPK3PXP", fmo_id=user.fmo_id, field="totp_factor.seed"),
        ),
        RecoveryCode(fmo_id=user.fmo_id, user_id=user.id, slot=0, code_hash="none"),
        ProofCount(fmo_id=user.fmo_id, id=user.id),
        Invitation(fmo_id=user.fmo_id, user_id=user.id, wrong_tries=0),
        Letter(fmo_id=user.fmo_id, user_id=user.id, kind="email_changed", email=user.email),
        KnownBrowser(fmo_id=user.fmo_id, user_id=user.id, token_hash=f"known{user.id}"),
        _session(user),
        passkey(user),
        *single_sign_on.of_user(user),
        PasskeyChallenge(session_id=new_id(), purpose="second", user_id=user.id, challenge=b"x", expires_at=later),
    ]


def passkey(user: User) -> Passkey:
    """A passkey that no device has."""
    held = {"credential_id": new_id().bytes, "public_key": b"x", "sign_count": 0, "is_synced": False}
    return Passkey(fmo_id=user.fmo_id, id=new_id(), user_id=user.id, name=f"Qkey{user.first_name.lower()}", **held)


def _account(store: Session, office: Office, account: Account) -> Holding:
    entry = AccessEntry(
        fmo_id=office.fmo.id,
        business_id=account.business.id,
        actor_id=account.admin.id,
        actor_name=account.admin.name,
        role="agent_admin",
        action="crm_policy.list",
        outcome="done",
        run_id=account.run.id,
    )
    make.add(store, entry)
    npn = store.scalars(select(BusinessNpn).where(BusinessNpn.business_id == account.business.id)).first()
    assert npn is not None
    crm.sync_line(store, account.run, [account.people[0].policy.id])
    held = {"business": account.business.id, "business_npn": npn.id}
    return {**held, "sync_run": account.run.id, "activity": account.activity.id}


def _person(store: Session, office: Office, account: Account, person: Person) -> Holding:
    for row in _of_user(person.user):
        make.add(store, row)
    note = crm.note(store, person.contact, person.user, f"Qword{person.user.first_name.lower()}")
    person.marks.append(note.body)
    claim = crm.policy_claim(store, account.business, person.user, number=f"Qclaim{person.user.first_name.lower()}")
    person.marks.append(claim.number)
    line = make.identifier(store, person.producer, f"QID{person.user.first_name.upper()}")
    other = crm.contact(store, account.business, None, last_name=f"Qtyped{person.user.first_name.lower()}")
    other.made_by = person.user.id
    other.typed_mbi = encrypt("8EG4TE5MK08", fmo_id=account.business.fmo_id, field="mbi")
    store.commit()
    person.marks.append(f"Qtyped{person.user.first_name.lower()}")
    twin = crm.possible_duplicate(store, person.contact, other)
    merge = crm.contact_merge(store, person.contact, person.user)
    upload = crm.upload(store, account.business, person.user, f"Qfile{person.user.first_name.lower()}.csv")
    row = crm.upload_row(store, upload, other, last_name=f"Qtyped{person.user.first_name.lower()}")
    row.mbi = other.typed_mbi
    store.commit()
    person.marks.append(upload.file_name)
    make.add(store, _delivered(account, person))
    disclosures.recipient(store, account.business, contact=f"Qcontact{person.user.first_name.lower()}")
    judged = encrypt("Qjudged", fmo_id=office.fmo.id, field="misdelivery.note")
    doubt = disclosures.misdelivery(store, person.crm_policy, note=judged)
    struck = {"struck_reason": encrypt("Qstruck", fmo_id=office.fmo.id, field="recorded_disclosure.struck")}
    told = disclosures.recorded(
        store, person.member, office.compliance, f"Qcourt{person.user.first_name.lower()}", **struck
    )
    asked = disclosures.request(store, person.member, office.compliance, f"Qelm{person.user.first_name.lower()}")
    left = crm.left_policy(store, person.crm_policy, last_name=f"Qleft{person.user.first_name.lower()}")
    person.marks.append(left.last_name or "")
    return {
        "agent": person.producer.id,
        "identifier": line.id,
        "user": person.user.id,
        "member": person.member.id,
        "policy": person.policy.id,
        "contact": person.contact.id,
        "crm_policy": person.crm_policy.id,
        "note": note.id,
        "claim": claim.id,
        "duplicate": twin.id,
        "contact_merge": merge.id,
        "upload": upload.id,
        "upload_row": row.id,
        "misdelivery": doubt.id,
        "recorded_disclosure": told.id,
        "accounting_request": asked.id,
    }


def _delivered(account: Account, person: Person) -> AccessEntry:
    """The entry that a run leaves of a delivery."""
    row = AccessEntry(fmo_id=account.business.fmo_id, business_id=account.business.id, run_id=account.run.id)
    row.actor_name, row.role, row.action, row.outcome = "Sync", "system", "policy.disclosed", "done"
    row.subject_kind, row.subject_ids, row.reason = "policy", [person.policy.id], "operations"
    row.member_ids = [person.member.id]
    return row


def _actors(world: World, helper: User) -> list[Actor]:
    summit, lakeside = world.summit, world.lakeside
    amy, nora, pat, lee = (tuple(a.marks) for a in (world.amy, world.nora, world.pat, world.lee))
    # What agents type is theirs: their FMO does not read it either.
    typed = tuple(m for a in summit.accounts for m in a.marks if m.startswith(("Qnote", "Qword", "Qtyped", "Qfile")))
    # Whom one shares an account with has a name, and the account has one too.
    named = (world.harbor.business.name, "Qagentpat", world.harbor.activity.summary)
    of_pat = tuple(mark for mark in pat if mark not in named)
    book = (
        *summit.marks,
        "Qoutsidesummit",
        "QSANSUMMIT",
        "Qproblemsummit",
        "Qheldsummit",
        "Qreasonsummit",
        "Qcellsummit",
        "Qaliassummit",
        "Qcolumnsummit",
        "Qsamplesummit",
        "Qmakersummit",
        "Qconnectorsummit",
        "qhostsummit",
        "qissuersummit",
        "qclientsummit",
        "Qactorsummit",
    )
    # The address that a stranger asked for stands in the link back to it; an officer's log names what was asked for.
    words = tuple(mark for mark in (*summit.marks, *lakeside.marks) if mark.startswith("Q"))
    of_lakeside = tuple(mark for mark in lakeside.marks if mark.startswith("Q"))
    of_summit = tuple(mark for mark in book if mark.startswith("Q"))
    strangers_book = (
        *lakeside.marks,
        "Qoutsidelakeside",
        "QSANLAKESIDE",
        "Qproblemlakeside",
        "Qheldlakeside",
        "Qreasonlakeside",
        "Qcelllakeside",
        "Qaliaslakeside",
        "Qcolumnlakeside",
        "Qsamplelakeside",
        "Qmakerlakeside",
        "qhostlakeside",
        "qissuerlakeside",
        "qclientlakeside",
        "Qbulklakeside",
        "Qactorlakeside",
    )
    # Who gets counts reads nothing of a member, not even of their own FMO: no name, number, plan, or id of a record.
    accounts = [mark for account in summit.accounts for mark in account.marks]
    called = ("Qagent", "Qbusiness", "Qactivity")  # agents, their accounts, and what the FMO logged about them
    of_members = tuple(mark for mark in (summit.stray.last_name, *accounts) if not mark.startswith(called))
    unseen = (
        *of_members,
        "Qproblemsummit",
        "Qcellsummit",
        "Qaliassummit",
        "Qsamplesummit",
        "QUsummit",
        *strangers_book,
    )
    # The account that somebody has emergency access to is no secret to them, but what was noted in it is.
    closed = tuple(mark for mark in unseen if mark not in amy or mark.startswith("Qword"))
    downline = ("Qoutsidesummit", "QSANSUMMIT", "Qactivityamy", "Qrecordamy")
    return [
        Actor("stranger", None, "amy", ("nora", "lou"), words),
        Actor("agent", world.amy.admin, "amy", ("nora", "pat", "lou"), (*nora, *pat, *lee, *strangers_book)),
        Actor("neighbour", world.nora.admin, "nora", ("amy", "lou"), (*amy, *pat, *lee, *strangers_book)),
        Actor("limited", world.lee.user, "lee", ("pat", "nora", "lou"), (*amy, *nora, *of_pat, *strangers_book)),
        Actor("whole account", world.ali, "pat", ("amy", "lou"), (*amy, *nora, *strangers_book)),
        Actor("admin", summit.admin, "amy", ("lou",), (*typed, *strangers_book)),
        Actor("support", summit.staff[Role.FMO_SUPPORT], "amy", ("lou",), unseen),
        Actor("steward", summit.staff[Role.FMO_STEWARD], "amy", ("lou",), (*typed, *strangers_book)),
        Actor("users", summit.staff[Role.FMO_USERS], "amy", ("lou",), (*unseen, *downline)),
        Actor("other admin", lakeside.admin, "lou", ("amy", "pat"), book),
        Actor("other agent", world.lou.admin, "lou", ("amy",), book),
        Actor("emergency", helper, "amy", ("lou",), closed, world.amy.business),
        Actor("compliance", summit.compliance, "amy", ("lou",), (*typed, *of_lakeside)),
        Actor("other compliance", lakeside.compliance, "lou", ("amy",), of_summit),
    ]
