/** One MapLibre map in our style: worker, sources, furniture, no rotation, no pitch. What moves on it is added by others. */
import type { Feature, FeatureCollection, Geometry, Position } from "geojson";
import { type GeoJSONSource, Map as GlMap, setWorkerUrl } from "maplibre-gl";
import { reducedMotion } from "../../front/module";
import { el, legend, ScaleBar, tools } from "./furniture";
import { type Box, boxOf, labelPoint, lines } from "./geometry";
import { addImages } from "./images";
import { addPmtiles } from "./pmtiles";
import { buildStyle, EMPTY } from "./style";
import { readTokens } from "./tokens";

/** The city, when the boundaries have not come yet (UI § 7). */
export const CITY: Box = [116.2, 35.98, 118.0, 37.55];

/** Small districts whose names stand outside with a line, while the whole city is in view. */
const LEADS: Record<string, { from: Position; to: Position; anchor: "left" | "right" }> = {
  天桥区: { from: [116.93, 36.79], to: [116.72, 36.88], anchor: "right" },
  槐荫区: { from: [116.85, 36.69], to: [116.66, 36.62], anchor: "right" },
  历下区: { from: [117.1, 36.64], to: [117.25, 36.545], anchor: "left" },
  市中区: { from: [116.985, 36.58], to: [117.03, 36.44], anchor: "left" },
};

/** Where names stand freely; other districts take the middle of their widest place. */
const NAME_AT: Record<string, Position> = {
  历城区: [117.245, 36.7],
  章丘区: [117.52, 36.63],
  济阳区: [117.12, 37.03],
  商河县: [117.16, 37.36],
  钢城区: [117.83, 36.13],
  莱芜区: [117.6, 36.25],
  长清区: [116.77, 36.42],
  平阴县: [116.4, 36.2],
};

let workerSet = false;

export interface BaseOptions {
  scale: number;
  names: boolean;
  furniture: "full" | "scale" | "none";
  interactive: boolean;
  byFence?: boolean;
  bounds: Box;
  padding: { top: number; right: number; bottom: number; left: number };
}

export class BaseMap {
  readonly map: GlMap;
  readonly ready: Promise<void>;
  private readonly scaleBar: ScaleBar | undefined;
  private districts: Feature[] = [];
  private readonly data = new Map<string, FeatureCollection>();
  private readonly loaded = new Set<string>();

