"""What upper rooms do when an NPN leaves a Business."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

NpnLeft = Callable[[UUID, str], int]
NpnCount = Callable[[UUID, str], int]

_left: list[NpnLeft] = []
_counts: list[NpnCount] = []


def on_npn_left(release: NpnLeft) -> None:
    """Call `release(business_id, npn)` in the transaction that ends the NPN; it answers how many policies left."""
    if release not in _left:
        _left.append(release)


def npn_left(business_id: UUID, npn: str) -> int:
    """Tell everybody who asked; how many policies left the account."""
    return sum(release(business_id, npn) for release in _left)


def count_policies_with(count: NpnCount) -> None:
    """Ask `count(business_id, npn)` for the policies under that NPN in the account, before it is removed."""
    if count not in _counts:
        _counts.append(count)


def policies_under(business_id: UUID, npn: str) -> int | None:
    """How many policies of the account stand under `npn`; None when nobody counts."""
    return sum(count(business_id, npn) for count in _counts) if _counts else None
