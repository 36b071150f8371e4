"""What tells from outside whether the portal is well. No versions and no names: these pages are open to strangers."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, abort, current_app, jsonify, make_response, request

from portal.core.permissions import public
from portal.extensions import limiter
from portal.home import metrics, readiness

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public("a load balancer asks whether the process lives")
@limiter.exempt
def healthz() -> Response:
    """200 as long as the process answers."""
    return jsonify(ok=True)


@bp.get("/readyz")
@public("a load balancer asks whether requests can be served")
@limiter.exempt
def readyz() -> Response:
    """200 when everything that a request needs is there, else 503; each part by a plain word and yes or no."""
    parts = readiness.parts()
    return make_response(jsonify(ok=all(parts.values()), parts=parts), 200 if all(parts.values()) else 503)


@bp.get("/metrics")
@public("monitoring asks with a bearer token of its own")
@limiter.exempt
def prometheus() -> Response:
    """Figures in Prometheus' text format; 404 without the right token, as if the page were not there."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = current_app.config["PORTAL"].metrics_token
    if kind.lower() != "bearer" or not expected or not hmac.compare_digest(token.encode(), expected.encode()):
        abort(404)
    body, content_type = metrics.exposition()
    response = make_response(body)
    response.headers["Content-Type"] = content_type
    return response
