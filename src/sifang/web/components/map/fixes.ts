/** Fixes of one person as features: for the replay of a track. */
import type { Feature, FeatureCollection, Position } from "geojson";
import { type Row, type State, stateOf } from "../live/state";
import { type Box, boxOf, circle, lines, local } from "./geometry";

/** taken_s, lon, lat, accuracy_m, assumed, verdict */
export type Fix = [number, number, number, number, number, number];

export const fixState = (fix: Fix): State => stateOf([0, fix[1], fix[2], fix[3], fix[4], fix[5], fix[0], null, 0] as Row, fix[0]);

export function fixPoint(fix: Fix, more: { small?: true } = {}): Feature {
  const properties: Record<string, unknown> = { state: fixState(fix), name: "", ...more };
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: [fix[1], fix[2]] } };
}

export const fixCircle = (fix: Fix): Feature => circle(fix[1], fix[2], fix[3], { state: fixState(fix) });

/** Dashed lines from fix to fix; never across a gap, where nobody knows the way. */
export function trail(fixes: Fix[], gapS = 600): Feature[] {
  const parts: Position[][] = [];
  let last: Fix | undefined;
  for (const fix of fixes) {
    if (!last || fix[0] - last[0] > gapS) parts.push([]);
    parts[parts.length - 1]?.push([fix[1], fix[2]]);
    last = fix;
  }
  return parts.filter((p) => p.length > 1).map((coordinates) => ({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } }));
}

/** The fixes with room around them, and the nearest piece of the line when it is not far. */
export function fixBox(fixes: Fix[], fences: Feature[], farM = 3000): Box | undefined {
  const places: Position[] = fixes.map((fix) => [fix[1], fix[2]]);
  const last = places[places.length - 1];
  if (!last) return undefined;
  let best: Position | undefined;
  let least = farM;
  for (const fence of fences) {
    for (const line of lines(fence.geometry)) {
      for (let i = 1; i < line.length; i += 1) {
        for (let t = 0; t <= 1; t += 0.1) {
          const [ax = 0, ay = 0] = line[i - 1] ?? [];
          const [bx = 0, by = 0] = line[i] ?? [];
          const at: Position = [ax + t * (bx - ax), ay + t * (by - ay)];
          const distance = Math.hypot(...local(last, at));
          if (distance < least) {
            least = distance;
            best = at;
          }
        }
      }
    }
  }
  const box = boxOf(best ? [...places, best] : places);
  if (!box) return undefined;
  const room = Math.max((box[2] - box[0]) * 0.15, (box[3] - box[1]) * 0.15, 0.0006);
  return [box[0] - room, box[1] - room, box[2] + room, box[3] + room];
}

export function asFeatures(given: FeatureCollection | Feature | undefined): Feature[] {
  if (!given) return [];
  return given.type === "FeatureCollection" ? given.features : [given];
}
