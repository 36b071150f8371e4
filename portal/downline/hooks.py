"""What upper rooms want to know, or to have a say in, when the downline changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from portal.downline.models import Producer

CrosswalkChanged = Callable[[str, str, str], None]
NpnGuard = Callable[[Producer], str | None]

_crosswalk: list[tuple[CrosswalkChanged, Callable[[], bool] | None]] = []
_guards: list[NpnGuard] = []


def on_crosswalk_changed(changed: CrosswalkChanged, *, concerned: Callable[[], bool] | None = None) -> None:
    """Call `changed(carrier, kind, value)` in the transaction of each change of the crosswalk, once per distinct value.

    `value` is what is compared: canonical text, for a TIN the keyed hash. `concerned` is asked once before each round;
    where it says no (no policies that could move), the round is left out.
    """
    if all(known is not changed for known, _ in _crosswalk):
        _crosswalk.append((changed, concerned))


def crosswalk_changed(values: Iterable[tuple[str, str, str]]) -> None:
    """Tell everybody who asked that what these (carrier, kind, value) mean may have changed."""
    distinct = sorted(set(values))
    for changed, concerned in _crosswalk:
        if concerned is None or concerned():
            for carrier, kind, value in distinct:
                changed(carrier, kind, value)


def guard_npn(refuses: NpnGuard) -> None:
    """Ask `refuses(producer)` before its NPN is changed: a sentence that says why not, or None."""
    if refuses not in _guards:
        _guards.append(refuses)


def npn_refusal(producer: Producer) -> str | None:
    """Why the NPN of this record may not be changed, or None."""
    return next((said for guard in _guards if (said := guard(producer))), None)
