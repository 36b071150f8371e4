"""The jobs, each two lines: open the scope, call the room's operation. Only these can be run by a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from uuid import UUID

from flask import Flask
from sqlalchemy import text

from portal.book.arrival.operations import look
from portal.book.operations import run_feed
from portal.book.report.operations import read_altered as find_altered
from portal.book.undoing import operations as undoing
from portal.compliance.alarms import watching
from portal.compliance.exports import making as log_files
from portal.compliance.reviews import computing as reviewing
from portal.compliance.seals.runs import carry_out
from portal.core import access
from portal.core.scope import Login, Role, Scope, acting
from portal.core.session import open_session
from portal.crm.duplicates import finding
from portal.extensions import db
from portal.factory import create_app
from portal.home import review_mail
from portal.identity.emergency import mail as emergency
from portal.identity.factors.mail import tell_change
from portal.identity.letters import sending as letters
from portal.identity.mail import order_again
from portal.identity.mail import send_invitation as mail_invitation
from portal.identity.staff import alarms as alarm_mails
from portal.identity.staff import notices
from portal.sync.operations import execute, follow

_DONE = text("UPDATE outbox SET done_at = now() WHERE id = :id")


_one_at_a_time = Lock()
_made = cache(create_app)


def application() -> Flask:
    """The application of this process: one, whichever of its threads asks first."""
    with _one_at_a_time:
        return _made()


def system_scope(fmo_id: str, business_id: str | None = None, run_id: str | None = None) -> Scope:
    """The scope in which a job of one FMO works, narrowed to one Business where it is named."""
    return Scope(
        login=Login.JOBS,
        role=Role.SYSTEM,
        fmo_id=UUID(fmo_id),
        business_id=UUID(business_id) if business_id else None,
        run_id=UUID(run_id) if run_id else None,
        actor_name="Portal jobs",
    )


@contextmanager
def work(scope: Scope) -> Iterator[None]:
    """A transaction of its own for a small job: log entries are written with it, and nothing without them."""
    with application().app_context(), acting(scope):
        try:
            yield
            access.write_entries()
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise


def mark_done(outbox_id: UUID) -> None:
    """Note that the job of an outbox row ended by itself, well or not: it is not lost, and not sent again."""
    everywhere = Scope(login=Login.JOBS, role=Role.SYSTEM, actor_name="Portal jobs")
    with application().app_context(), open_session(everywhere) as session:
        session.execute(_DONE, {"id": outbox_id})


def run_sync(fmo_id: str, business_id: str, run_id: str) -> None:
    """Copy the policies of one Business, as its run says."""
    with application().app_context(), acting(system_scope(fmo_id, business_id, run_id)):
        execute(UUID(run_id))


def load_feed(fmo_id: str, run_id: str) -> None:
    """Load the file of one feed run into the book."""
    with application().app_context(), acting(system_scope(fmo_id, run_id=run_id)):
        run_feed(UUID(run_id))


def look_at_source(fmo_id: str, look_id: str) -> None:
    """Look at a place from which files are taken."""
    with application().app_context(), acting(system_scope(fmo_id)):
        look(UUID(look_id))


def send_invitation(fmo_id: str, invitation_id: str) -> None:
    """Mail one invitation with a fresh single-use link; a mail server that is away is asked again later."""
    try:
        with work(system_scope(fmo_id)):
            mail_invitation(UUID(invitation_id))
    except OSError:  # smtplib's errors are such too
        with work(system_scope(fmo_id)):
            order_again(UUID(invitation_id))
        raise


def tell_emergency(fmo_id: str, access_id: str) -> None:
    """Tell the compliance officers of an emergency access; a mail server that is away is asked again later."""
    try:
        with work(system_scope(fmo_id)):
            emergency.tell(UUID(access_id))
    except OSError:  # smtplib's errors are such too
        with work(system_scope(fmo_id)):
            emergency.order_again(UUID(access_id))
        raise


def tell_factor_change(fmo_id: str, user_id: str, what: str, tries: str = "0") -> None:
    """Mail somebody that their second factors changed; a mail server that is away is asked again later."""
    with work(system_scope(fmo_id)):
        tell_change(UUID(user_id), what, tries=int(tries))


def send_letter(fmo_id: str, letter_id: str) -> None:
    """Mail one letter to somebody who has an account; a mail server that is away is asked again later."""
    try:
        with work(system_scope(fmo_id)):
            letters.send_letter(UUID(letter_id))
    except OSError:
        with work(system_scope(fmo_id)):
            letters.order_again(UUID(letter_id))
        raise


def tell_officers(fmo_id: str, notice_id: str) -> None:
    """Tell every compliance officer what was changed for one of them; a mail server that is away is asked again."""
    try:
        with work(system_scope(fmo_id)):
            notices.tell(UUID(notice_id))
    except OSError:
        with work(system_scope(fmo_id)):
            notices.order_again(UUID(notice_id))
        raise


def find_duplicates(fmo_id: str, business_id: str) -> None:
    """Look for possible duplicates among one Business's contacts."""
    with work(system_scope(fmo_id, business_id)):
        finding.find_duplicates(UUID(business_id))


