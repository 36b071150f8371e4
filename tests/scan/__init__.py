"""Scanners for weaknesses, against the running product."""
