"""What keeps guessing slow: tries counted in the database, and browsers that their people are known by."""
