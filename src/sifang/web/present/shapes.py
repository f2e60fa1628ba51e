"""The drawings inside icons and states: paths only, colours come from the class around them."""
# ruff: noqa: E501 (a path is one word)

QUARTER = "M0 1a1 1 0 0 1 1-1H9.4V6.04A4 4 0 0 0 6.04 9.4H1a1 1 0 0 1-1-1Z"

_RING = '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.6"/>'

SHAPES = {
    "inside": '<circle cx="8" cy="8" r="4.5" fill="currentColor"/>',
    "outside": '<path d="M8 1.6 15 14.2H1Z" fill="currentColor"/>',
    "unknown": '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="2.6 1.9"/>'
    '<path d="M5 10.2 10.2 5M6.6 11.8l5.2-5.2" stroke="currentColor" stroke-width="1.2"/>',
    "old": '<circle cx="8" cy="8" r="4.5" fill="none" stroke="currentColor" stroke-width="1.6"/>',
    "none": _RING + '<path d="M5 8h6" stroke="currentColor" stroke-width="1.6"/>',
    "plain": '<circle cx="8" cy="8" r="3.5" fill="currentColor"/>',
    "due": _RING + '<path d="M8 2a6 6 0 0 1 0 12Z" fill="currentColor"/>',
    "overdue": '<circle cx="8" cy="8" r="7" fill="currentColor"/><path d="M8 4v4.8M8 11.4v.4" stroke="var(--surface)" stroke-width="1.9" stroke-linecap="round"/>',
    "expected": _RING,
    "target": '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="1.5 2"/>'
    '<circle cx="8" cy="8" r="1.6" fill="currentColor"/>',
    "done": '<path d="m2.5 8.5 3.6 3.6 7.4-8" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>',
    "act": '<rect x="2.5" y="2.5" width="11" height="11" fill="currentColor"/>',
}

ICONS = {
    "today": '<rect x="2.5" y="3.5" width="15" height="14" rx="1.5"/><path d="M2.5 7.5h15M6.5 1.8v3.4M13.5 1.8v3.4M7 12.3l2.2 2.2 4-4.2"/>',
    "handover": '<path d="M3 7h13M12.5 3.5 16 7l-3.5 3.5M17 13.5H4M7.5 10 4 13.5 7.5 17"/>',
    "bars": '<path d="M2.5 17.5h15M5 14.5v-4M9 14.5v-9M13 14.5v-6M17 14.5v-11"/>',
    "pin": '<path d="M10 18s5.5-5.2 5.5-9.6A5.5 5.5 0 0 0 4.5 8.4C4.5 12.8 10 18 10 18Z"/><circle cx="10" cy="8.3" r="2"/>',
    "person": '<circle cx="10" cy="6.2" r="3.2"/><path d="M3.5 17.2c.4-3.7 3-5.7 6.5-5.7s6.1 2 6.5 5.7"/>',
    "sliders": '<path d="M3 5.5h8M15 5.5h2M3 14.5h2M9 14.5h8"/><circle cx="13" cy="5.5" r="2"/><circle cx="7" cy="14.5" r="2"/>',
    "search": '<circle cx="8.5" cy="8.5" r="5.5"/><path d="m12.7 12.7 4.8 4.8"/>',
    "eye": '<path d="M1.8 10S4.8 4.5 10 4.5 18.2 10 18.2 10 15.2 15.5 10 15.5 1.8 10 1.8 10Z"/><circle cx="10" cy="10" r="2.5"/>',
    "key": '<circle cx="6" cy="14" r="3.5"/><path d="m8.5 11.5 8-8M13.5 6.5 16 9M11 9l1.5 1.5"/>',
    "shield": '<path d="M10 1.8 16.5 4v5.5c0 4-2.7 7-6.5 8.7-3.8-1.7-6.5-4.7-6.5-8.7V4Z"/>',
    "clock": '<circle cx="10" cy="10" r="7.8"/><path d="M10 5.5V10l3 2"/>',
    "phone": '<path d="M5.5 2.5h2.8l1.4 4-2 1.4a9 9 0 0 0 4.4 4.4l1.4-2 4 1.4v2.8a2 2 0 0 1-2.2 2A13.5 13.5 0 0 1 3.5 4.7a2 2 0 0 1 2-2.2Z"/>',
    "video": '<rect x="1.8" y="5" width="11" height="10" rx="1.5"/><path d="m12.8 9 5.4-3v8l-5.4-3"/>',
    "walk": '<circle cx="11" cy="3.5" r="1.6"/><path d="m8 18 2-5 2.5 2v3M6 10l2-3 3-.5 1.500 3 2.500 1M10 13V7"/>',
    "lock": '<rect x="4" y="9" width="12" height="8.5" rx="1.5"/><path d="M6.500 9V6.500a3.500 3.500 0 0 1 7 0V9"/>',
    "mail": '<rect x="2.500" y="4" width="15" height="12" rx="1.500"/><path d="m2.500 5.500 7.500 6 7.500-6"/>',
    "book": '<path d="M4 3.500h9a3 3 0 0 1 3 3v10H7a3 3 0 0 1-3-3Z"/><path d="M7 7h6M7 10h6"/>',
    "help": '<circle cx="10" cy="10" r="7.800"/><path d="M7.800 7.800a2.300 2.300 0 1 1 3.200 2.100c-.700.300-1 .800-1 1.500M10 14v.300"/>',
    "right": '<path d="m7.500 4 6 6-6 6"/>',
    "out": '<path d="M8 3.500H4v13h4M12 6.500 15.500 10 12 13.500M15.500 10H8"/>',
    "device": '<rect x="6" y="4.500" width="8" height="11" rx="2"/><path d="M8 4.500V1.800h4v2.700M8 15.500v2.700h4v-2.700"/>',
    "doc": '<path d="M5 1.800h6.500L16 6.300V17a1.200 1.200 0 0 1-1.200 1.200H5A1.200 1.200 0 0 1 3.800 17V3A1.200 1.200 0 0 1 5 1.800ZM11.300 2v4.500H16M7 10.500h6M7 13.800h6"/>',
    "print": '<path d="M5.500 7V2.500h9V7M5.500 14.500h-2A1 1 0 0 1 2.500 13.500V8A1 1 0 0 1 3.500 7h13a1 1 0 0 1 1 1v5.500a1 1 0 0 1-1 1h-2M5.500 11.500h9v6h-9Z"/>',
    "plus": '<path d="M10 4v12M4 10h12"/>',
    "pause": '<path d="M7 5v10M13 5v10"/>',
    "table": '<path d="M2.500 4h15v12h-15ZM2.500 8h15M8 8v8"/>',
}
