"""Passkeys: a second factor beside the codes of an app, a step-up, and a sign-in that is both factors at once."""
