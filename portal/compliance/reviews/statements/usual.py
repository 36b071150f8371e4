"""What is usual for a person and for their role, and what is not: how many members, from which networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

# A day's members of each person, weeks before the period included; a role's usual day is that of all who hold it.
_VOLUME = """
WITH seen AS MATERIALIZED (
  SELECT e.actor_id, (e.at AT TIME ZONE :zone)::date AS day, max(e.actor_name) AS actor_name, max(e.role) AS role,
    count(DISTINCT m)::int AS members, count(DISTINCT e.id)::int AS entries, min(e.at) AS first_at, max(e.at) AS last_at
  FROM access_entry e CROSS JOIN LATERAL unnest(e.member_ids) AS m
  WHERE e.fmo_id = :fmo_id AND e.at >= cast(:begin AS timestamptz) - make_interval(days => :back) AND e.at < :end
    AND e.actor_id IS NOT NULL AND e.run_id IS NULL AND e.outcome = 'done' AND e.action = ANY(:actions)
  GROUP BY 1, 2
), first_day AS (SELECT (cast(:begin AS timestamptz) AT TIME ZONE :zone)::date AS day),
own AS (
  SELECT actor_id, count(*)::int AS days, percentile_cont(0.5) WITHIN GROUP (ORDER BY members)::int AS usual
  FROM seen WHERE day < (SELECT day FROM first_day) GROUP BY actor_id
), peers AS (
  SELECT role, count(DISTINCT actor_id)::int AS people,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY members)::int AS usual
  FROM seen GROUP BY role
)
SELECT s.*, o.days AS own_days, o.usual AS own_usual, p.people AS peers, p.usual AS peers_usual
FROM seen s LEFT JOIN own o USING (actor_id) JOIN peers p USING (role)
WHERE s.last_at >= :begin AND s.members >= :least
  AND ((o.days >= :least_days AND s.members > :own_factor * greatest(o.usual, 1))
    OR (p.people >= :least_peers AND s.members > :peer_factor * greatest(p.usual, 1))
    OR (coalesce(o.days, 0) < :least_days AND p.people < :least_peers AND s.members >= :own_factor * :least))
"""
# A network: the first 24 bits of an IPv4 address, the first 48 of an IPv6 one. What is no address is passed over.
_NETWORKS = """
WITH used AS MATERIALIZED (
  SELECT e.actor_id, max(e.actor_name) AS actor_name, max(e.role) AS role,
    network(set_masklen(e.address::inet, CASE family(e.address::inet) WHEN 4 THEN 24 ELSE 48 END)) AS net,
    min(e.at) AS first_at
  FROM access_entry e
  WHERE e.fmo_id = :fmo_id AND e.at >= cast(:begin AS timestamptz) - make_interval(days => :back) AND e.at < :end
    AND e.actor_id IS NOT NULL AND e.run_id IS NULL AND e.outcome = 'done'
    AND CASE WHEN pg_input_is_valid(e.address, 'inet') THEN e.address::inet IS NOT NULL ELSE false END
  GROUP BY e.actor_id, net
), known AS (
  SELECT actor_id, min((first_at AT TIME ZONE :zone)::date) AS since, count(*)::int AS networks FROM used
  GROUP BY actor_id
)
SELECT u.actor_id, max(u.actor_name) AS actor_name, max(u.role) AS role, (u.first_at AT TIME ZONE :zone)::date AS day,
  array_agg(DISTINCT u.net::text ORDER BY u.net::text) AS nets, min(u.first_at) AS first_at, max(u.first_at) AS last_at,
  count(*)::int AS entries, max(k.networks) AS networks, max(k.since) AS since
FROM used u JOIN known k USING (actor_id)
WHERE u.first_at >= :begin AND (u.first_at AT TIME ZONE :zone)::date > k.since
GROUP BY u.actor_id, 4
"""


def volume(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """Days on which somebody saw far more members than is usual for them or for their role.

    Who can be compared with neither is told from so many times the least on.
    """
    return session.execute(text(_VOLUME), values).all()


def networks(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """Networks from which somebody worked for the first time, per person and day; not those of their first day."""
    return session.execute(text(_NETWORKS), values).all()
