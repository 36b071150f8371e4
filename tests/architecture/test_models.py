"""Every model says whose it is, and the session holds it to that."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect

from portal.core.models import Base, BusinessOwned, FmoOwned, Global

# What is about a member's health or insurance, or what an agent wrote about one.
SENSITIVE = {"member", "policy", "contact", "crm_policy", "note", "policy_claim", "left_policy", "upload", "upload_row",
             "feed_effect", "refused_row", "connector_draft", "watched_member", "misdelivery", "recorded_disclosure",
             "accounting_request"}  # fmt: skip


def models() -> list[type[Any]]:
    """Every mapped class of the program."""
    from tests.support.web import the_app

    the_app()
    return sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda model: str(model.__name__))


def test_every_model_is_owned_or_says_why_not(app: Flask) -> None:
    for model in models():
        kinds = [kind for kind in (FmoOwned, BusinessOwned, Global) if issubclass(model, kind)]
        assert len(kinds) == 1, f"{model.__name__} must be one of FmoOwned, BusinessOwned and Global"
        if issubclass(model, Global):
            assert len(getattr(model, "__global_reason__", "")) > 20, model.__name__


def test_owned_models_carry_their_tenant(app: Flask) -> None:
    for model in models():
        columns = inspect(model).columns
        key = [column.name for column in inspect(model).primary_key]
        if issubclass(model, FmoOwned):
            assert key[0] == "fmo_id" and not columns["fmo_id"].nullable, model.__name__
        if issubclass(model, BusinessOwned):
            assert key[0] == "business_id" and not columns["fmo_id"].nullable, model.__name__


def test_sensitive_models_are_known(app: Flask) -> None:
    assert {kind for model in models() if (kind := model.__sensitive__)} == SENSITIVE


def test_columns_that_name_a_person_are_in_sensitive_models(app: Flask) -> None:
    tell = {"birth_date", "mbi", "member_number", "premium"}
    exempt = {"ContactSource": "read by the run of a sync alone"}
    for model in models():
        found = tell & set(inspect(model).columns.keys())
        assert not found or model.__sensitive__ or model.__name__ in exempt, f"{model.__name__}: {found}"


@pytest.mark.parametrize("tenant", ["fmo_id", "business_id"])
def test_no_model_has_a_tenant_key_without_being_owned(app: Flask, tenant: str) -> None:
    allowed = {"LoginSession": "fmo_id of the user who signed in", "User": "an officer has no Business"}
    allowed |= dict.fromkeys(("AccessEntry", "AccessDay"), "the Business in which it happened, if any")
    for model in models():
        if tenant not in inspect(model).columns or model.__name__ in allowed:
            continue
        assert issubclass(model, BusinessOwned if tenant == "business_id" else (FmoOwned, BusinessOwned)), (
            model.__name__
        )
