"""What earlier files told, in a few bytes a row: so that the next file is read only where it tells something else."""
