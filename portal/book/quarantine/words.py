"""How the quarantine reads: fields in plain names, states, and what a row would become."""

from __future__ import annotations

from portal.book.quarantine.models import DISMISSED, LOADED, LOADING, TOLD, WAITING
from portal.connectors.words import STATUSES
from portal.core.words import counted

STATES = {
    WAITING: ("Waiting", "warn"),
    LOADING: ("Being loaded", "info"),
    LOADED: ("Loaded", "good"),
    DISMISSED: ("Dismissed", "neutral"),
    TOLD: ("Told by a later file", "neutral"),
}
FIELDS = {
    "policy_number": "Policy number",
    "member_number": "Member number",
    "first_name": "First name",
    "middle_name": "Middle name",
    "last_name": "Last name",
    "full_name": "Full name",
    "suffix": "Suffix",
    "birth_date": "Birth date",
    "gender": "Gender",
    "mbi": "Medicare number",
    "email": "E-mail",
    "phone": "Phone",
    "address1": "Street",
    "address2": "Unit",
    "city": "City",
    "state": "State",
    "zip": "Zip code",
    "county": "County",
    "effective_date": "Effective date",
    "term_date": "Term date",
    "renewal_date": "Renewal date",
    "received_date": "Application received",
    "status": "Status",
    "status_reason": "Reason of the status",
    "plan_id": "Plan id",
    "contract": "Contract",
    "pbp": "Plan benefit package",
    "segment": "Segment",
    "plan_name": "Plan name",
    "product": "Product",
    "line_of_business": "Line of business",
    "premium": "Premium",
    "writer_from": "Agent from",
    "writer_to": "Agent to",
    "deceased_date": "Date of death",
}
STATUS_CHOICES = [(str(key), word) for key, (word, _) in STATUSES.items()]
SECOND = "Somebody has decided about this row in the meantime. Nothing was changed; look at it again."
IN_FLIGHT = "This row is being loaded already. Nothing was done a second time."


def sent(rows: int, learned: int) -> str:
    """What is said after rows were sent to be loaded."""
    said = f"{counted(rows, 'row is', 'rows are')} being loaded."
    if learned:
        said += f" {counted(learned, 'value', 'values')} will be read so in later files, too."
    return said
