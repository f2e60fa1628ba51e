/** Card of the selected person: who, how sure, how old, and a close picture of the place against the line. */
import type { Feature, Position } from "geojson";
import { ago } from "../clock/clock";
import { type Person, type Row, serverNow, stateOf, WORDS } from "../live/state";
import { el, svg, svgPart } from "./furniture";
import { lines, local } from "./geometry";

const W = 286;
const H = 168;

export class Inset {
  readonly element: HTMLElement;
  private readonly title = el("b", "sf-grow");
  private readonly facts = el("span", "sf-xs sf-3 sf-num");
  private readonly picture: SVGElement;
  private readonly caption = el("div", "sf-mapbox__cap");

  constructor(close: () => void) {
    const button = el("button", "sf-mapbox__close", "×");
    button.type = "button";
    button.setAttribute("aria-label", "不再选中");
    button.addEventListener("click", close);
    this.picture = svg({ viewBox: `0 0 ${W} ${H}`, width: String(W), height: String(H), class: "sf-map", role: "img" });
    this.picture.removeAttribute("aria-hidden");
    this.element = el("div", "sf-mapbox__inset sf-card", el("div", "sf-card__head", this.title, this.facts, button));
    this.element.append(this.picture, this.caption);
    this.element.hidden = true;
  }

  hide(): void {
    this.element.hidden = true;
  }

  show(person: Person | undefined, fixes: Row[], fences: Feature[]): void {
    const last = fixes[fixes.length - 1];
    if (!last) return;
    const link = el("a", "", person?.name ?? `措施 ${last[0]}`);
    if (person) link.href = person.url;
    this.title.replaceChildren(link);
    const age = serverNow() / 1000 - last[6];
    this.facts.textContent = `±${Math.round(last[3])} m${last[4] ? "（推定）" : ""} · ${ago(age)}`;
    const state = stateOf(last, serverNow() / 1000);
    this.caption.textContent = `${WORDS[state]} · ${person?.county ?? ""} ${person?.office ?? ""}`.trim();
    this.draw(last, fixes, fences);
    this.picture.setAttribute("aria-label", `${person?.name ?? ""}最近 ${fixes.length} 个定位与界线；误差画成圆和浅带`);
    this.element.hidden = false;
  }

  private draw(last: Row, fixes: Row[], fences: Feature[]): void {
    const origin: Position = [last[1], last[2]];
    const near = nearest(origin, fences);
    const reach = Math.max(60, 2.2 * last[3], ...fixes.map((f) => Math.hypot(...local(origin, [f[1], f[2]])) * 1.15));
    const span = near.distance < 6000 ? Math.max(reach, near.distance * 1.25) : reach;
    // the middle of the picture lies between the person and the line
    const middle: [number, number] = near.distance < 6000 ? [near.at[0] / 2, near.at[1] / 2] : [0, 0];
    const perPixel = Math.max(span / (H * 0.42), 0.4);
    const px = (place: Position): [number, number] => {
      const [x, y] = local(origin, place);
      return [W / 2 + (x - middle[0]) / perPixel, H / 2 - (y - middle[1]) / perPixel];
    };
    const parts: SVGElement[] = [hatchPattern()];
    // what is allowed lies under what is forbidden; only the nearest line tells its error in words
    const ordered = [...fences].sort((a, b) => Number(a.properties?.["keeps"] === "outside") - Number(b.properties?.["keeps"] === "outside"));
    for (const fence of ordered) parts.push(...drawFence(fence, px, perPixel, fence === near.fence));
    const path = fixes.map((f) => px([f[1], f[2]]).map((n) => n.toFixed(1)).join(" ")).join("L");
    if (fixes.length > 1) parts.push(svgPart("path", { d: `M${path}`, fill: "none", stroke: "var(--ink-3)", "stroke-dasharray": "3 3" }));
    fixes.forEach((fix, i) => parts.push(...drawFix(fix, px([fix[1], fix[2]]), perPixel, i === fixes.length - 1)));
    parts.push(...scale(perPixel));
    this.picture.replaceChildren(...parts);
  }
}

