"""The demo: an invented FMO world as carrier files, downline files and the truth they were made from.

Everything here is generated from a seed; see `names.md`. The pure half (all modules but `load`) knows no database.
"""
