"""What officers do when they recertify access."""

from __future__ import annotations

from portal.core.events import changes, reads

LISTED = reads("recertification.list", "looked at the access recertifications")
SEEN = reads("recertification.view", "looked at who has access", ("quarter",))
LINE_SEEN = reads("recertification.line", "looked at the access of a user", ("quarter",))
TAKEN_ALONG = reads("recertification.export", "downloaded an access recertification", ("quarter", "count"))
BEGUN = changes("recertification.begin", "began an access recertification", ("quarter", "users"))
RENEWED = changes("recertification.renew", "brought an access recertification up to date", ("quarter", "users"))
CONFIRMED = changes("recertification.confirm", "confirmed the access of users", ("quarter",))
WITHDRAWN = changes("recertification.withdraw", "withdrew the access of a user", ("quarter",))
SIGNED = changes("recertification.sign", "signed an access recertification", ("quarter", "users"))
