"""What this gateway is: a protocol of purpose-built devices."""

NAME = "jt808"
TITLE = "JT/T 808（2011、2013、2019）"
PROTOCOL = "JT/T 808 over TCP, TLS as an option"
PORT_SETTING = "SIFANG_JT808_PORT"
DEVICE_CLASS = "purpose-built"
DEVICES = (
    "Wristbands, anklets and trackers made for positioning and registered by make, model and test report."
)
PHONES = "No phone sends positions by itself: a phone cannot be registered here nor bound to a measure."
