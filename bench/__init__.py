"""How fast the portal is beside what the same machine could do at best, measured in the same run.

Not part of the tests. `python3 -m portal bench` runs all, `python3 -m portal bench load` one; each figure is one JSON
line.
"""