function hatchPattern(): SVGElement {
  const line = svgPart("path", { class: "sf-hatch-line", d: "M0 0V5" });
  const pattern = svgPart("pattern", { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, line);
  return svgPart("defs", {}, pattern);
}


interface Near {
  at: [number, number];
  distance: number;
  fence?: Feature;
}

/** The nearest place on any fence line, metres from `origin`. */
function nearest(origin: Position, fences: Feature[]): Near {
  let best: Near = { at: [0, 0], distance: Infinity };
  for (const fence of fences) {
    for (const line of lines(fence.geometry)) {
      for (let i = 1; i < line.length; i += 1) {
        const a = local(origin, line[i - 1] ?? []);
        const b = local(origin, line[i] ?? []);
        const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
        const t = Math.min(1, Math.max(0, -(a[0] * dx + a[1] * dy) / (dx * dx + dy * dy || 1)));
        const at: [number, number] = [a[0] + t * dx, a[1] + t * dy];
        const distance = Math.hypot(...at);
        if (distance < best.distance) best = { at, distance, fence };
      }
    }
  }
  return best;
}

function drawFence(fence: Feature, px: (p: Position) => [number, number], perPixel: number, tells: boolean): SVGElement[] {
  const far = 20_000;
  const path = lines(fence.geometry)
    .map((line) => {
      let d = "";
      let open = false;
      line.forEach((place, i) => {
        const [x, y] = px(place);
        const [xb, yb] = px(line[Math.min(i + 1, line.length - 1)] ?? place);
        const [xa, ya] = px(line[Math.max(i - 1, 0)] ?? place);
        const near = [x, y, xa, ya, xb, yb].every((n) => Math.abs(n) < far) ;
        if (near) d += `${open ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
        open = near;
      });
      return d;
    })
    .join("");
  const whole = lines(fence.geometry).map((line) => `M${line.map((p) => px(p).map((n) => Math.max(-far, Math.min(far, n)).toFixed(1)).join(" ")).join("L")}Z`).join("");
  const keepsInside = fence.properties?.["keeps"] !== "outside";
  const boundary = Number(fence.properties?.["boundary_m"] ?? 0);
  const band = (2 * boundary) / perPixel;
  const parts = [svgPart("path", { d: whole, fill: keepsInside ? "var(--land-focus)" : "url(#hatch)", "fill-rule": "evenodd", stroke: "none" })];
  if (band > 6) parts.push(svgPart("path", { class: "fence-band", d: path, "stroke-width": band.toFixed(1) }));
  parts.push(svgPart("path", { class: "fence", d: path }));
  if (band > 6 && tells) parts.push(svgPart("text", { class: "lbl", x: 10, y: H - 10, "font-size": 11 }, `界线误差 ±${Math.round(boundary)} m`));
  return parts;
}

function drawFix(fix: Row, [x, y]: [number, number], perPixel: number, isLast: boolean): SVGElement[] {
  const state = stateOf(fix, fix[6]);
  const looks = { outside: "out", unknown: "unk", inside: "in", old: "in", none: "none" }[state];
  const parts: SVGElement[] = [];
  const radius = fix[3] / perPixel;
  if (radius > 4) parts.push(svgPart("circle", { class: `acc-${looks}`, cx: x, cy: y, r: radius.toFixed(1) }));
  if (isLast && state === "outside") parts.push(svgPart("path", { class: "m-out", d: `M${x} ${y - 8}l7.500 13.500h-15Z` }));
  else parts.push(svgPart("circle", { cx: x, cy: y, r: isLast ? 4 : 2.6, fill: state === "outside" ? "var(--outside)" : state === "unknown" ? "var(--unknown)" : state === "none" ? "var(--ink-3)" : "var(--inside)" }));
  return parts;
}

function scale(perPixel: number): SVGElement[] {
  const metres = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].filter((m) => m / perPixel <= 60).pop() ?? 5;
  const w = metres / perPixel;
  const x = W - 12 - w;
  return [
    svgPart("path", { d: `M${x} ${H - 10}h${w}M${x} ${H - 13}v6M${x + w} ${H - 13}v6`, stroke: "var(--ink-2)", fill: "none" }),
    svgPart("text", { class: "lbl", x: x + w / 2, y: H - 16, "text-anchor": "middle", "font-size": 11 }, metres >= 1000 ? `${metres / 1000} km` : `${metres} m`),
  ];
}
