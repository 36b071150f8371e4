"""The record of who saw, changed, received and was refused what, and the officer's pages over it."""
