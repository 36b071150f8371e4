"""Contacts from a file: what its columns mean, whom each row is, and doing and undoing all of it."""
