# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pages: Redash's addresses and status codes; what they show says that this is a stand-in."""

from __future__ import annotations

import html
from typing import Any

from flask import Flask, Response, jsonify, redirect, request, session

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
        return redirect("/login", 302)
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
            return redirect("/", 302)
        message = "<p><strong>Wrong email or password.</strong></p>"
    form = f"<form method=post>{field('email', 'Email', 'email')}{field('password', 'Password', 'password')}<button>Log In</button></form>"
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
    return page("Welcome", f"<form method=post>{fields}<button>Setup</button></form>")


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
