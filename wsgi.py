"""What a WSGI server loads: `gunicorn wsgi:app`."""

from portal.factory import create_app

app = create_app()
