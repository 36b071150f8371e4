"""The rows that the run before took, by their prints: those of the file at work that are among them are not read.

What the file before told stands in its order, and files mostly keep theirs: a window moves along both, so that memory
stays the same however large they are. A row whose print is out of sight is read, which is slower and never wrong.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from struct import Struct
from uuid import UUID

from portal.book.statements import prints
from portal.core.crypto import keyed_hash

WINDOW = 32_768  # prints that come into sight at once
IN_SIGHT = 3  # so many times as many are in sight together
FIELD = "feed_row"
_PRINT = Struct(f"{prints.HASH}s{prints.SIZE - prints.HASH}s")
_POLICY = Struct(f"{prints.SIZE - 16}x16s")


class KnownRows:
    """A `portal.connectors.known.Known` over the prints of one run, or over nothing.

    `left_out` are policies whose rows must be read: somebody has changed them since, or the file tells them twice.
    """

    def __init__(self, fmo_id: UUID, folder: Path, run_id: UUID | None = None, left_out: Collection[UUID] = ()) -> None:
        self._fmo_id = fmo_id
        self._before, self._kept = folder / "before", folder / "kept"
        self._before.touch()
        self._left_out = {one.bytes for one in left_out}
        if run_id is not None:
            prints.write_to(self._before, fmo_id, run_id)
        self._begin()

    def _begin(self) -> None:
        self._kept.write_bytes(b"")
        self.pieces: list[int] = []  # how many prints each batch of the file has kept
        self.passed, self.unattributed = 0, 0
        self._batch: list[bytes] = []
        self._sight: dict[bytes, bytes] = {}
        self._came: deque[list[bytes]] = deque()
        self._read, self._shown = 0, 0
        self._show()

    def again(self, read: Collection[UUID]) -> None:
        """Begin anew with the file, the rows of these policies among those that are read."""
        self._left_out |= {one.bytes for one in read}
        self._begin()

    def prints(self, reading: str) -> Callable[[bytes], bytes]:
        """As `portal.connectors.known.Known`."""
        key = bytes.fromhex(keyed_hash(reading, fmo_id=self._fmo_id, field=FIELD))
        begun = blake2b(digest_size=prints.HASH, key=key)

        def print_of(row: bytes) -> bytes:
            one = begun.copy()
            one.update(row)
            return one.digest()

        return print_of

    def has(self, sign: bytes) -> bool:
        """As `portal.connectors.known.Known`; a print that it has is from then on one of the run at work."""
        found = self._sight.pop(sign, None)
        if found is None or (self._left_out and found[1:] in self._left_out):
            return False
        self._batch.append(sign + found)
        return True

    def end_batch(self, rows: int) -> None:
        """So many rows of the file were asked for since the last batch."""
        with self._kept.open("ab") as file:
            file.write(b"".join(self._batch))
        self.passed += len(self._batch)
        self.unattributed += sum(one[prints.HASH] == prints.NOBODYS for one in self._batch)
        self.pieces.append(len(self._batch))
        self._batch.clear()
        self._read += rows
        self._show()

    def _show(self) -> None:
        """Bring prints into sight until some beyond the row at work are, and let the oldest go."""
        while self._read + WINDOW > self._shown:
            with self._before.open("rb") as file:
                file.seek(self._shown * prints.SIZE)
                come = dict(_PRINT.iter_unpack(file.read(WINDOW * prints.SIZE)))
            self._shown += WINDOW
            self._sight.update(come)
            self._came.append(list(come))
            if len(self._came) > IN_SIGHT:
                for sign in self._came.popleft():
                    self._sight.pop(sign, None)

    def kept(self) -> Iterator[tuple[int, bytes]]:
        """(batch, prints) of the rows that were passed over."""
        with self._kept.open("rb") as file:
            for batch, count in enumerate(self.pieces):
                if count:
                    yield batch, file.read(count * prints.SIZE)

    def among(self, policies: Collection[UUID]) -> set[UUID]:
        """Those of `policies` of which a row was passed over."""
        wanted = {one.bytes: one for one in policies}
        told = chain.from_iterable(_POLICY.iter_unpack(body) for _, body in self.kept())
        return {wanted[one] for (one,) in told if one in wanted}
