"""SQL that compares users with members where both are: the login of the jobs alone may ask it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

# A user has no street address. Who is in the book under the user's own name stands for them: whoever shares that one's
# first address line and ZIP code lives with the user, and so does who has the user's e-mail address or phone.
_RELATED = """
WITH pair AS (
  SELECT * FROM unnest(cast(:users AS uuid[]), cast(:members AS uuid[]), cast(:surnames AS text[]))
    AS p(user_id, member_id, surname)
), who AS (
  SELECT DISTINCT u.id, u.email, u.mobile, p.surname FROM pair p JOIN portal_user u ON u.id = p.user_id
), self AS (
  SELECT w.id AS user_id, lower(m.address1) AS line, left(m.zip, 5) AS zip
  FROM who w JOIN portal_user u ON u.id = w.id
  JOIN member m ON m.fmo_id = u.fmo_id AND m.sort_key >= w.surname || ' ' AND m.sort_key < w.surname || '!'
    AND lower(m.first_name) = lower(u.first_name)
  WHERE m.address1 <> '' AND m.zip <> ''
)
SELECT p.user_id, p.member_id, bool_or(starts_with(m.sort_key, p.surname || ' ')) AS surname
FROM pair p JOIN who w ON w.id = p.user_id JOIN member m ON m.id = p.member_id
LEFT JOIN self s ON s.user_id = p.user_id AND s.line = lower(m.address1) AND s.zip = left(m.zip, 5)
WHERE starts_with(m.sort_key, p.surname || ' ') OR s.user_id IS NOT NULL
  OR lower(m.email) = w.email OR right(regexp_replace(m.phone, '[^0-9]', '', 'g'), 10)
                                 = right(regexp_replace(w.mobile, '[^0-9]', '', 'g'), 10)
GROUP BY p.user_id, p.member_id
"""


def related(
    session: Session, *, users: Sequence[UUID], members: Sequence[UUID], surnames: Sequence[str]
) -> Sequence[Row[Any]]:
    """(user_id, member_id, surname) of the pairs that are related; `surnames` are the users' as keys, pair by pair."""
    values = {"users": list(users), "members": list(members), "surnames": list(surnames)}
    return session.execute(text(_RELATED), values).all()
