"""What happens with passkeys."""

from __future__ import annotations

from portal.core.events import changes, reads

PASSKEY_ADDED = changes("passkey.add", "added a passkey", ("passkey",))
PASSKEY_RENAMED = changes("passkey.rename", "gave a passkey another name", ("passkey",))
PASSKEY_REMOVED = changes("passkey.remove", "removed a passkey", ("passkey",))
PASSKEY_REFUSED = reads("passkey.refused", "was refused with a passkey", ("passkey", "purpose", "why"))
PASSKEY_DOUBTED = changes("passkey.doubt", "used a passkey of which there is a copy", ("passkey",))
