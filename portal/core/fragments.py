"""Page or fragment: the same view and context, the whole page without htmx, one named block of it with."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, make_response, redirect, render_template, request


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
