"""What this gateway is: a way of speaking that purpose-built trackers use."""

NAME = "owntracks"
TITLE = "OwnTracks（HTTP）"
PROTOCOL = "OwnTracks JSON over HTTP"
PORT_SETTING = "SIFANG_DEVICE_HTTP_PORT"
PATHS = ("/owntracks",)
DEVICE_CLASS = "purpose-built"
DEVICES = "Trackers made for positioning that report by HTTP, registered by make, model and test report."
PHONES = "No phone sends positions by itself: a phone cannot be registered here nor bound to a measure."
