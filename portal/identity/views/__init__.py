"""Sign-in, sign-out, and the page behind an invitation's link."""

from portal.identity.views import invitation, signing_in

blueprints = [signing_in.bp, invitation.bp]
