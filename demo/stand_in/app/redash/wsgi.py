# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pages: Redash's addresses and status codes; what they show says that this is a stand-in."""

from __future__ import annotations

import html
import secrets
import sys
import time
from typing import Any

from flask import Flask, Response, g, jsonify, redirect, request, session
from itsdangerous import BadData, URLSafeTimedSerializer

from redash import create_app, models, release, settings

create_app()
app = Flask(__name__)
app.secret_key = settings.COOKIE_SECRET
app.config.update(SESSION_COOKIE_SECURE=settings.COOKIES_SECURE, SESSION_COOKIE_HTTPONLY=True)

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f6f8f9;color:#323232}
.note{background:#ffb400;color:#000;padding:1em;text-align:center;font-weight:bold;font-size:1.25em}
main{max-width:26em;margin:3em auto;background:#fff;padding:2em;box-shadow:0 1px 4px #0003}
label{display:block;margin:1em 0}input{width:100%;padding:.5em;box-sizing:border-box}
button{padding:.6em 1.4em;background:#ff7964;border:0;color:#fff;font-weight:bold}
"""


def page(title: str, body: str, status: int = 200) -> Response:
    return Response(
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title} to Redash (STAND-IN)</title><style>{STYLE}</style></head>"
        f"<body><div class=note>STAND-IN for Redash {release.VERSION}: this is not Redash."
        f" It plays its part where the official image can't be had.</div><main><h1>{title}</h1>{body}</main></body></html>",
        status=status,
        mimetype="text/html",
    )


def field(name: str, label: str, kind: str = "text") -> str:
    return f'<label>{label}<input name="{name}" type="{kind}" required></label>'


def csrf_token() -> str:
    """As Flask-WTF makes it: signed, and worth nothing without the session that it is of."""
    if "csrf" not in g:
        session.setdefault("csrf_token", secrets.token_hex(20))
        g.csrf = URLSafeTimedSerializer(str(settings.COOKIE_SECRET), salt="wtf-csrf-token").dumps(session["csrf_token"])
    return str(g.csrf)


def token_field() -> str:
    return f'<input type="hidden" name="csrf_token" value="{csrf_token()}">'


def csrf_complaint() -> str:
    """What is wrong with the request's token; empty where nothing is."""
    token = request.form.get("csrf_token") or request.headers.get("X-CSRFToken") or request.headers.get("X-CSRF-Token")
    if not token:
        return "The CSRF token is missing."
    if "csrf_token" not in session:
        return "The CSRF session token is missing."
    try:
        signed = URLSafeTimedSerializer(str(settings.COOKIE_SECRET), salt="wtf-csrf-token").loads(token, max_age=3600 * 6)
    except BadData:
        return "The CSRF token is invalid."
    return "" if secrets.compare_digest(str(signed), session["csrf_token"]) else "The CSRF tokens do not match."


@app.before_request
def start_clock() -> None:
    g.started = time.time()


@app.before_request
def check_csrf() -> Any:
    """From Redash 10 on, as far as REDASH_ENFORCE_CSRF asks for it. Who comes with an API key has no session to abuse."""
    if release.AT_LEAST_10 and settings.ENFORCE_CSRF and request.method in ("POST", "PUT", "PATCH", "DELETE"):
        with_key = request.args.get("api_key") or request.headers.get("Authorization", "").startswith("Key ")
        complaint = "" if with_key else csrf_complaint()
        if complaint:
            return page("Bad Request", f"<p>{complaint}</p>", 400)
    return None


@app.after_request
def finish(response: Response) -> Response:
    if release.AT_LEAST_10:
        # For the page's own JavaScript, so neither HttpOnly nor Secure, in Redash too.
        response.set_cookie("csrf_token", csrf_token())
    if settings.HSTS_ENABLED:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    response.headers.setdefault("X-Frame-Options", "deny")
    stamp = time.strftime("%Y-%m-%d %H:%M:%S,000")
    print(
        f"[{stamp}][PID:{settings.PID}][INFO][metrics] method={request.method} path={request.path} endpoint=redash_{request.endpoint}"
        f" status={response.status_code} content_type={response.content_type} content_length={response.content_length or -1}"
        f" duration={(time.time() - g.started) * 1000:.2f} query_count=0 query_duration=0.00",
        file=sys.stdout if settings.LOG_STDOUT else sys.stderr,
        flush=True,
    )
    return response


@app.before_request
def enforce_https() -> Any:
    if settings.ENFORCE_HTTPS and request.path != "/ping" and request.headers.get("X-Forwarded-Proto", request.scheme) != "https":
        return redirect(request.url.replace("http://", "https://", 1), 302)
    return None


@app.teardown_request
def end_transaction(error: BaseException | None) -> None:
    models.db.session.rollback()


@app.get("/ping")
def ping() -> Response:
    if "unhealthy" in release.FAULTS:
        return Response("this stand-in was built to be unhealthy", status=500, mimetype="text/plain")
    return Response("PONG.", mimetype="text/plain")


def current_user() -> Any:
    key = request.args.get("api_key") or request.headers.get("Authorization", "").removeprefix("Key ")
    if key:
        return models.execute("SELECT * FROM users WHERE api_key = %s", key).first()
    if session.get("user"):
        return models.execute("SELECT * FROM users WHERE id = %s", session["user"]).first()
    return None


def is_super_admin(user: Any) -> bool:
    rows = models.execute("SELECT 1 FROM groups WHERE id = ANY(%s) AND 'super_admin' = ANY(permissions)", user["groups"] or []).rows
    return bool(rows)


@app.get("/")
def index() -> Any:
    if settings.MULTI_ORG:
        return page("Not found", "<p>Choose an organization.</p>", 404)
    user = current_user()
    if user is None:
        return redirect("/login?next=%2F", 302)
    return page("Welcome", f"<p>Signed in as {html.escape(user['email'])}.</p><p>The real Redash would show dashboards here.</p>")


def login_page() -> Any:
    if not models.has_organization():
        return redirect("/setup", 302)
    message = ""
    if request.method == "POST":
        from werkzeug.security import check_password_hash

        user = models.execute("SELECT * FROM users WHERE email = %s AND disabled_at IS NULL", request.form.get("email", "")).first()
        if user and user["password_hash"] and check_password_hash(user["password_hash"], request.form.get("password", "")):
            models.details_of(user)
            session["user"] = user["id"]
            # Never to another host, as in Redash.
            following = request.args.get("next", "/")
            return redirect(following if following.startswith("/") and following[1:2] not in ("/", "\\") else "/", 302)
        message = "<p><strong>Wrong email or password.</strong></p>"
    if request.method == "GET" and session.get("user"):
        return redirect("/", 302)
    fields = field("email", "Email", "email") + field("password", "Password", "password")
    form = f"<form method=post>{token_field()}{fields}<button>Log In</button></form>"
    return page("Login", message + form)


if settings.MULTI_ORG:
    app.add_url_rule("/<slug>/login", "login", lambda slug: login_page(), methods=["GET", "POST"])
else:
    app.add_url_rule("/login", "login", login_page, methods=["GET", "POST"])


@app.route("/setup", methods=["GET", "POST"])
def setup() -> Any:
    if settings.MULTI_ORG or models.has_organization():
        return redirect("/", 302)
    if request.method == "POST":
        org_id = models.add_organization(request.form["org_name"], "default")
        groups = [
            models.add_group(org_id, "admin", models.ADMIN_PERMISSIONS, "builtin"),
            models.add_group(org_id, "default", models.DEFAULT_PERMISSIONS, "builtin"),
        ]
        session["user"] = models.add_user(org_id, request.form["name"], request.form["email"], request.form["password"], groups)
        models.db.session.commit()
        return redirect("/", 302)
    fields = (
        field("name", "Name")
        + field("email", "Email", "email")
        + field("password", "Password", "password")
        + field("org_name", "Organization")
    )
    return page("Welcome", f"<form method=post>{token_field()}{fields}<button>Setup</button></form>")


@app.get("/status.json")
def status() -> Any:
    from redash.processes import state

    user = current_user()
    if user is None:
        return redirect("/login", 302)
    if not is_super_admin(user):
        return jsonify(message="Forbidden"), 403
    return jsonify(state())


@app.get("/api/session")
def api_session() -> Any:
    user = current_user()
    if user is None:
        return jsonify(message="Couldn't find resource. Please login and try again."), 404
    return jsonify(user={"id": user["id"], "name": user["name"], "email": user["email"], "groups": user["groups"]})


@app.get("/api/config")
def api_config() -> Any:
    if not models.has_organization():
        return jsonify(message="Internal Server Error"), 500
    return jsonify(org_slug="default", client_config={"version": release.VERSION, "standIn": True})