  constructor(
    readonly element: HTMLElement,
    readonly options: BaseOptions,
  ) {
    const given = element.dataset;
    if (!workerSet) {
      workerSet = true;
      setWorkerUrl(new URL(given["worker"] || "/static/sifang/dist/map-worker.js", location.href).href);
    }
    const raster = addPmtiles(given["pmtiles"] ?? "") || (given["raster"] ?? "");
    const canvas = el("div", "sf-mapbox__gl");
    element.append(canvas);
    this.map = new GlMap({
      container: canvas,
      style: buildStyle(readTokens(), {
        scale: options.scale,
        names: options.names,
        raster,
        rasterAttribution: given["rasterAttribution"] ?? "",
        focus: given["focus"] ?? "",
        byFence: options.byFence ?? false,
      }),
      bounds: options.bounds,
      fitBoundsOptions: { padding: options.padding },
      attributionControl: raster ? { compact: false } : false,
      interactive: options.interactive,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxPitch: 0,
      minZoom: 6.5,
      maxZoom: 17,
      fadeDuration: reducedMotion() ? 0 : 120,
      localIdeographFontFamily: getComputedStyle(document.documentElement).getPropertyValue("--sans").replace(/"/g, "'"),
      canvasContextAttributes: { preserveDrawingBuffer: given["snapshot"] !== undefined },
      refreshExpiredTiles: false,
      renderWorldCopies: false,
      trackResize: true,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.getCanvas().tabIndex = -1;
    this.map.getCanvas().setAttribute("aria-label", element.dataset["label"] ?? "地图；同样内容见表格");
    this.map.on("error", (event) => this.failed(event.error));
    if (options.furniture !== "none") {
      this.scaleBar = new ScaleBar(96 * options.scale);
      element.append(this.scaleBar.element);
      const update = (): void => this.scaleBar?.update(this.map);
      this.map.on("move", update);
      update();
    }
    if (options.furniture === "full") element.append(legend(!raster), tools(this.map, () => this.home()));
    const drawn = new Promise<void>((done) => {
      this.map.once("style.load", () => {
        addImages(this.map, readTokens(), options.scale);
        done();
      });
    });
    this.ready = Promise.all([drawn, this.fetchBase()]).then(([, whole]) => this.showBase(whole));
  }

  stop(): void {
    this.map.remove();
    this.element.replaceChildren();
  }

  /** The whole city, or the district that the officer works for. */
  home(): void {
    this.fit(this.focusBox() ?? this.options.bounds);
  }

  fit(box: Box, maxZoom = 16): void {
    this.map.fitBounds(box, { padding: this.options.padding, maxZoom, duration: reducedMotion() ? 0 : 280 });
  }

  /** Replace what a source holds; before the style is there, it waits. */
  set(source: string, features: Feature[]): void {
    const collection: FeatureCollection = { type: "FeatureCollection", features };
    this.data.set(source, collection);
    this.source(source)?.setData(collection);
  }

  source(name: string): GeoJSONSource | undefined {
    return this.loaded.size > 0 || this.map.getSource(name) ? (this.map.getSource(name) as GeoJSONSource | undefined) : undefined;
  }

  get districtFeatures(): Feature[] {
    return this.districts;
  }

  private focusBox(): Box | undefined {
    const focus = this.element.dataset["focus"];
    const found = this.districts.find((d) => focus && String(d.properties?.["code"]) === focus);
    return found ? boxOf(lines(found.geometry).flat()) : undefined;
  }

  private async fetchBase(): Promise<FeatureCollection> {
    const url = this.element.dataset["baseUrl"];
    if (!url) return EMPTY;
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return (await answer.json()) as FeatureCollection;
  }

  private showBase(whole: FeatureCollection): void {
    const admin = whole.features.filter((f) => ["district", "city"].includes(String(f.properties?.["layer"])));
    for (const feature of admin) if (feature.properties) feature.properties["code"] = String(feature.properties["code"] ?? "");
    this.districts = admin.filter((f) => f.properties?.["layer"] === "district");
    this.loaded.add("base");
    this.set("admin", admin);
    this.set(
      "base",
      whole.features.filter((f) => !admin.includes(f)),
    );
    this.label({});
    for (const [name, collection] of this.data) this.source(name)?.setData(collection);
    const box = this.focusBox();
    if (box) this.map.fitBounds(box, { padding: this.options.padding, duration: 0 });
  }

  /** Names of districts with the number of persons in each (by name or code of the county). */
  label(counts: Record<string, number>): void {
    const features: Feature[] = [];
    for (const district of this.districts) {
      const name = String(district.properties?.["name"] ?? "");
      const count = counts[name] ?? counts[String(district.properties?.["code"])] ?? 0;
      const lead = LEADS[name];
      features.push(point("name", NAME_AT[name] ?? labelPoint(district.geometry), { name, count, lead: lead !== undefined }));
      if (!lead) continue;
      features.push({ type: "Feature", properties: { layer: "lead" }, geometry: { type: "LineString", coordinates: [lead.from, lead.to] } });
      features.push(point("lead-name", lead.to, { name, count, anchor: lead.anchor }));
    }
    this.set("admin-label", features);
  }

  private failed(problem: { message: string }): void {
    const say = this.element.querySelector(".sf-mapbox__say");
    if (say) return;
    console.warn("map", problem.message);
  }
}

export function point(layer: string, coordinates: Position, properties: Record<string, unknown>): Feature<Geometry> {
  return { type: "Feature", properties: { layer, ...properties }, geometry: { type: "Point", coordinates } };
}

/** Words in place of a map that cannot be drawn (no WebGL, no data); the table beside it has the same rows. */
export function sayInstead(element: HTMLElement, words: string): void {
  element.append(el("p", "sf-mapbox__say", words));
}
