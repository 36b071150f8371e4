"""Refused rows that wait for a person: put right and loaded, dismissed, or told by a later file; what is learned."""
