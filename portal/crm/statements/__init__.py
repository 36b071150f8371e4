"""Set-based SQL of the account: what a contact shows of its sources."""
