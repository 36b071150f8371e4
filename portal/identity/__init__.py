"""People who sign in: FMO, User, password, invitation, session. Only the login `identity` reads credentials."""
