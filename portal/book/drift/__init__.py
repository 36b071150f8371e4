"""Columns that changed: such a file freezes, and an admin accepts the new columns or rejects the file."""
