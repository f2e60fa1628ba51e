/** What lies over the canvas: legend, scale bar, north, buttons. Plain elements, so that text is sharp and can be read aloud. */
import type { Map as GlMap } from "maplibre-gl";
import { SHAPE_DRAWINGS } from "../live/shapes";
import type { State } from "../live/state";
import { metresPerPixel } from "./geometry";

export function el<K extends keyof HTMLElementTagNameMap>(tag: K, className = "", ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

const NS = "http://www.w3.org/2000/svg";

export function svg(attributes: Record<string, string>, ...children: SVGElement[]): SVGElement {
  return svgPart("svg", { "aria-hidden": "true", ...attributes }, ...children);
}

export function svgPart(tag: string, attributes: Record<string, string | number>, ...children: (SVGElement | string)[]): SVGElement {
  const part = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, String(value));
  part.append(...children);
  return part;
}

const LEGEND: [State, string, string][] = [
  ["inside", "sf-st--inside", "在范围内"],
  ["unknown", "sf-st--unknown", "无法判断"],
  ["outside", "sf-st--outside sf-b", "在范围外"],
  ["old", "ink", "超过 10 分钟无新定位"],
  ["none", "ink", "暂不判断，如经批准外出"],
];

export function legend(own: boolean): HTMLElement {
  const states = el("div", "sf-legend");
  for (const [state, looks, words] of LEGEND) states.append(el("span", looks, SHAPE_DRAWINGS[state](), words));
  states.append(el("span", "ink", el("i", "sf-mapbox__cl", "9"), "聚合，数字为人数"));
  const box = el("div", "sf-mapbox__legend sf-card sf-card--flat", states);
  if (own) {
    const line = (...parts: SVGElement[]): SVGElement => svg({ viewBox: "0 0 26 8", width: "26", height: "8" }, ...parts);
    const path = (name: string): SVGElement => svgPart("path", { class: name, d: "M0 4h26" });
    box.append(
      el(
        "div",
        "sf-mapbox__lines",
        el("span", "", line(path("g-river")), "黄河"),
        el("span", "", line(path("g-road")), "干线公路"),
        el("span", "", line(path("g-rail"), path("g-rail2")), "铁路"),
        el("span", "", line(svgPart("rect", { class: "g-stn", x: 10, y: 1.5, width: 5, height: 5 })), "车站"),
      ),
    );
  }
  box.append(el("div", "sf-xs sf-3", own ? "底图为示意，界线以勘定为准" : "界线以勘定为准"));
  return box;
}

const NICE_M = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

export class ScaleBar {
  readonly element: HTMLElement;
  private readonly bar = el("div", "sf-mapbox__bar");
  private readonly end = el("span");

  constructor(private readonly width: number) {
    const km = el("div", "sf-mapbox__km", el("span", "", "0"), this.end);
    const arrow = svg({ viewBox: "0 0 14 20", width: "12", height: "18" }, svgPart("path", { d: "M7 0 13 18 7 14.500 1 18Z", fill: "currentColor" }));
    this.element = el("div", "sf-mapbox__scale", el("div", "", km, this.bar), el("div", "sf-mapbox__north", arrow, "北"));
    this.element.setAttribute("role", "img");
  }

  update(map: GlMap): void {
    const perPixel = metresPerPixel(map.getCenter().lat, map.getZoom());
    const metres = NICE_M.filter((m) => m / perPixel <= this.width).pop() ?? 10;
    const words = metres >= 1000 ? `${metres / 1000} km` : `${metres} m`;
    this.bar.style.width = `${metres / perPixel}px`;
    this.end.textContent = words;
    this.element.setAttribute("aria-label", `比例尺 ${words}，上方为北`);
  }
}

export function tools(map: GlMap, home: () => void): HTMLElement {
  const button = (label: string, path: string, then: () => void): HTMLElement => {
    const b = el("button", "", svg({ viewBox: "0 0 16 16" }, svgPart("path", { d: path })));
    b.type = "button";
    b.title = label;
    b.setAttribute("aria-label", label);
    b.addEventListener("click", then);
    return b;
  };
  return el(
    "div",
    "sf-mapbox__tools",
    button("放大", "M8 3v10M3 8h10", () => map.zoomIn({ duration: 150 })),
    button("缩小", "M3 8h10", () => map.zoomOut({ duration: 150 })),
    button("看全市", "M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10", home),
  );
}
