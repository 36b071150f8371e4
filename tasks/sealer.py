"""The sealer: `python -m tasks.sealer`. Seals what the log got in the last minute, tells witnesses; daily
verifies it, and ends the months that are past their term.

Of several only one works on a chain at a time (an advisory lock of the transaction), so that there may be two. Asked to
stop it does a last round.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError

from portal.compliance.days import operations as days
from portal.compliance.retention import ending
from portal.compliance.seals import operations, runs, store, witnesses
from portal.compliance.seals.witnesses import Told
from portal.config import load_settings
from portal.core import clock
from portal.identity import mail
from portal.runtime import starting
from tasks.jobs import application

log = logging.getLogger("portal.sealer")
EVERY = 60.0
EVERYTHING_EVERY = 86400.0  # seconds; it reads the whole log, and what it is for commits a day late
TELL_EVERY = 3600.0  # a mail for each minute would be read by nobody
AGAIN_AFTER = 2.0  # seconds, where the database was away

MAIL_SUBJECT = "Seals of the access log"
MAIL_TEXT = """\
Keep this mail. Each line names the newest seal of one log: its chain, number, hash and time. No line tells of anybody.

{lines}

Whether the log still is what was sealed then:

    flask log verify --anchor FILE

where FILE holds this and other mails, in any form.
"""


class Sealer:
    """The loop; `stop` ends it after a last round. Make it inside the application's context."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._everything = 0.0
        self._witnesses = Witnesses()
        # Beside the sealing, which neither a long log nor a mail server that does not answer may hold up.
        self._beside: dict[Callable[[], object], threading.Thread] = {}

    def stop(self, *_: int | FrameType | None) -> None:
        """Ask the loop to end."""
        self._stopped.set()

    def run(self) -> None:
        """Work until stopped; a database that is away is waited for."""
        while not self._stopped.is_set():
            self._stopped.wait(EVERY if self.round() else AGAIN_AFTER)
            self._run_beside(_daily)
            self._run_beside(self._witnesses.tell)
        self.round()

    def round(self) -> bool:
        """Seal what waits; False where the database is away."""
        now = time.monotonic()
        everything = not self._everything or now - self._everything > EVERYTHING_EVERY
        try:
            operations.seal_all(everything=everything)
        except SQLAlchemyError as error:
            log.warning("The database is away (%s); trying again.", type(error).__name__)
            return False
        if everything:
            self._everything = now
        return True

    def _run_beside(self, work: Callable[[], object]) -> None:
        """What is broken off when the sealer stops is begun anew."""
        last = self._beside.get(work)
        if not (self._stopped.is_set() or (last and last.is_alive())):
            self._beside[work] = threading.Thread(target=work, daemon=True)
            self._beside[work].start()


class Witnesses:
    """Who is told, at the start and every hour, which seals are the newest; what was told once is not told again."""

    def __init__(self) -> None:
        self._told: dict[str, list[Told]] = {}
        self._due: dict[str, float] = {}

    def tell(self) -> None:
        """Tell those who are due of what is new; who cannot be reached is tried again the next time."""
        places = load_settings().anchor
        if not (places.mail or places.store):
            return
        try:
            with application().app_context():
                newest = witnesses.newest()
        except SQLAlchemyError as error:
            log.warning("The witnesses of the log could not be told (%s).", type(error).__name__)
            return
        if places.store:
            self._tell("store", newest, store.put)
        if places.mail:
            self._tell("mail", newest, partial(_mail, places.mail))

    def _tell(self, place: str, newest: list[Told], say: Callable[[list[Told]], None]) -> None:
        fresh = [one for one in newest if one not in self._told.get(place, [])]
        if not fresh or time.monotonic() < self._due.get(place, 0.0):
            return
        try:
            say(fresh)
        except OSError as error:  # of ours; its text names neither secrets nor people
            log.error("The newest seals of the log could not be told to the anchor's %s: %s.", place, error)
            return
        self._told[place], self._due[place] = newest, time.monotonic() + TELL_EVERY


def _mail(to: str, fresh: list[Told]) -> None:
    mail.deliver(mail.of_the_portal(to, MAIL_SUBJECT, MAIL_TEXT.format(lines="\n".join(one.line for one in fresh))))


def _daily() -> None:
    for work, done in ((_verify_and_retain, "verified"), (days.count_all, "counted day by day")):
        try:
            with application().app_context():
                work()
        except SQLAlchemyError as error:
            log.warning("The log could not be %s (%s).", done, type(error).__name__)


def _verify_and_retain() -> None:
    if runs.daily():
        _retain()


def _retain() -> None:
    for step in ending.run(clock.now()):
        if step.state == ending.REFUSED:
            log.error("The month %s of the log cannot be ended. %s", step.month, step.why)


def main() -> None:
    """Seal until told to stop."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    starting.or_exit()
    with application().app_context():
        sealer = Sealer()
        signal.signal(signal.SIGTERM, sealer.stop)
        signal.signal(signal.SIGINT, sealer.stop)
        sealer.run()


if __name__ == "__main__":
    main()
