"""Mechanism every room stands on; knows nothing of insurance."""
