"""Contacts that may be one person: finding them, deciding, merging two into one and taking that back."""
