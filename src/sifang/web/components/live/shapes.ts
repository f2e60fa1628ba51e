/** The state shapes of the house, drawn: ● ◌ ▲ ○ ⊖. */
import type { State } from "./state";

const NS = "http://www.w3.org/2000/svg";

export function shape(...parts: [string, Record<string, string>][]): SVGSVGElement {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("width", "14");
  svg.setAttribute("height", "14");
  svg.setAttribute("aria-hidden", "true");
  for (const [tag, attributes] of parts) {
    const part = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
    svg.append(part);
  }
  return svg;
}

const LINE = { fill: "none", stroke: "currentColor", "stroke-width": "1.6" };
export const SHAPE_DRAWINGS: Record<State, () => SVGSVGElement> = {
  inside: () => shape(["circle", { cx: "8", cy: "8", r: "4.5", fill: "currentColor" }]),
  outside: () => shape(["path", { d: "M8 1.6 15 14.2H1Z", fill: "currentColor" }]),
  unknown: () =>
    shape(
      ["circle", { cx: "8", cy: "8", r: "6", ...LINE, "stroke-dasharray": "2.6 1.9" }],
      ["path", { d: "M5 10.2 10.2 5M6.6 11.8l5.2-5.2", stroke: "currentColor", "stroke-width": "1.2" }],
    ),
  old: () => shape(["circle", { cx: "8", cy: "8", r: "4.5", ...LINE }]),
  none: () => shape(["circle", { cx: "8", cy: "8", r: "6", ...LINE }], ["path", { d: "M5 8h6", stroke: "currentColor", "stroke-width": "1.6" }]),
};
