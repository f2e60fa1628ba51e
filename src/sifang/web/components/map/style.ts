/** The map style of UI § 7, made from the tokens of the theme. No glyphs, no sprite: letters are drawn from system fonts. */
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { Tokens } from "./tokens";

export interface StyleOptions {
  /** 1 on a desk; on the wall the factor by which 12 px grow */
  scale: number;
  names: boolean;
  raster: string;
  rasterAttribution: string;
  focus: string;
  /** light is what the fence allows, not what is land: for one person's track */
  byFence: boolean;
}

const SANS = ["Segoe UI", "Helvetica Neue", "Microsoft YaHei UI", "Microsoft YaHei", "PingFang SC", "HarmonyOS Sans SC", "Source Han Sans SC", "Noto Sans CJK SC"];
/** The first, made-up name tells the renderer the weight. */
const BOLD = ["sf semibold", ...SANS];

export const EMPTY: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

type Expr = ExpressionSpecification;
const get = (name: string): Expr => ["get", name];
const is = (name: string, value: string | number): Expr => ["==", ["get", name], value];
const byZoom = (...stops: number[]): Expr => ["interpolate", ["linear"], ["zoom"], ...stops] as unknown as Expr;

export function buildStyle(t: Tokens, options: StyleOptions): StyleSpecification {
  const k = options.scale;
  const geojson = { type: "geojson" as const, data: EMPTY };
  return {
    version: 8,
    sources: {
      ...(options.raster
        ? { raster: { type: "raster" as const, tiles: [options.raster], tileSize: 256, attribution: options.rasterAttribution } }
        : {}),
      admin: geojson,
      "admin-label": geojson,
      base: geojson,
      fences: geojson,
      band: geojson,
      accuracy: geojson,
      trail: geojson,
      selected: geojson,
      inside: {
        ...geojson,
        cluster: true,
        clusterMaxZoom: 12,
        clusterRadius: Math.round(24 * k),
        clusterMinPoints: 5,
      },
      marked: geojson,
    },
    layers: [
      { id: "bg", type: "background", paint: { "background-color": t.paper } },
      ...land(t, options),
      ...base(t, k, options),
      ...boundaries(t, k),
      ...persons(t, k, options),
    ],
  };
}

function land(t: Tokens, options: StyleOptions): LayerSpecification[] {
  const layers: LayerSpecification[] = [
    {
      id: "land",
      type: "fill",
      source: "admin",
      filter: is("layer", "district"),
      paint: { "fill-color": options.byFence ? t.paper : ["case", is("code", options.focus), t["land-focus"], t.land] },
    },
    { id: "fence-keep", type: "fill", source: "fences", filter: ["!=", get("keeps"), "outside"], paint: { "fill-color": t["land-focus"], "fill-opacity": options.byFence ? 1 : 0.6 } },
  ];
  if (options.raster) {
    layers.push({ id: "base-raster", type: "raster", source: "raster", paint: { "raster-saturation": -0.8, "raster-opacity": 0.55 } });
  }
  return layers;
}

