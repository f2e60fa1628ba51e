"""What Django must know about the pages: apps, middleware, templates, policies of the browser.

`ops/django_settings.py` takes it over whole; secrets, hosts and databases are its own business.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

SESSION_COOKIE = "sifang_session"
HERE = Path(__file__).parent

APPS = [
    "django.contrib.auth",  # password hashing, sessions' user; its groups and permissions are not used
    "django_otp",
    "django_otp.plugins.otp_totp",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "sifang.web.middleware.StaticFiles",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "sifang.web.middleware.PageErrors",
    "axes.middleware.AxesMiddleware",  # must be last
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates", HERE / "components"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "sifang.web.shell.shell",
                "sifang.web.rail.rail",
            ],
            "builtins": [
                "django.templatetags.static",
                "sifang.web.templatetags.sf",
                "sifang.web.templatetags.figures",
            ],
        },
    }
]

# strict: nothing inline, nothing from another host; the map's worker is a file of ours
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}


def policy(tiles: str = "") -> dict[str, Any]:
    """Return the content security policy; `tiles` is the one origin of a configured base map."""
    directives = dict(CONTENT_SECURITY_POLICY["DIRECTIVES"])
    if tiles:
        directives["img-src"] = [*directives["img-src"], tiles]
        directives["connect-src"] = [*directives["connect-src"], tiles]
    return {"DIRECTIVES": directives}


def settings(tiles: str = "") -> dict[str, Any]:
    """Return the Django settings that belong to the pages, for `globals().update(...)`.

    `tiles`: origin of the configured base map (https://host), empty for none.
    """
    return {
        "MIDDLEWARE": MIDDLEWARE,
        "TEMPLATES": TEMPLATES,
        "ROOT_URLCONF": "sifang.web.urls",
        "ASGI_APPLICATION": "sifang.web.asgi.application",
        "AUTHENTICATION_BACKENDS": [
            "axes.backends.AxesStandaloneBackend",  # must be first
            "sifang.web.signin.backend.OfficerBackend",
        ],
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
        "AUTH_PASSWORD_VALIDATORS": [
            {
                "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
                "OPTIONS": {"min_length": 12},
            }
        ],
        "LOGIN_URL": "/signin",
        "STATIC_URL": "/static/",
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_AUTOREFRESH": False,
        "WHITENOISE_MIMETYPES": {".mjs": "text/javascript", ".geojson": "application/geo+json"},
        "CONTENT_SECURITY_POLICY": policy(tiles),
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
        "SESSION_COOKIE_NAME": SESSION_COOKIE,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_AGE": 12 * 3600,  # one shift
        "SESSION_EXPIRE_AT_BROWSER_CLOSE": True,
        "CSRF_COOKIE_NAME": "sifang_csrf",
        "CSRF_COOKIE_SAMESITE": "Lax",
        "CSRF_FAILURE_VIEW": "sifang.web.views.errors.csrf_failure",
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
        # by sign-in name: by address would lock out a whole office behind one proxy
        "AXES_LOCKOUT_PARAMETERS": ["username"],
        "AXES_FAILURE_LIMIT": 5,
        "AXES_COOLOFF_TIME": timedelta(minutes=15),
        "AXES_RESET_ON_SUCCESS": True,
        "AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT": False,
        "AXES_ENABLE_ADMIN": False,
        "AXES_VERBOSE": False,
        "AXES_CLIENT_IP_CALLABLE": "sifang.web.signin.rate.client_address",
        "OTP_TOTP_ISSUER": "四方",
        "SILENCED_SYSTEM_CHECKS": ["axes.W003", "axes.W006"],
    }
