"""What the log says of single sign-on; never a token, a code or a secret."""

from __future__ import annotations

from portal.core.events import changes, reads

SIGNED_IN = changes("session.sso", "proved at the identity provider who they are")
REFUSED = reads("session.sso_refused", "was refused at single sign-on", ("why",))
ENDED = changes("session.sso_end", "was signed out by the identity provider", ("sessions",))
LOGOUT_REFUSED = reads("session.sso_end_refused", "sent a sign-out that was not accepted", ("why",))
LINKED = changes("identity.link", "linked a user with the identity provider", ("issuer", "how"))
UNLINKED = changes("identity.unlink", "took back a user's link with the identity provider", ("issuer",))
JOINED = changes("user.join", "came in by a claim of the identity provider", ("role",))
ROLE_BY_CLAIM = changes("user.claim_role", "changed role by a claim of the identity provider", ("before", "role"))
PROVIDER_CHANGE = changes(
    "sso.change", "changed the FMO's single sign-on", ("issuer", "client", "offered", "joining", "roles")
)
PROVIDER_TEST = changes("sso.test", "tested the FMO's identity provider", ("found",))
PASSWORDS_SWITCH = changes("sso.passwords", "switched local passwords off or on", ("off", "break_glass"))
