"""A Business's own Contacts and Policies, and the pages of the agents who work with them."""
