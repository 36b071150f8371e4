"""The limit of a page: the same template with the same objects, in the same framework, with no database behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response, before_render_template, g, render_template
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin
from flask.testing import FlaskClient
from jinja2 import Template

from bench.servers import Place
from portal.core import scope
from portal.factory import create_app


class _Held(SessionInterface):
    """The same session for every request, kept nowhere."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        return SecureCookieSession({"csrf_token": "0" * 40})

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        return


def copy_of(place: Place, client: FlaskClient, address: str) -> FlaskClient:
    """A browser of an application that answers `address` as `client` is answered now, from memory."""
    kept: dict[str, Any] = {}

    def keep(sender: Flask, template: Template, context: dict[str, Any], **_: Any) -> None:
        kept.update(
            template=template.name, context=dict(context), scope=scope.current(), endpoint=context["request"].endpoint
        )

    with before_render_template.connected_to(keep, place.app), client:
        body = client.get(address).text
        kept["who"] = g.get("who")
    memory = _without_database(place, kept)
    found = memory.test_client()
    if abs(len(found.get(address).text) - len(body)) > max(500, len(body) // 100):
        raise RuntimeError(f"{address} from memory is another page.")
    return found


def _without_database(place: Place, kept: dict[str, Any]) -> Flask:
    app = create_app(place.settings)
    app.session_interface = _Held()
    app.before_request_funcs.clear()
    app.after_request_funcs.clear()
    app.template_context_processors.clear()

    def begin() -> None:
        scope.set_for_request(kept["scope"])
        g.who = kept["who"]

    def answer() -> str:
        return render_template(kept["template"], **kept["context"])

    view: Callable[[], str] = answer
    app.before_request(begin)
    app.view_functions[kept["endpoint"]] = view
    return app
