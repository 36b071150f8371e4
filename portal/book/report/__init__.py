"""What one run did, row by row: kept while it is done, shown on the run's page and given out as a file."""
