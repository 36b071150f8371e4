"""The two ceremonies of the standard, as the library carries them out: what a browser is asked, what its answer proves.

No database: challenges, counts and whose a key is are the callers' business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.identity.models import User
from portal.identity.passkeys.models import Passkey
from portal.identity.passkeys.party import Party

ASKED_FOR_MS = 120_000  # how long a browser waits for the person; the challenge outlives it
LONGEST_ID = 1023  # bytes, by the standard
_VERIFIED = UserVerificationRequirement.REQUIRED


class Unproven(Exception):
    """The answer proves nothing; the text says why, for the log alone."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a device made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]
    is_synced: bool


def ask_to_register(at: Party, user: User, challenge: bytes, known: Iterable[Passkey], *, for_whom: str) -> str:
    """JSON for `navigator.credentials.create`; a device that holds one of `known` makes no second one.

    `for_whom` is who the device says is asking.
    """
    options = generate_registration_options(
        rp_id=at.id,
        rp_name=for_whom,
        user_id=handle(user),
        user_name=user.email,
        user_display_name=user.name,
        challenge=challenge,
        timeout=ASKED_FOR_MS,
        exclude_credentials=_described(known),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=_VERIFIED
        ),
    )
    return options_to_json(options)


def ask_to_prove(at: Party, challenge: bytes, known: Iterable[Passkey] = ()) -> str:
    """JSON for `navigator.credentials.get`: any of `known`, or any that the device can offer by itself."""
    options = generate_authentication_options(
        rp_id=at.id,
        challenge=challenge,
        timeout=ASKED_FOR_MS,
        allow_credentials=_described(known),
        user_verification=_VERIFIED,
    )
    return options_to_json(options)


def handle(user: User) -> bytes:
    """What a device keeps of whose its passkey is: the user's id, which names nobody."""
    return user.id.bytes


def _described(known: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    ways = {way.value: way for way in AuthenticatorTransport}
    return [
        PublicKeyCredentialDescriptor(
            id=key.credential_id, transports=[ways[way] for way in key.transports if way in ways] or None
        )
        for key in known
    ]


def read_new(at: Party, challenge: bytes, answer: str) -> NewKey:
    """The key that a device made for this challenge, here, after it knew its owner; raises `Unproven`."""
    try:
        given = parse_registration_credential_json(answer)
        _refuse_frames(given.response.client_data_json)
        found = verify_registration_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=at.id,
            expected_origin=at.origin,
            require_user_verification=True,
        )
    except Exception as error:  # whatever a parser makes of bytes from outside, they prove nothing
        raise Unproven(_why(error)) from error
    if len(found.credential_id) > LONGEST_ID:
        raise Unproven("its id is too long")
    ways = [way.value for way in given.response.transports or []]
    synced = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    return NewKey(found.credential_id, found.credential_public_key, found.sign_count, ways, synced)


def parse(answer: str) -> AuthenticationCredential:
    """An answer to `ask_to_prove`, not yet believed; raises `Unproven`."""
    try:
        return parse_authentication_credential_json(answer)
    except Exception as error:  # as above
        raise Unproven(_why(error)) from error


def count_of(at: Party, challenge: bytes, given: AuthenticationCredential, key: Passkey) -> int:
    """How often the device says it has used `key`, with this time; raises `Unproven` if it was not `key` that signed.

    The library compares counts before it has verified the signature, so that anybody could make a count look wrong.
    Here it is told that nothing was counted so far: what it gives back is signed, and is the caller's to compare.
    """
    try:
        _refuse_frames(given.response.client_data_json)
        found = verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=at.id,
            expected_origin=at.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:  # as above
        raise Unproven(_why(error)) from error
    return found.new_sign_count


def _refuse_frames(client_data: bytes) -> None:
    # The library leaves this to us: the answer came from a page of ours inside a page of somebody else.
    if parse_client_data_json(client_data).cross_origin:
        raise Unproven("it was asked for inside another site's page")


def _why(error: Exception) -> str:
    if isinstance(error, Unproven):
        return str(error)
    # The library's sentences name what was expected and what came, which may be anything.
    return "".join(filter(str.isprintable, str(error)))[:200] or type(error).__name__
