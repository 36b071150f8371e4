"""The FMO's own people: its staff by preset, and its compliance officers, who watch them and whom no staff touches."""
