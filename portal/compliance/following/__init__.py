"""Following one person, one member, one Business or one run through the log."""
