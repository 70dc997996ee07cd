"""The WSGI application: `gunicorn -c api/gunicorn.conf.py api.wsgi:app`."""

from __future__ import annotations

from api.app import create_app

app = create_app()