def follow_book(fmo_id: str) -> None:
    """Ask for runs of the continuous Businesses that the book has something new for."""
    with work(system_scope(fmo_id)):
        follow()


def undo_feed(fmo_id: str, order_id: str) -> None:
    """Take one feed run back, as ordered."""
    with work(system_scope(fmo_id)):
        undoing.undo_feed(UUID(order_id))


def read_altered(fmo_id: str, run_id: str) -> None:
    """Read one run's file again for what was read otherwise than it is spelled."""
    with work(system_scope(fmo_id)):
        find_altered(UUID(run_id))


def verify_log(fmo_id: str, check_id: str) -> None:
    """Verify the log of one FMO, as asked for."""
    with application().app_context():
        carry_out(UUID(fmo_id), UUID(check_id))


def watch_alarms(fmo_id: str) -> None:
    """Look whether something of one FMO is alarming, and keep what was found."""
    with application().app_context():
        found = watching.look(UUID(fmo_id))
    with work(system_scope(fmo_id)):
        watching.keep(found)


def mail_alarms(fmo_id: str) -> None:
    """Tell the compliance officers of new alarms; a mail server that is away is asked again later."""
    try:
        with work(system_scope(fmo_id)):
            alarm_mails.tell()
    except OSError:
        with work(system_scope(fmo_id)):
            alarm_mails.order_again()
        raise


def compute_review(fmo_id: str, review_id: str) -> None:
    """Compute the findings of a review, in the name of the officer who asked for it."""
    with application().app_context():
        by = reviewing.asker(UUID(fmo_id), UUID(review_id))
    if by is not None:
        with work(by):
            reviewing.compute(UUID(review_id))


def remind_of_review(fmo_id: str, reminder_id: str) -> None:
    """Tell the compliance officers that a review is overdue; a mail server that is away is asked again later."""
    try:
        with work(system_scope(fmo_id)):
            review_mail.remind(UUID(reminder_id))
    except OSError:
        with work(system_scope(fmo_id)):
            review_mail.order_again(UUID(reminder_id))
        raise


def write_log_file(fmo_id: str, file_id: str) -> None:
    """Make one file of the access log, as asked for."""
    with application().app_context():
        log_files.write(UUID(fmo_id), UUID(file_id))


ALLOWED: dict[str, Callable[..., None]] = {
    "run_sync": run_sync,
    "load_feed": load_feed,
    "look_at_source": look_at_source,
    "undo_feed": undo_feed,
    "read_altered": read_altered,
    "verify_log": verify_log,
    "watch_alarms": watch_alarms,
    "mail_alarms": mail_alarms,
    "compute_review": compute_review,
    "remind_of_review": remind_of_review,
    "write_log_file": write_log_file,
    "send_invitation": send_invitation,
    "tell_emergency": tell_emergency,
    "tell_factor_change": tell_factor_change,
    "send_letter": send_letter,
    "tell_officers": tell_officers,
    "find_duplicates": find_duplicates,
    "follow_book": follow_book,
}
