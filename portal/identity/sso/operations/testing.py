"""Whether the configured provider works, step by step, in words for whoever set it up."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from authlib.integrations.base_client import OAuthError
from requests import RequestException, Session

from portal.core import access, clock, scope
from portal.core.session import open_session
from portal.extensions import db
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso import events, queries
from portal.identity.sso.calling import ask, mount
from portal.identity.sso.models import SsoProvider
from portal.identity.sso.refusals import Refused
from portal.identity.sso.talking import Party, address, client, discovered, fetched_keys, forget

REGISTER = "Register {} with the provider as the address that people come back to."


@dataclass(frozen=True, slots=True)
class Line:
    """One step: what was looked at, whether it is right, and what to know or do."""

    what: str
    good: bool
    says: str

    def as_row(self) -> dict[str, Any]:
        """As it is kept."""
        return {"what": self.what, "good": self.good, "says": self.says}


def test(fmo_id: Any) -> tuple[Party, list[Line]]:
    """Ask the FMO's provider everything that a sign-in needs; no transaction stands open meanwhile."""
    with open_session(IDENTITY_SCOPE) as work:
        provider = queries.provider_of(work, fmo_id)
        if provider is None:
            raise Refused("no provider", "There is no provider to test yet.")
        party = queries.party_of(provider)
    forget(party)
    lines: list[Line] = []
    with mount(Session()) as session:
        try:
            metadata = discovered(session, party.issuer)
            lines.append(Line("Description", True, "The provider answers at its issuer and offers what is needed."))
        except (Refused, RequestException) as error:
            return party, [Line("Description", False, _words(error))]
        try:
            count = len(fetched_keys(session, metadata).keys)
            says = f"{count} key{'s' if count > 1 else ''} with which it signs could be read."
            lines.append(Line("Keys", True, says))
        except (Refused, RequestException) as error:
            lines.append(Line("Keys", False, _words(error)))
        lines += [_sign_in(session, party, metadata), _secret(party, metadata), _sign_out(metadata)]
    return party, lines


def keep(party: Party, lines: list[Line]) -> bool:
    """Note what a test found, if what was tested still holds; whether all was right."""
    provider = db.session.scalars(queries.own().with_for_update().execution_options(populate_existing=True)).one()
    good = all(line.good for line in lines)
    if (provider.issuer, provider.client_id) != (party.issuer, party.client_id):
        return False
    _note(provider, lines, good)
    wrong = [line.what for line in lines if not line.good]
    access.record(events.PROVIDER_TEST, kind="fmo", ids=[provider.fmo_id], found=wrong or ["nothing wrong"])
    return good


def _note(provider: SsoProvider, lines: list[Line], good: bool) -> None:
    provider.test_lines = [line.as_row() for line in lines]
    provider.tested_at = clock.now() if good else None
    provider.tested_by = scope.current().actor_name if good else None
    db.session.flush()


def _sign_in(session: Session, party: Party, metadata: dict[str, Any]) -> Line:
    """Knock at the sign-in page as a browser would, without following where it leads."""
    what, here = "Sign-in page", REGISTER.format(party.redirect_uri)
    state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
    try:
        answer = ask(session, "GET", address(party, metadata, state=state, nonce=nonce, verifier=verifier))
    except Refused as refused:
        if refused.why == "size":
            return Line(what, True, "It answers.")  # a sign-in page may be as large as it likes
        return Line(what, False, _words(refused))
    except RequestException as error:
        return Line(what, False, _words(error))
    leads = answer.headers.get("Location", "")
    if answer.status_code >= 400:
        return Line(what, False, f"It answers {answer.status_code}. The client id may be wrong. {here}")
    if leads.startswith(party.redirect_uri) and "error=" in leads:
        return Line(what, False, f"It sends people back with an error: check the client’s settings there. {here}")
    return Line(what, True, "It accepts the client and the address that people come back to.")


def _secret(party: Party, metadata: dict[str, Any]) -> Line:
    """Offer a code that nobody gave: a provider that knows us refuses the code, another one refuses us."""
    what = "Client and secret"
    try:
        with client(party, metadata) as asked:
            asked.fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=secrets.token_urlsafe(24),
                code_verifier=secrets.token_urlsafe(48),
                allow_redirects=False,
            )
    except OAuthError as error:
        if error.error == "invalid_grant":
            return Line(what, True, "The provider accepts the client and its secret.")
        if error.error in ("invalid_client", "unauthorized_client"):
            return Line(what, False, "The provider does not accept the client or its secret. Enter the secret again.")
        return Line(what, False, "The provider answers the client with an error that says neither yes nor no.")
    except (Refused, RequestException, ValueError, RecursionError) as error:
        return Line(what, False, _words(error))
    return Line(what, False, "The provider gave tokens for a code that nobody gave. Do not use it.")


def _sign_out(metadata: dict[str, Any]) -> Line:
    if metadata.get("end_session_endpoint"):
        return Line("Sign-out", True, "Whoever signs out here is led to sign out at the provider as well.")
    return Line("Sign-out", True, "The provider offers no sign-out: signing out here leaves people signed in there.")


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, Refused) else "The provider’s answer cannot be read."
