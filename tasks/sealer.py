"""The sealer: `python -m tasks.sealer`. Seals what the log got in the last minute, and verifies it daily.

Of several only one works on a chain at a time (an advisory lock of the transaction), so that there may be two. Asked to
stop it does a last round.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError

from portal.compliance.seals import operations, runs
from portal.runtime import starting
from tasks.jobs import application

log = logging.getLogger("portal.sealer")
EVERY = 60.0
EVERYTHING_EVERY = 86400.0  # seconds; it reads the whole log, and what it is for commits a day late
AGAIN_AFTER = 2.0  # seconds, where the database was away


class Sealer:
    """The loop; `stop` ends it after a last round. Make it inside the application's context."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._everything = 0.0
        self._verifying: threading.Thread | None = None

    def stop(self, *_: int | FrameType | None) -> None:
        """Ask the loop to end."""
        self._stopped.set()

    def run(self) -> None:
        """Work until stopped; a database that is away is waited for."""
        while not self._stopped.is_set():
            self._stopped.wait(EVERY if self.round() else AGAIN_AFTER)
            self._verify()
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

    def _verify(self) -> None:
        """Beside the sealing, which a long log must not hold up; what is broken off is begun anew."""
        if not (self._stopped.is_set() or (self._verifying and self._verifying.is_alive())):
            self._verifying = threading.Thread(target=_daily, daemon=True)
            self._verifying.start()


def _daily() -> None:
    try:
        with application().app_context():
            runs.daily()
    except SQLAlchemyError as error:
        log.warning("The log could not be verified (%s).", type(error).__name__)


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
