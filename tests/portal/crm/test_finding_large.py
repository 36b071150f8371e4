"""Looking through an account of 50,000 contacts, in the database and all."""

from __future__ import annotations

import time

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.crm.duplicates.finding import find_duplicates
from tests.portal.sync.runs import job_scope
from tests.support import builders as make
from tests.support.people import acting

pytestmark = pytest.mark.deep
# Every fiftieth is somebody's twin of another zip, a hundred have the office's telephone.
_FILL = """
INSERT INTO contact (fmo_id, business_id, id, carried)
SELECT :fmo, :business, uuidv7(), jsonb_build_object(
  'first_name', (ARRAY['Dana', 'John', 'Mary', 'Ana'])[1 + (n - n % 50 / 49) % 4],
  'last_name', 'Surname' || (n - n % 50 / 49) % 40009,
  'birth_date', to_char(date '1930-01-01' + (n - n % 50 / 49) * 7 % 12000, 'YYYY-MM-DD'),
  'zip', lpad((n % 90000)::text, 5, '0'), 'address1', n || ' Elm St',
  'phone', CASE WHEN n % 500 = 0 THEN '+16145550100' ELSE '+1614' || lpad(n::text, 7, '0') END)
FROM generate_series(1, 50000) n
"""


def test_fifty_thousand_contacts_take_seconds(app: Flask, store: Session) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    store.execute(text(_FILL), {"fmo": fmo.id, "business": business.id})
    store.commit()
    new = []
    for _ in range(2):
        start = time.perf_counter()
        with acting(app, job_scope(business)):
            found = find_duplicates(business.id)
        new.append(found.new)
        assert time.perf_counter() - start < 30  # seconds on an idle machine
    assert new[0] == found.pairs >= 1_000 and new[1] == 0
