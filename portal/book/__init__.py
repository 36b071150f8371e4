"""The FMO's Policies and members, and the feed runs that fill them."""
