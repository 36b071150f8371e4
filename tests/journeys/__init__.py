"""A journey per role, in a real browser, on the whole process tree."""
