/** A PMTiles file as raster base, read by HTTP ranges. Vector archives have no style of ours and are refused. */
import { addProtocol } from "maplibre-gl";

/** Return the tile address for a PMTiles file, or "" when none is configured. */
export function addPmtiles(url: string): string {
  if (!url) return "";
  addProtocol("sfpm", async (request) => {
    const { PMTiles } = await import("pmtiles");
    const archive = archives.get(url) ?? new PMTiles(url);
    archives.set(url, archive);
    const [z, x, y] = request.url.replace("sfpm://", "").split("/").map(Number);
    const tile = await archive.getZxy(z ?? 0, x ?? 0, y ?? 0);
    return { data: tile?.data ?? new ArrayBuffer(0) };
  });
  return "sfpm://{z}/{x}/{y}";
}

const archives = new Map<string, { getZxy(z: number, x: number, y: number): Promise<{ data: ArrayBuffer } | undefined> }>();
