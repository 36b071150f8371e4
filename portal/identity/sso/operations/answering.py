"""What a browser brings back from the provider: checked word by word, and then somebody is known here, or is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict

from portal.core.session import open_session
from portal.identity.origin import Origin
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso import queries
from portal.identity.sso.operations.entering import Entered, Proven, enter
from portal.identity.sso.operations.flows import Flow, Held, take
from portal.identity.sso.operations.logging import log_refusal
from portal.identity.sso.refusals import Refused
from portal.identity.sso.talking import Known, Party, exchange, known, with_keys
from portal.identity.sso.tokens import identity_claims

_SAID = {
    "access_denied": "The identity provider says that you may not sign in here, or you went back.",
    "login_required": "The identity provider wants you to sign in there first.",
    "temporarily_unavailable": "The identity provider is busy at this moment. Try again in a few minutes.",
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who it is, what for, and where they wanted to go."""

    purpose: str  # what it was begun for: sign_in, link, invitation or step_up
    target: str
    who: Entered


def answer(sent: MultiDict[str, str], held: Held | None, *, viewer_id: UUID | None, origin: Origin) -> Arrival:
    """Who it is that the provider vouches for; raises `Refused`, which is logged then. Nothing is begun here."""
    flow: Flow | None = None
    try:
        flow = take(_one(sent, "state"), held)
        party, code = _asked(flow), ""
        code = _code(sent, party, known(party))
        raw, claims = _claims(party, flow, code)
        who = enter(Proven(flow, party, claims, raw), viewer_id=viewer_id, origin=origin)
        return Arrival(flow.purpose, flow.target, who)
    except Refused as refused:
        log_refusal(refused, flow.fmo_id if flow else None, origin)
        raise


def _asked(flow: Flow) -> Party:
    with open_session(IDENTITY_SCOPE) as work:
        provider = queries.provider_of(work, flow.fmo_id)
        # What was begun with one provider is not ended with another that took its place meanwhile.
        if provider is None or not provider.offered or provider.issuer != flow.issuer:
            raise Refused("not offered", "Single sign-on was changed while you were signing in. Sign in anew.")
        return queries.party_of(provider)


def _one(sent: MultiDict[str, str], name: str) -> str:
    values = sent.getlist(name)
    if len(values) != 1 or not 0 < len(values[0]) <= 4096:
        raise Refused(name, "The identity provider’s answer is not complete. Sign in anew.")
    return values[0]


def _code(sent: MultiDict[str, str], party: Party, told: Known) -> str:
    """The code, from the provider that was asked and from no other (RFC 9207)."""
    said = sent.getlist("iss")
    promised = told.metadata.get("authorization_response_iss_parameter_supported") is True
    if (said or promised) and said != [party.issuer]:
        raise Refused(
            "iss", "This answer comes from another identity provider than the one asked. Nothing was signed in."
        )
    if "error" in sent:
        default = "The identity provider ended the sign-in without telling who you are. Sign in anew."
        raise Refused("denied", _SAID.get(sent["error"], default))
    return _one(sent, "code")


def _claims(party: Party, flow: Flow, code: str) -> tuple[str, dict[str, Any]]:
    tokens = exchange(party, known(party).metadata, code, flow.verifier)
    raw, access = tokens.get("id_token"), tokens.get("access_token")
    if access is not None and not isinstance(access, str):
        raise Refused("answer", "The identity provider did not give tokens for the code that it sent.")

    def read(told: Known) -> dict[str, Any]:
        return identity_claims(raw, told.keys, told.expected(party), nonce=flow.nonce, access_token=access)

    claims: dict[str, Any] = with_keys(party, read)
    return str(raw), claims
