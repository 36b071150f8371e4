"""Set-based SQL of the account: what a contact shows of its sources, and the lock of whoever changes contacts."""
