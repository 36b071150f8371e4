"""SQL that finds: set-based over the entries of a period, each statement for one kind of finding or for several."""
