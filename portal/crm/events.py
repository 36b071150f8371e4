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
CONTACT_REMOVE = changes("contact.remove", "removed a contact from the account", ("policies",))
CONTACT_RESTORE = changes("contact.restore", "restored a contact of the account", ("policies",))
CRM_POLICY_REMOVE = changes("crm_policy.remove", "removed a policy from the account")
CRM_POLICY_RESTORE = changes("crm_policy.restore", "restored a policy of the account")
REMOVED_LIST = reads("removed.list", "looked at what was removed from the account")
CARRIER_DISMISS = changes("contact.dismiss", "left a carrier's value aside", ("changed",))
LEFT_LIST = reads("left_policy.list", "looked at the policies that left the account")
OWN_EXPORT = reads("contact.export", "took out what the account's people typed", ("contacts", "notes"))
