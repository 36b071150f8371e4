"""How values of the book read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portal.book import words
from portal.crm import words as account_words


@pytest.mark.parametrize(
    ("amount", "shown"), [("1234.5", "$1,234.50"), ("-12.5", "-$12.50"), ("0", "$0.00"), (None, None)]
)
def test_money(amount: str | None, shown: str | None) -> None:
    """In the book, and in an account as the agent sees it."""
    assert words.money(Decimal(amount) if amount is not None else None) == shown
    assert account_words.money(amount) == shown
