"""The one kind of failure that a person can mend."""


class StartError(Exception):
    """Something keeps the product from starting; the text is a sentence for the person: what happened, what to do."""