/** Layers 4–9: our own schematic base; off when a configured base is there. */
function base(t: Tokens, k: number, options: StyleOptions): LayerSpecification[] {
  if (options.raster) return [];
  const layers: LayerSpecification[] = [
    {
      id: "river",
      type: "line",
      source: "base",
      filter: is("layer", "river"),
      layout: { "line-cap": "round", "line-join": "round" },
      paint: {
        "line-color": t.water,
        "line-width": ["interpolate", ["linear"], ["zoom"], 8, ["*", k, ["case", is("name", "黄河"), 3, 1]], 12, ["*", k, ["case", is("name", "黄河"), 7, 2.4]], 15, ["case", is("name", "黄河"), 40, 12]],
      },
    },
    {
      id: "road-local",
      type: "line",
      source: "base",
      minzoom: 10.2,
      filter: ["all", is("layer", "road"), is("class", "local")],
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": t.road, "line-width": byZoom(10.2, 0.6 * k, 13, 1.4 * k, 16, 4 * k), "line-opacity": byZoom(10.2, 0, 11, 0.85) },
    },
    {
      id: "road",
      type: "line",
      source: "base",
      filter: ["all", is("layer", "road"), is("class", "trunk")],
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": t.road, "line-width": byZoom(7, 1 * k, 9, 1.5 * k, 12, 3 * k, 16, 8 * k) },
    },
    {
      id: "rail",
      type: "line",
      source: "base",
      filter: is("layer", "rail"),
      layout: { "line-join": "round" },
      paint: { "line-color": t["rail-line"], "line-width": byZoom(7, 1.2 * k, 12, 2 * k), "line-opacity": 0.75 },
    },
    {
      id: "rail-dash",
      type: "line",
      source: "base",
      filter: is("layer", "rail"),
      layout: { "line-join": "round" },
      paint: { "line-color": t.land, "line-width": byZoom(7, 0.7 * k, 12, 1.2 * k), "line-dasharray": [6, 6] },
    },
    {
      id: "town",
      type: "circle",
      source: "base",
      minzoom: 8,
      filter: ["all", is("layer", "town"), ["<=", get("rank"), ["step", ["zoom"], 1, 10, 2]]],
      paint: { "circle-radius": 1.5 * k, "circle-color": t["line-strong"] },
    },
    {
      id: "seat",
      type: "circle",
      source: "base",
      filter: is("layer", "seat"),
      paint: { "circle-radius": 2.3 * k, "circle-color": t.surface, "circle-stroke-color": t["ink-3"], "circle-stroke-width": 1.1 * k },
    },
    {
      id: "station",
      type: "symbol",
      source: "base",
      filter: ["in", get("layer"), ["literal", ["station", "airport"]]],
      layout: { "icon-image": get("layer"), "icon-allow-overlap": true, "icon-ignore-placement": true },
    },
  ];
  return options.names ? [...layers, ...placeNames(t, k)] : layers;
}

function placeNames(t: Tokens, k: number): LayerSpecification[] {
  const text = { "text-font": SANS, "text-size": 11 * k, "text-padding": 2 };
  const halo = { "text-color": t["ink-3"], "text-halo-color": t.land, "text-halo-width": 1.8 };
  return [
    {
      id: "outside-name",
      type: "symbol",
      source: "base",
      filter: is("layer", "outside_name"),
      layout: { ...text, "text-field": get("name"), "text-letter-spacing": 0.08 },
      paint: { ...halo, "text-halo-color": t.paper },
    },
    {
      id: "river-name",
      type: "symbol",
      source: "base",
      filter: ["all", is("layer", "river"), is("name", "黄河")],
      layout: { ...text, "text-field": get("name"), "symbol-placement": "line", "symbol-spacing": 420, "text-letter-spacing": 0.3, "text-max-angle": 60 },
      paint: { ...halo, "text-color": t["water-ink"] },
    },
    {
      id: "place-name",
      type: "symbol",
      source: "base",
      minzoom: 7.9,
      filter: [
        "any",
        is("layer", "airport"),
        ["all", is("layer", "station"), ["any", is("name", "济南东站"), [">=", ["zoom"], 9]]],
        ["all", is("layer", "town"), ["<=", get("rank"), ["step", ["zoom"], 1, 10, 2]]],
      ],
      layout: {
        ...text,
        "text-field": get("name"),
        "text-variable-anchor": ["left", "right", "top", "bottom"],
        "text-radial-offset": 0.5,
        "text-justify": "auto",
        "symbol-sort-key": ["coalesce", get("rank"), 0],
      },
      paint: halo,
    },
  ];
}

