"""The ASGI application that the web server runs."""

from django.core.asgi import get_asgi_application

application = get_asgi_application()
