"""Every address of the pages. Words, not numbers; the API stands under /api/."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from sifang.web.api import api
from sifang.web.live import stream
from sifang.web.views import (
    alarms,
    command,
    devices,
    do,
    export,
    handover,
    health,
    imports,
    judgment,
    leave,
    measures,
    office,
    officers,
    papers,
    persons,
    register,
    retention,
    signin,
    today,
)

urlpatterns = [
    path("", signin.landing),
    path("today", today.today),
    path("handover", handover.handover),
    path("leave", leave.leave),
    path("measures", measures.measures),
    path("calendar", office.calendar),
    path("caseload", office.caseload),
    path("healthz", health.healthz),
    path("path-band", health.path_band),
    path("signin", signin.signin),
    path("signin/passkey/options", signin.passkey_options),
    path("signin/passkey", signin.passkey_signin),
    path("signin/first", signin.first_time),
    path("signout", signin.signout),
    path("account", signin.account),
    path("account/passkeys/options", signin.register_options),
    path("account/passkeys", signin.register_passkey),
    path("command", command.command),
    path("command/mute", command.mute),
    path("command/queue", command.queue),
    path("command/table", command.table),
    path("command/wall", command.wall),
    re_path(r"^command/wall/(?P<part>left|right|river)$", command.wall_part),
    path("alarms/<uuid:alarm_id>", alarms.alarm),
    re_path(
        r"^alarms/(?P<alarm_id>[0-9a-f-]{36})/(?P<verb>take|over|call|video|visit|note|close|pause)$",
        alarms.act,
    ),
    path("persons", register.persons),
    path("persons/<str:number>", persons.person),
    path("persons/<str:number>/print", persons.printed),
    path("persons/<str:number>/track", persons.track),
    path("persons/<str:number>/refused", retention.refused),
    path("persons/<str:number>/track/export", export.export),
    path("persons/<str:number>/do/<slug:procedure>/<slug:step>", do.do),
    path("me", persons.me),
    path("handover/new", judgment.new),
    path("persons/<str:number>/papers", judgment.papers),
    path("dispatches/<uuid:dispatch_id>", papers.dispatch),
    path("documents/<uuid:document_id>", papers.document),
    path("me/do/<slug:procedure>/<slug:step>", do.do_own),
    path("admin", RedirectView.as_view(url="/admin/devices")),
    path("admin/officers", officers.officers),
    path("admin/devices", devices.devices),
    path("admin/import", imports.register),
    path("admin/import/template", imports.blank),
    path("admin/retention", retention.retention),
    path("api/live", stream.live),
    path("api/", api.urls),
]

handler404 = "sifang.web.views.errors.not_found"
handler500 = "sifang.web.views.errors.server_error"
