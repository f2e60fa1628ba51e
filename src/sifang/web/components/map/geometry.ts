/** Small geometry for drawing only. Decisions about places are the engine's, never the browser's. */
import type { Feature, Geometry, Polygon, Position } from "geojson";

const R = 6_371_008.8;
const rad = Math.PI / 180;

/** Metres one pixel covers at zoom (512-pixel tiles). */
export const metresPerPixel = (lat: number, zoom: number): number => (Math.cos(lat * rad) * 2 * Math.PI * R) / (512 * 2 ** zoom);

/** A circle of `radius` metres as a polygon. */
export function circle(lon: number, lat: number, radius: number, properties: Record<string, unknown>): Feature<Polygon> {
  const steps = 48;
  const dy = radius / R / rad;
  const dx = dy / Math.cos(lat * rad);
  const ring: Position[] = [];
  for (let i = 0; i <= steps; i += 1) {
    const a = (i / steps) * 2 * Math.PI;
    ring.push([lon + dx * Math.cos(a), lat + dy * Math.sin(a)]);
  }
  return { type: "Feature", properties, geometry: { type: "Polygon", coordinates: [ring] } };
}

/** All lines of a geometry: rings of polygons, lines themselves. */
export function lines(geometry: Geometry): Position[][] {
  switch (geometry.type) {
    case "Polygon":
    case "MultiLineString":
      return geometry.coordinates;
    case "MultiPolygon":
      return geometry.coordinates.flat();
    case "LineString":
      return [geometry.coordinates];
    case "GeometryCollection":
      return geometry.geometries.flatMap(lines);
    default:
      return [];
  }
}

export type Box = [west: number, south: number, east: number, north: number];

export function boxOf(positions: Iterable<Position>): Box | undefined {
  let box: Box | undefined;
  for (const [x, y] of positions) {
    if (x === undefined || y === undefined) continue;
    box = box ? [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)] : [x, y, x, y];
  }
  return box;
}

/** East and north metres of a place from an origin: flat, good for a few tens of kilometres. */
export function local(origin: Position, place: Position): [number, number] {
  const [x0 = 0, y0 = 0] = origin;
  const [x = 0, y = 0] = place;
  return [(x - x0) * rad * R * Math.cos(y0 * rad), (y - y0) * rad * R];
}

/** A place well inside the largest ring: the best of a grid of candidates, for a label. */
export function labelPoint(geometry: Geometry): Position {
  const ring = lines(geometry).reduce((best, one) => (one.length > best.length ? one : best), [] as Position[]);
  const box = boxOf(ring) ?? [0, 0, 0, 0];
  let best: Position = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  let far = -1;
  for (let i = 1; i < 14; i += 1) {
    for (let j = 1; j < 14; j += 1) {
      const place: Position = [box[0] + ((box[2] - box[0]) * i) / 14, box[1] + ((box[3] - box[1]) * j) / 14];
      const distance = contains(ring, place) ? distanceTo(ring, place) : -1;
      if (distance > far) {
        far = distance;
        best = place;
      }
    }
  }
  return best;
}

export function contains(ring: Position[], [x = 0, y = 0]: Position): boolean {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [xi = 0, yi = 0] = ring[i] ?? [];
    const [xj = 0, yj = 0] = ring[j] ?? [];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

function distanceTo(ring: Position[], place: Position): number {
  let least = Infinity;
  for (const vertex of ring) {
    const [dx, dy] = local(place, vertex);
    least = Math.min(least, Math.hypot(dx, dy * 1.6)); // labels are wide: room to the sides counts more
  }
  return least;
}
