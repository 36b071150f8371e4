"""Codes of an authenticator app (RFC 6238): six digits, thirty seconds, one step of patience on either side."""

from __future__ import annotations

import hmac
from datetime import datetime
from io import BytesIO

import pyotp
import segno
from markupsafe import Markup

STEP = 30
WINDOW = 1


def new_seed() -> str:
    """A seed of 160 random bits, as apps take it (base32)."""
    return pyotp.random_base32()


def address(seed: str, *, email: str, issuer: str) -> str:
    """What the QR code says: seed, whose it is, and where."""
    return pyotp.TOTP(seed, interval=STEP).provisioning_uri(name=email, issuer_name=issuer)


def picture(text: str) -> Markup:
    """A QR code of `text` as inline SVG, dark on light in every colour scheme: cameras want it so."""
    drawn = BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(
        drawn, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, dark="#000", light="#fff", svgclass="qr"
    )
    return Markup(drawn.getvalue().decode())  # nosec B704  # shapes that segno drew; no text of anybody's is in it


def groups(seed: str) -> str:
    """The seed in groups of four, for who types it."""
    return " ".join(seed[at : at + 4] for at in range(0, len(seed), 4))


def step_of(seed: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is, within the window, or None. Every step is compared, so that none is faster."""
    made = pyotp.TOTP(seed, interval=STEP)
    present = int(now.timestamp()) // STEP
    found = None
    for step in range(present - WINDOW, present + WINDOW + 1):
        if hmac.compare_digest(made.generate_otp(step), code):
            found = step
    return found


def digits(text: str | None) -> str:
    """What was typed without blanks."""
    return "".join((text or "").split())
