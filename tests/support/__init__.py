"""What tests stand on: servers, data to look at, people who act and browsers that ask. No test is in here."""
