"""See submission.toml."""

import flask

seen = []
plain = flask.Flask.wsgi_app


def wsgi_app(self, environ, start_response):
    if "heartbeat" in environ["PATH_INFO"]:
        seen.append(environ["PATH_INFO"])
    return plain(self, environ, start_response)


flask.Flask.wsgi_app = wsgi_app


def measured(session, device_id, workflow_id):
    return bool(seen)
