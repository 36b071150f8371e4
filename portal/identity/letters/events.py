"""What happens around links and notices. No event holds an address."""

from __future__ import annotations

from portal.core.events import changes, reads

RESET_ASKED = changes("reset.ask", "asked for a link to set a new password")
RESET_REFUSED = reads("reset.refused", "asked for a link to set a new password and was sent none", ("why",))
RESET_USED = changes("reset.use", "set a new password by a mailed link")
PASSWORD_CHANGED = changes("password.change", "changed their password")
PASSWORD_REFUSED = reads("password.refused", "was refused a change of their password", ("why",))
EMAIL_ASKED = changes("email.ask", "asked for another e-mail address, which is to be confirmed")
EMAIL_REFUSED = reads("email.refused", "asked for an e-mail address that cannot be theirs", ("why",))
EMAIL_CHANGED = changes(
    "email.change", "changed an e-mail address; open links ended with the old one", ("ended", "business")
)
MAILED = changes("letter.mail", "mailed a link or a notice", ("user_id", "letter"))
