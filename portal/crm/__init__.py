"""A Business's own Contacts and Policies, and the pages of the agents who work with them."""

from portal.crm import narrowing as narrowing  # whoever reads a model of this room reads it narrowed
