"""What the agents' pages leave in the log."""

from __future__ import annotations

from portal.core.events import changes, reads

CONTACT_LIST = reads("contact.list", "looked at a list of contacts")
CONTACT_READ = reads("contact.read", "looked at a contact")
CONTACT_ADD = changes("contact.add", "added a contact by hand", ("changed",))
CONTACT_EDIT = changes("contact.edit", "changed a contact", ("changed",))
NOTE_ADD = changes("note.add", "wrote a note on a contact", ("contact",))
MBI_REVEAL = reads("mbi.reveal", "revealed a contact's Medicare number")
CRM_POLICY_LIST = reads("crm_policy.list", "looked at a list of an account's policies")
CRM_POLICY_READ = reads("crm_policy.read", "looked at a policy of an account")
