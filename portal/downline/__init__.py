"""The FMO's downline: agents, agencies, and the crosswalk from what carriers call them to their NPN."""
