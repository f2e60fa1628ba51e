/** Shapes that are not circles: drawn on a canvas in the colours of the theme, sharp at 4K. */
import type { Map as GlMap } from "maplibre-gl";
import type { Tokens } from "./tokens";


/** Drawn at the size it is shown, so that dashes and hatching stay clear; `ratio` device pixels to one of ours. */
function canvas(ratio: number, size: number, draw: (c: CanvasRenderingContext2D, s: number) => void): ImageData {
  const side = Math.ceil(size * ratio);
  const element = document.createElement("canvas");
  element.width = side;
  element.height = side;
  const c = element.getContext("2d");
  if (!c) return new ImageData(side, side);
  c.scale(ratio, ratio);
  c.lineJoin = "round";
  c.lineCap = "butt";
  draw(c, size);
  return c.getImageData(0, 0, side, side);
}

function triangle(ratio: number, t: Tokens): ImageData {
  return canvas(ratio, 20, (c) => {
    c.beginPath();
    c.moveTo(10, 3);
    c.lineTo(17.2, 16);
    c.lineTo(2.8, 16);
    c.closePath();
    c.lineWidth = 2.4;
    c.strokeStyle = t.surface;
    c.stroke();
    c.fillStyle = t.outside;
    c.fill();
  });
}

function hatchedRing(ratio: number, t: Tokens): ImageData {
  return canvas(ratio, 20, (c) => {
    const r = 6.4;
    c.beginPath();
    c.arc(10, 10, r, 0, 2 * Math.PI);
    c.fillStyle = t.land;
    c.fill();
    c.save();
    c.clip();
    c.strokeStyle = t.hatch;
    c.lineWidth = 1;
    for (let d = -16; d <= 16; d += 4.2) {
      c.beginPath();
      c.moveTo(10 + d - 8, 18);
      c.lineTo(10 + d + 8, 2);
      c.stroke();
    }
    c.restore();
    c.beginPath();
    c.arc(10, 10, r, 0, 2 * Math.PI);
    c.setLineDash([2.6, 1.42]);
    c.lineWidth = 1.4;
    c.strokeStyle = t.unknown;
    c.stroke();
  });
}

/** No limit is in force: a ring with a bar, ⊖. */
function barred(ratio: number, t: Tokens): ImageData {
  return canvas(ratio, 14, (c) => {
    c.beginPath();
    c.arc(7, 7, 4.6, 0, 2 * Math.PI);
    c.fillStyle = t.land;
    c.fill();
    c.strokeStyle = t["ink-3"];
    c.lineWidth = 1.4;
    c.stroke();
    c.beginPath();
    c.moveTo(4.6, 7);
    c.lineTo(9.4, 7);
    c.stroke();
  });
}

function hatch(ratio: number, color: string): ImageData {
  return canvas(ratio, 6, (c) => {
    c.strokeStyle = color;
    c.lineWidth = 1;
    for (const d of [-6, 0, 6]) {
      c.beginPath();
      c.moveTo(d - 1, 7);
      c.lineTo(d + 7, -1);
      c.stroke();
    }
  });
}

function station(ratio: number, t: Tokens): ImageData {
  return canvas(ratio, 10, (c) => {
    c.fillStyle = t.surface;
    c.strokeStyle = t["rail-line"];
    c.lineWidth = 1.3;
    c.fillRect(2.4, 2.4, 5.2, 5.2);
    c.strokeRect(2.4, 2.4, 5.2, 5.2);
  });
}

const PLANE = new Path2D("M9 1h2l.6 6L19 11v2l-7.4-2-.4 4.5 2.4 1.7V19L10 18l-3.6 1v-1.8L8.800 15.500 8.400 11 1 13v-2l7.400-4Z");

function plane(ratio: number, t: Tokens): ImageData {
  return canvas(ratio, 14, (c) => {
    c.scale(0.7, 0.7);
    c.fillStyle = t["rail-line"];
    c.fill(PLANE);
  });
}

export function addImages(map: GlMap, t: Tokens, scale: number): void {
  const device = Math.max(1, window.devicePixelRatio || 1);
  const ratio = device * scale;
  const add = (name: string, image: ImageData): void => {
    if (!map.hasImage(name)) map.addImage(name, image, { pixelRatio: device });
  };
  add("outside", triangle(ratio, t));
  add("unknown", hatchedRing(ratio, t));
  add("none", barred(ratio, t));
  add("hatch", hatch(ratio, t.hatch));
  add("hatch-weak", hatch(ratio, t["land-line"]));
  add("station", station(ratio, t));
  add("airport", plane(ratio, t));
}
