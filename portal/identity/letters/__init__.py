"""What is mailed to people who have an account: links to reset a password or confirm an address, and notices."""
