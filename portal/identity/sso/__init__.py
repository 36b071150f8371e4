"""Single sign-on: one OpenID provider per FMO, and who of its people is who at this portal.

Identity is (issuer, subject), never an e-mail address. Everything that a provider sends is checked here, whatever the
library lets through.
"""
