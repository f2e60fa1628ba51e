/** The live map of 指挥 and of the wall: persons by shape, circles to scale, fences of the selected one, at most 4 pictures a second. */
import type { Feature, FeatureCollection } from "geojson";
import { define } from "../../front/module";
import { hear, type Person, type Row, serverNow, type State, stateOf, tell } from "../live/state";
import { BaseMap, type BaseOptions, CITY, sayInstead } from "./base_map";
import { type Box, circle, metresPerPixel } from "./geometry";
import { Inset } from "./inset";

const FRAME_MS = 250;
const TRAIL = 12;
const CIRCLE_PX = 6;

export class CommandMap {
  private readonly base: BaseMap;
  private readonly inset: Inset | undefined;
  private readonly rows = new Map<number, Row>();
  private readonly recent = new Map<number, Row[]>();
  private readonly drawn = new Map<number, { source: "inside" | "marked"; key: string }>();
  private readonly dirty = new Set<number>();
  private persons: Record<string, Person> = {};
  private fences: Feature[] = [];
  private selected: number | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastFrame = 0;
  private ready = false;
  private readonly stops: (() => void)[];
  private readonly ageing: ReturnType<typeof setInterval>;

  constructor(
    private readonly element: HTMLElement,
    private readonly wall: boolean,
  ) {
    const scale = wall ? (1.5 * innerWidth) / 1920 : 1;
    const options: BaseOptions = {
      scale,
      names: !wall,
      furniture: wall ? "scale" : "full",
      interactive: !wall,
      bounds: CITY,
      padding: { top: 20, bottom: wall ? 30 : 24, left: wall ? 20 : 24, right: 24 },
    };
    element.classList.toggle("sf-mapbox--wall", wall);
    this.base = new BaseMap(element, options);
    if (!wall) {
      this.inset = new Inset(() => tell("sf:select", { measure: null, from: "map" }));
      element.append(this.inset.element);
      this.pointer();
    }
    this.stops = [
      hear("sf:state", (whole) => this.whole(whole.rows, whole.persons)),
      hear("sf:positions", ({ rows }) => rows.forEach((row) => this.take(row))),
      hear("sf:select", ({ measure, from }) => void this.select(measure, from)),
      hear("sf:lost", () => element.classList.add("is-stale")),
      hear("sf:back", () => element.classList.remove("is-stale")),
    ];
    const resize = (): void => void this.base.map.resize();
    document.addEventListener("sf:shown", resize);
    this.stops.push(() => document.removeEventListener("sf:shown", resize));
    this.ageing = setInterval(() => this.age(), 10_000);
    this.base.map.on("moveend", () => this.circles());
    void this.base.ready.then(
      () => {
        this.ready = true;
        this.drawn.clear();
        for (const measure of this.rows.keys()) this.dirty.add(measure);
        this.soon();
        element.dataset["ready"] = "";
      },
      (problem: unknown) => {
        console.warn("map", problem);
        sayInstead(element, "地图没有载入。表格里有同样的内容（T）。");
      },
    );
    tell("sf:ask", {});
  }

  stop(): void {
    clearInterval(this.ageing);
    clearTimeout(this.timer);
    for (const stop of this.stops) stop();
    this.base.stop();
  }

  private whole(rows: Row[], persons: Record<string, Person>): void {
    this.persons = persons;
    const now = new Set(rows.map((row) => row[0]));
    for (const measure of [...this.rows.keys()]) {
      if (!now.has(measure)) {
        this.rows.delete(measure);
        this.dirty.add(measure);
      }
    }
    for (const row of rows) this.take(row);
    const counts: Record<string, number> = {};
    for (const row of rows) {
      const county = persons[String(row[0])]?.county;
      if (county) counts[county] = (counts[county] ?? 0) + 1;
    }
    void this.base.ready.then(() => this.base.label(counts), () => undefined);
  }