function boundaries(t: Tokens, k: number): LayerSpecification[] {
  return [
    { id: "district-line", type: "line", source: "admin", filter: is("layer", "district"), layout: { "line-join": "round" }, paint: { "line-color": t["land-line"], "line-width": 1 * k } },
    { id: "city-line", type: "line", source: "admin", filter: is("layer", "city"), layout: { "line-join": "round" }, paint: { "line-color": t["border-line"], "line-width": 1.6 * k } },
    {
      id: "fence-area",
      type: "fill",
      source: "fences",
      filter: is("keeps", "outside"),
      paint: { "fill-pattern": "hatch-weak" },
    },
    {
      id: "fence-band",
      type: "line",
      source: "band",
      layout: { "line-join": "round" },
      paint: {
        "line-color": t["border-line"],
        "line-opacity": visibleBand(),
        "line-width": ["interpolate", ["exponential", 2], ["zoom"], 0, get("w0"), 22, ["*", get("w0"), 2 ** 22]],
      },
    },
    {
      id: "fence-line",
      type: "line",
      source: "fences",
      layout: { "line-join": "round" },
      paint: { "line-color": t["border-line"], "line-width": 2 * k },
    },
  ];
}

/** .13 once the band is wider than 6 px, else nothing. */
function visibleBand(): Expr {
  const wide = (zoom: number): Expr => ["case", [">", ["*", get("w0"), 2 ** zoom], 6], 0.13, 0];
  const steps = Array.from({ length: 24 }, (_, i) => 6 + i / 2).flatMap((zoom) => [zoom, wide(zoom)]);
  return ["step", ["zoom"], wide(5.5), ...steps] as unknown as Expr;
}

/** Past fixes of a track are half as large as the one that is shown. */
const SMALL: Expr = ["case", ["has", "small"], 0.5, 1];

const STATE_COLOUR = (t: Tokens): Expr => ["match", get("state"), "outside", t.outside, "unknown", t.unknown, "inside", t.inside, t["ink-3"]];

