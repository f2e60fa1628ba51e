"""The arrays in which the kernels keep geometry, fences and state; snapshots write them as they are."""

import numpy as np

GEOMETRY = np.dtype(
    [
        ("west", "<f8"),  # grid over the outline and the horizon around it, degrees
        ("south", "<f8"),
        ("cell_lon", "<f8"),
        ("cell_lat", "<f8"),
        ("row_south", "<f8"),  # rows of latitude over the outline alone, for the crossing test
        ("row_lat", "<f8"),
        ("far_boundary_m", "<f8"),  # where the line is beyond the horizon
        ("columns", "<i4"),
        ("lines", "<i4"),
        ("rows", "<i4"),
        ("cell_at", "<i4"),  # first cell of this geometry in the flat arrays
        ("row_at", "<i4"),
    ]
)

FENCE = np.dtype(
    [
        ("number", "<i8"),
        ("geometry", "<i4"),
        ("kind", "u1"),
        ("keeps_inside", "u1"),
        ("judged", "u1"),  # counts for the verdict of the fix
        ("timetable", "<i4"),  # row of the timetables, -1 = always
        ("exception_from", "<i4"),
        ("exception_to", "<i4"),
        ("from_s", "<i8"),
        ("to_s", "<i8"),
    ]
)

MEASURE = np.dtype(
    [
        ("number", "<i8"),
        ("fence_from", "<i4"),
        ("fence_to", "<i4"),
        ("silent_after_s", "<i8"),
        ("from_s", "<i8"),
        ("to_s", "<i8"),
    ]
)

# -1 = not running / never
FENCE_STATE = np.dtype(
    [
        ("last_s", "<i8"),  # last evaluation
        ("run_s", "<i8"),  # first fix of the present run beyond the line
        ("run_fixes", "<i8"),
        ("before_s", "<i8"),  # the crossing lies between this instant and run_s
        ("bound_s", "<i8"),  # last counted fix while the fence was in force
        ("depth_m", "<f8"),  # damped mean of how far beyond the line the run is
        ("run_last_s", "<i8"),
        ("episode", "<i8"),  # of the alarm that is on
        ("lawful_s", "<i8"),  # since when the lawful side is certain again
        ("kept", "<i8"),  # evaluations written to the ring so far
        ("probability", "<f8"),
    ]
)

MEASURE_STATE = np.dtype(
    [
        ("taken_s", "<i8"),  # newest fix looked at
        ("heard_s", "<i8"),  # when the newest position was received
        ("lon", "<f8"),
        ("lat", "<f8"),
        ("accuracy_m", "<f8"),
        ("placed_s", "<i8"),  # when that position was taken
        ("strap", "<i8"),  # episodes that are on
        ("battery", "<i8"),
        ("sos", "<i8"),
        ("silent", "<i8"),
        ("strap_open_s", "<i8"),  # last report of the strap being open
        ("sos_s", "<i8"),
        ("battery_pct", "<i8"),  # last known, 255 = never given
    ]
)

EVALUATION = np.dtype(
    [
        ("taken_s", "<i8"),
        ("distance_m", "<f8"),
        ("accuracy_m", "<f8"),
        ("boundary_m", "<f8"),
        ("probability", "<f8"),
        ("assumed", "u1"),
        ("verdict", "u1"),
    ]
)
