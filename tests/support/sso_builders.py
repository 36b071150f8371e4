"""Rows of single sign-on for tests, one function for everything that an FMO and its people have of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portal.core.crypto import encrypt
from portal.core.ids import new_id
from portal.core.models import Base
from portal.identity.models import Fmo, User
from portal.identity.sso.models import SsoFlow, SsoIdentity, SsoLogoutToken, SsoProvider, SsoSession
from portal.identity.sso.queries import SECRET_FIELD


def of_fmo(fmo: Fmo) -> list[Base]:
    """A provider that is set up and not offered, and a logout token that was obeyed."""
    issuer, later = f"https://qissuer{fmo.slug}.example", datetime.now(UTC) + timedelta(hours=1)
    sealed = encrypt("a secret", fmo_id=fmo.id, field=SECRET_FIELD)
    return [
        SsoProvider(fmo_id=fmo.id, id=new_id(), issuer=issuer, client_id=f"qclient{fmo.slug}", secret=sealed),
        SsoLogoutToken(fmo_id=fmo.id, id=new_id(), jti_hash="x", expires_at=later),
    ]


def of_user(user: User) -> list[Base]:
    """A link, a session that the provider vouched for, and a browser that is away."""
    later = datetime.now(UTC) + timedelta(hours=1)
    secret = encrypt("x", fmo_id=user.fmo_id, field="sso.flow")
    token = encrypt("a token", fmo_id=user.fmo_id, field="sso.id_token")
    away = {"purpose": "link", "nonce": secret, "verifier": secret, "expires_at": later}
    subject = {"issuer": "https://qissuer.example", "subject": f"qsubject{user.id.hex}"}
    return [
        SsoIdentity(fmo_id=user.fmo_id, id=new_id(), user_id=user.id, **subject),
        SsoSession(fmo_id=user.fmo_id, id=new_id(), user_id=user.id, sid="x", id_token=token, **subject),
        SsoFlow(fmo_id=user.fmo_id, id=new_id(), user_id=user.id, issuer=subject["issuer"], **away),
    ]