  private take(row: Row): void {
    this.rows.set(row[0], row);
    const recent = this.recent.get(row[0]) ?? [];
    if (recent[recent.length - 1]?.[6] !== row[6]) recent.push(row);
    else recent[recent.length - 1] = row;
    if (recent.length > TRAIL) recent.shift();
    this.recent.set(row[0], recent);
    this.dirty.add(row[0]);
    this.soon();
  }

  /** Time alone makes discs hollow. */
  private age(): void {
    const now = serverNow() / 1000;
    for (const [measure, row] of this.rows) {
      if (this.drawn.get(measure)?.key.endsWith("old") !== (stateOf(row, now) === "old")) this.dirty.add(measure);
    }
    this.soon();
  }

  private soon(): void {
    if (!this.ready) return;
    this.timer ??= setTimeout(() => this.frame(), Math.max(0, this.lastFrame + FRAME_MS - performance.now()));
  }

  private frame(): void {
    this.timer = undefined;
    this.lastFrame = performance.now();
    const now = serverNow() / 1000;
    const add: Record<"inside" | "marked", Feature[]> = { inside: [], marked: [] };
    const remove: Record<"inside" | "marked", number[]> = { inside: [], marked: [] };
    for (const measure of this.dirty) {
      const row = this.rows.get(measure);
      const before = this.drawn.get(measure);
      if (!row) {
        if (before) remove[before.source].push(measure);
        this.drawn.delete(measure);
        continue;
      }
      const state = stateOf(row, now);
      const source = state === "inside" ? "inside" : "marked";
      const key = `${row[1]},${row[2]},${state}`;
      if (before?.key === key) continue;
      if (before && before.source !== source) remove[before.source].push(measure);
      add[source].push(this.feature(row, state));
      this.drawn.set(measure, { source, key });
    }
    this.dirty.clear();
    for (const name of ["inside", "marked"] as const) {
      if (add[name].length === 0 && remove[name].length === 0) continue;
      void this.base.source(name)?.updateData({ remove: remove[name], add: add[name] });
    }
    this.circles();
    this.mark();
    this.describe();
  }

  private feature(row: Row, state: State): Feature {
    const name = this.persons[String(row[0])]?.name ?? "";
    return { type: "Feature", id: row[0], properties: { state, name, measure: row[0] }, geometry: { type: "Point", coordinates: [row[1], row[2]] } };
  }

  /** Accuracy circles to scale, only those in view and larger than 6 px. */
  private circles(): void {
    if (!this.ready) return;
    const map = this.base.map;
    const perPixel = metresPerPixel(map.getCenter().lat, map.getZoom());
    const view = map.getBounds();
    const now = serverNow() / 1000;
    const features: Feature[] = [];
    const alone = map.getZoom() >= 11;
    for (const row of this.rows.values()) {
      const state = stateOf(row, now);
      const shown = alone || state === "outside" || state === "unknown" || row[0] === this.selected;
      if (!shown || state === "old" || row[3] / perPixel <= CIRCLE_PX || !view.contains([row[1], row[2]])) continue;
      features.push(circle(row[1], row[2], row[3], { state }));
    }
    this.base.set("accuracy", features);
  }

  private mark(): void {
    const row = this.selected === null ? undefined : this.rows.get(this.selected);
    const alarmed = this.wall ? [...this.rows.values()].filter((r) => stateOf(r, serverNow() / 1000) === "outside") : [];
    const marked = row ? [row] : alarmed;
    this.base.set(
      "selected",
      marked.map((r) => this.feature(r, stateOf(r, serverNow() / 1000))),
    );
    if (row) this.inset?.show(this.persons[String(row[0])], this.recent.get(row[0]) ?? [row], this.fences);
    else this.inset?.hide();
  }

  private async select(measure: number | null, from: string): Promise<void> {
    if (measure === this.selected || this.wall) return;
    this.selected = measure;
    this.fences = [];
    this.showFences();
    const row = measure === null ? undefined : this.rows.get(measure);
    this.mark();
    this.circles();
    if (row && from !== "map" && !this.base.map.getBounds().contains([row[1], row[2]])) this.base.map.panTo([row[1], row[2]], { duration: 200 });
    const url = this.element.dataset["fences"];
    if (measure === null || !url) return;
    try {
      const answer = await fetch(`${url}${measure}`, { credentials: "same-origin" });
      if (!answer.ok || this.selected !== measure) return;
      this.fences = ((await answer.json()) as FeatureCollection).features;
    } catch {
      return; // the person is still marked; the line is missing and the card shows none
    }
    this.showFences();
    this.mark();
  }

