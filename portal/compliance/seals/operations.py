"""Sealing: entries that stand in no seal get one, batch by batch, and every seal its line in the anchor.

By membership and never by a range of ids or times: what a long transaction commits late goes into a later seal. Each
step is one transaction under the chain's lock, so that a second sealer finds nothing to do and a killed one leaves
nothing half. The anchor is written after the commit; a line that is missing after a crash is added by the next round.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from portal.compliance.seals import anchor, lines, merkle, statements
from portal.compliance.seals.chain import BEGIN, Link, signed
from portal.compliance.seals.scopes import chains, sealing
from portal.core.session import TenantSession, open_session

log = logging.getLogger("portal.sealer")
BATCH = 1000  # entries in one seal
STEP = 10 * BATCH  # entries in one transaction
LOOK_BACK = timedelta(hours=26)  # whatever commits later than this is sealed by the next round over everything
EVER = datetime(1, 1, 2, tzinfo=UTC)


def seal_all(*, everything: bool) -> int:
    """One round over every chain; the number of entries that were sealed. `everything`: however old they are."""
    return sum(seal(chain, everything=everything) for chain in chains())


def seal(chain: UUID, *, everything: bool) -> int:
    """Seal what waits in one chain; 0 also where another sealer is at it."""
    sealed, after = 0, (EVER, UUID(int=0))
    while True:
        with open_session(sealing(chain)) as session:
            if not statements.lock(session, chain):
                return sealed
            begun = statements.now(session)
            since = EVER if everything else begun - LOOK_BACK
            rows = statements.unsealed(session, chain, since=since, after=after, limit=STEP)
            _add(session, chain, rows, begun)
        _anchor(chain)
        sealed += len(rows)
        if len(rows) < STEP:
            return sealed
        after = (rows[-1][0], UUID(rows[-1][1 + lines.columns(chain).index("id")]))


def _add(session: TenantSession, chain: UUID, rows: Sequence[Sequence[Any]], begun: datetime) -> None:
    names = lines.columns(chain)
    own = 1 + names.index("id")
    n, previous = _end(session, chain)
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        leaves = [merkle.leaf(lines.line(names, row[1:])) for row in batch]
        last = start + BATCH >= len(rows) and len(rows) < STEP
        n += 1
        root, span = merkle.root(leaves), (batch[0][0], batch[-1][0])
        made = signed(Link(chain, n, begun, len(batch), *span, last, root, previous))
        members = [(row[own], merkle.mark(one)) for row, one in zip(batch, leaves, strict=True)]
        statements.add(session, made, members)
        previous = made.hash


def _end(session: TenantSession, chain: UUID) -> tuple[int, bytes]:
    """Number and hash on which the next seal follows: of what is anchored, where newer seals are gone.

    So a tail that somebody cut off stays a gap that every verification names.
    """
    held = statements.newest(session, chain)
    try:
        anchored = anchor.last(chain)
    except OSError:
        anchored = None  # said when its line is to be written
    if anchored is not None and (held is None or anchored.n > held.n):
        return anchored.n, anchored.hash
    return (held.n, held.hash) if held is not None else (0, BEGIN)


def _anchor(chain: UUID) -> None:
    try:
        newest = anchor.last(chain)
        with open_session(sealing(chain)) as session:
            fresh = list(statements.seals_after(session, chain, newest.n if newest else 0))
        if fresh:
            anchor.append(chain, fresh)
    except OSError as error:
        # Sealing goes on; the verification says that the anchor is behind.
        log.error("The anchor of the log's seals cannot be written (%s).", error.strerror or type(error).__name__)
