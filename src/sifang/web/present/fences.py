"""Fences as the map draws them: rings with how well each vertex is known."""

from typing import Any

from sifang.monitoring.models import Fence


def rings_of(fence: Fence) -> list[list[list[float]]]:
    """Return the rings of a fence as [[lon, lat, boundary_m], …], WGS-84, closed."""
    geometry = fence.line.geometry if fence.line is not None else fence.geometry
    rings: list[list[list[float]]] = (geometry or {}).get("rings", [])
    return rings


def feature(fence: Fence) -> dict[str, Any]:
    """Return one fence as a GeoJSON feature; coordinates carry lon and lat, the band its own property."""
    rings = rings_of(fence)
    return {
        "type": "Feature",
        "properties": {
            "name": fence.name,
            "kind": fence.clause.kind,
            "keeps": fence.keeps,
            "boundary_m": fence.boundary_m,
            "source": fence.source,
            "source_date": fence.source_date.isoformat(),
            "clause": fence.clause.text,
            "note": "示意，以勘定界线为准",
        },
        "geometry": {
            "type": "MultiPolygon" if len(rings) > 1 else "Polygon",
            "coordinates": [[[v[:2] for v in ring]] for ring in rings]
            if len(rings) > 1
            else [[v[:2] for v in ring] for ring in rings],
        },
    }


def collection(fences: list[Fence]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": [feature(fence) for fence in fences]}
