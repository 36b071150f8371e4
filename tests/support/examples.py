"""How tests that draw their examples run, where each one builds rows in the database."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings


def examples(most: int, **more: Any) -> settings:
    """At most so many examples, each as slow as it is; what a test's fixtures made is the ground of all of them."""
    calm = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=most, deadline=None, suppress_health_check=calm, **more)
