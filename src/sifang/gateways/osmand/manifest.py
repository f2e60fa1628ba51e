"""What this gateway is: a way of speaking that purpose-built trackers use."""

NAME = "osmand"
TITLE = "OsmAnd（HTTP）"
PROTOCOL = "OsmAnd position request over HTTP: query form and JSON body"
PORT_SETTING = "SIFANG_DEVICE_HTTP_PORT"
PATHS = ("/", "/osmand")
DEVICE_CLASS = "purpose-built"
DEVICES = "Trackers made for positioning that report by HTTP, registered by make, model and test report."
PHONES = "No phone sends positions by itself: a phone cannot be registered here nor bound to a measure."