function persons(t: Tokens, k: number, options: StyleOptions): LayerSpecification[] {
  const halo = { "text-halo-color": t.land, "text-halo-width": 2 };
  const dot = { "circle-radius": 3.4 * k, "circle-stroke-width": 1 * k };
  const layers: LayerSpecification[] = [
    { id: "accuracy", type: "fill", source: "accuracy", filter: ["!=", get("state"), "unknown"], paint: { "fill-color": STATE_COLOUR(t), "fill-opacity": 0.12 } },
    { id: "accuracy-unknown", type: "fill", source: "accuracy", filter: is("state", "unknown"), paint: { "fill-pattern": "hatch", "fill-opacity": 0.7 } },
    { id: "accuracy-line", type: "line", source: "accuracy", filter: ["!=", get("state"), "unknown"], paint: { "line-color": STATE_COLOUR(t), "line-opacity": 0.6, "line-width": 1 } },
    { id: "accuracy-dash", type: "line", source: "accuracy", filter: is("state", "unknown"), paint: { "line-color": t.unknown, "line-width": 1.2, "line-dasharray": [4, 3] } },
    { id: "trail", type: "line", source: "trail", paint: { "line-color": t["ink-3"], "line-width": 1.2, "line-dasharray": [3, 3] } },
    { id: "district-lead", type: "line", source: "admin-label", maxzoom: 9.4, filter: is("layer", "lead"), paint: { "line-color": t["line-strong"], "line-width": k } },
    {
      id: "district-name",
      type: "symbol",
      source: "admin-label",
      maxzoom: 12,
      filter: ["all", is("layer", "name"), ["any", ["!", get("lead")], [">=", ["zoom"], 9.4]]],
      layout: districtText(t, k, "center"),
      paint: { "text-color": t["ink-3"], ...halo },
    },
    {
      id: "district-name-lead",
      type: "symbol",
      source: "admin-label",
      maxzoom: 9.4,
      filter: is("layer", "lead-name"),
      layout: districtText(t, k, get("anchor")),
      paint: { "text-color": t["ink-3"], ...halo },
    },
    {
      id: "p-inside",
      type: "circle",
      source: "inside",
      filter: ["!", ["has", "point_count"]],
      paint: { ...dot, "circle-color": t.inside, "circle-stroke-color": t.land },
    },
    {
      id: "cluster",
      type: "circle",
      source: "inside",
      filter: ["has", "point_count"],
      paint: {
        "circle-color": t.surface,
        "circle-stroke-color": t.inside,
        "circle-stroke-width": 1.4 * k,
        "circle-radius": ["*", k, ["step", get("point_count"), 9.4, 100, 12, 1000, 15]],
      },
    },
    {
      id: "cluster-count",
      type: "symbol",
      source: "inside",
      filter: ["has", "point_count"],
      layout: { "text-field": ["to-string", get("point_count")], "text-font": BOLD, "text-size": 11 * k, "text-allow-overlap": true, "text-ignore-placement": true },
      paint: { "text-color": t.ink },
    },
    {
      id: "p-old",
      type: "circle",
      source: "marked",
      filter: is("state", "old"),
      paint: { "circle-radius": 3.4 * k, "circle-color": t.land, "circle-stroke-color": t["ink-3"], "circle-stroke-width": 1.4 * k },
    },
    {
      id: "p-none",
      type: "symbol",
      source: "marked",
      filter: is("state", "none"),
      layout: { "icon-image": "none", "icon-size": SMALL, "icon-allow-overlap": true, "icon-ignore-placement": true },
    },
    {
      id: "p-fix",
      type: "circle",
      source: "marked",
      filter: is("state", "inside"),
      paint: { ...dot, "circle-radius": ["case", ["has", "small"], 2 * k, 3.4 * k], "circle-stroke-width": ["case", ["has", "small"], 0.5, k], "circle-color": t.inside, "circle-stroke-color": t.land },
    },
    {
      id: "p-unknown",
      type: "symbol",
      source: "marked",
      filter: is("state", "unknown"),
      layout: { "icon-image": "unknown", "icon-size": SMALL, "icon-allow-overlap": true, "icon-ignore-placement": true },
    },
    {
      id: "p-outside",
      type: "symbol",
      source: "marked",
      filter: is("state", "outside"),
      layout: { "icon-image": "outside", "icon-size": SMALL, "icon-allow-overlap": true, "icon-ignore-placement": true },
    },
    {
      id: "selected",
      type: "circle",
      source: "selected",
      paint: {
        "circle-radius": 13 * k,
        "circle-color": "rgba(0,0,0,0)",
        "circle-stroke-color": options.names ? t.accent : t.outside,
        "circle-stroke-width": 2 * k,
      },
    },
  ];
  if (!options.names) return layers;
  layers.push({
    id: "person-name",
    type: "symbol",
    source: "marked",
    minzoom: 13,
    layout: nameText(k),
    paint: { "text-color": t.ink, ...halo },
  });
  layers.push({
    id: "person-name-inside",
    type: "symbol",
    source: "inside",
    minzoom: 13,
    filter: ["!", ["has", "point_count"]],
    layout: nameText(k),
    paint: { "text-color": t.ink, ...halo },
  });
  layers.push({
    id: "person-name-selected",
    type: "symbol",
    source: "selected",
    maxzoom: 13,
    layout: { ...nameText(k), "text-font": BOLD, "text-allow-overlap": true, "text-radial-offset": 1.4 },
    paint: { "text-color": t.ink, ...halo },
  });
  return layers;
}

function nameText(k: number): { [key: string]: unknown } {
  return {
    "text-field": get("name"),
    "text-font": SANS,
    "text-size": 12 * k,
    "text-variable-anchor": ["left", "right", "top", "bottom"],
    "text-radial-offset": 0.8,
    "text-justify": "auto",
  };
}

function districtText(t: Tokens, k: number, anchor: string | Expr): { [key: string]: unknown } {
  return {
    "text-field": ["format", get("name"), {}, ["case", [">", get("count"), 0], ["concat", " ", ["to-string", get("count")]], ""], { "text-font": ["literal", BOLD], "text-color": t.ink }],
    "text-font": SANS,
    "text-size": 12 * k,
    "text-anchor": anchor,
    "text-allow-overlap": true,
    "text-ignore-placement": false,
    "text-padding": 3,
  };
}
