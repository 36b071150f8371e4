"""It adds up: every policy of the book in one place of one sum, and each account's expected against actual."""
