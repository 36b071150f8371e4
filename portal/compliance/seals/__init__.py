"""Seals: every minute the new entries of the log get a Merkle root in a signed chain, which is anchored elsewhere."""
