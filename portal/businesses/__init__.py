"""Agent CRM Businesses: the CRM account of one agent, or shared by an agency; their NPNs and their users."""