  private showFences(): void {
    this.base.set("fences", this.fences);
    this.base.set("band", bands(this.fences));
  }

  /** Nearer: the last fixes and the line in view. */
  private approach(measure: number): void {
    const row = this.rows.get(measure);
    if (!row) return;
    const reach = Math.max(0.004, (row[3] * 6) / 111_000);
    const box: Box = [row[1] - reach * 1.25, row[2] - reach, row[1] + reach * 1.25, row[2] + reach];
    this.base.fit(box, 16);
  }

  private pointer(): void {
    const map = this.base.map;
    const layers = ["p-outside", "p-unknown", "p-old", "p-none", "p-inside", "cluster"];
    const pad = 6;
    const at = (p: { x: number; y: number }): Feature | undefined =>
      map.queryRenderedFeatures([[p.x - pad, p.y - pad], [p.x + pad, p.y + pad]], { layers: layers.filter((id) => map.getLayer(id)) })[0];
    map.on("click", (event) => void this.clicked(at(event.point)));
    map.on("dblclick", (event) => {
      const measure = Number(at(event.point)?.properties?.["measure"]);
      if (measure) {
        event.preventDefault();
        this.approach(measure);
      }
    });
    map.on("mousemove", (event) => {
      map.getCanvas().style.cursor = at(event.point) ? "pointer" : "";
    });
  }

  private async clicked(feature: Feature | undefined): Promise<void> {
    const cluster = feature?.properties?.["cluster_id"] as number | undefined;
    if (cluster !== undefined && feature?.geometry.type === "Point") {
      const zoom = await this.base.source("inside")?.getClusterExpansionZoom(cluster);
      this.base.map.easeTo({ center: feature.geometry.coordinates as [number, number], zoom: zoom ?? this.base.map.getZoom() + 1.5, duration: 250 });
      return;
    }
    tell("sf:select", { measure: Number(feature?.properties?.["measure"]) || null, from: "map" });
  }

  private describe(): void {
    const now = serverNow() / 1000;
    const counts: Record<State, number> = { inside: 0, unknown: 0, outside: 0, old: 0, none: 0 };
    for (const row of this.rows.values()) counts[stateOf(row, now)] += 1;
    const words = `地图，${this.rows.size} 人：在范围内 ${counts.inside}，无法判断 ${counts.unknown}，在范围外 ${counts.outside}，无新定位 ${counts.old}，暂不判断 ${counts.none}。同样内容见表格。`;
    const canvas = this.base.map.getCanvas();
    if (canvas.getAttribute("aria-label") !== words) canvas.setAttribute("aria-label", words);
    this.element.dataset["drawn"] = String(this.rows.size);
  }
}

/** Bands of the line's own error: shown once they are wider than 6 px; the width grows with zoom. */
export function bands(fences: Feature[]): Feature[] {
  return fences
    .filter((fence) => Number(fence.properties?.["boundary_m"]) > 0)
    .map((fence) => {
      const first = JSON.stringify(fence.geometry).match(/-?\d+\.?\d*,(-?\d+\.?\d*)/);
      const lat = Number(first?.[1] ?? 36.6);
      return { ...fence, properties: { ...fence.properties, w0: (2 * Number(fence.properties?.["boundary_m"])) / metresPerPixel(lat, 0) } };
    });
}

function open(element: HTMLElement, wall: boolean): CommandMap | undefined {
  try {
    return new CommandMap(element, wall);
  } catch (problem) {
    console.warn("map", problem);
    sayInstead(element, "此浏览器不能绘制地图。表格里有同样的内容（T）。");
    return undefined;
  }
}

define("command-map", (element) => open(element, false));
define("wall", (element) => open(element, true));
