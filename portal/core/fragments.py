"""Page or fragment: the same view and context, the whole page without htmx, one named block of it with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, current_app, make_response, redirect, render_template, request

UNATTENDED = "Portal-Unattended"  # the header with which our script marks what no click, key or choice asked for
View = TypeVar("View", bound=Callable[..., Any])


def live(view: View) -> View:
    """Say of a route that pages ask it again and again by themselves: that keeps nobody signed in."""
    view.__live__ = True  # type: ignore[attr-defined]  # read back by `attended`
    return view


def attended() -> bool:
    """Whether a person made this request: not a page by itself, as far as route and script tell.

    Whoever forges the script's header shortens their own session and nothing else.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    return UNATTENDED not in request.headers and not getattr(view, "__live__", False)


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page (and is not restoring its history)."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def page(template: str, *, block: str = "content", status: int = 200, **context: Any) -> Response:
    """Render `template` whole, or only its block `block` for htmx. 422 for a form that was not accepted."""
    if wants_fragment():
        chosen = current_app.jinja_env.get_template(template)
        made = chosen.new_context(current_app_context(context))
        root: Any = chosen.root_render_func(made)  # runs the page's imports, which a block alone would lack
        next(root, None)
        root.close()
        body = "".join(chosen.blocks[block](made))
    else:
        body = render_template(template, **context)
    return make_response(body, status)


def current_app_context(context: dict[str, Any]) -> dict[str, Any]:
    """`context` with what the application gives to every template."""
    current_app.update_template_context(context)
    return context


def fragment(template: str, *, status: int = 200, **context: Any) -> Response:
    """Render a template that is only ever a part of a page."""
    return make_response(render_template(template, **context), status)


def go(address: str) -> Response:
    """Send the browser on after a form was accepted: 303, or the htmx header of the same meaning."""
    if wants_fragment():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = address
        return response
    return make_response(redirect(address, 303))
