"""Policies that a carrier's full sets of files no longer tell: marked, and nothing else. Nobody loses anything by it.

What a connector's files are together is declared; sets that are complete count, in the order of their as-of dates; a
policy in neither of the last two is missing since the first set without it, until any file tells it again.
"""
