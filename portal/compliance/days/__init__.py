"""The log in figures, day by day: counted once when a day is over for good, so that no page counts a year."""
