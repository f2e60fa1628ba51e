/** The fixes of one alarm against the line: numbered, with their circles, and the line's own band. */
import type { Feature, FeatureCollection } from "geojson";
import { define } from "../../front/module";
import { BaseMap, CITY, sayInstead } from "../map/base_map";
import { bands } from "../map/command_map";
import { type Fix, asFeatures, fixBox, fixCircle, fixPoint, trail } from "../map/fixes";
import { el } from "../map/furniture";

interface Evidence {
  fixes: Fix[];
  fence?: Feature;
  fences?: FeatureCollection;
}

class EvidenceMap {
  private readonly base: BaseMap;

  constructor(private readonly element: HTMLElement) {
    this.base = new BaseMap(element, {
      scale: 1,
      names: true,
      furniture: "scale",
      interactive: true,
      byFence: true,
      bounds: CITY,
      padding: { top: 34, right: 30, bottom: 44, left: 30 },
    });
    this.base.map.scrollZoom.disable(); // the page scrolls; the buttons and a double click zoom
    void this.load().catch((problem: unknown) => {
      console.warn("evidence", problem);
      sayInstead(element, "地图没有载入。下面的表里有同样的定位。");
    });
  }

  stop(): void {
    this.base.stop();
  }

  private async load(): Promise<void> {
    const [evidence] = await Promise.all([this.evidence(), this.base.ready]);
    const fences = asFeatures(evidence.fences ?? evidence.fence);
    const { fixes } = evidence;
    this.base.set("fences", fences);
    this.base.set("band", bands(fences));
    this.base.set("accuracy", fixes.map(fixCircle));
    this.base.set("trail", trail(fixes));
    this.base.set(
      "marked",
      fixes.map((fix, i) => fixPoint(fix, { n: String(i + 1) })),
    );
    const box = fixBox(fixes, fences);
    if (box) this.base.map.fitBounds(box, { padding: this.base.options.padding, maxZoom: 16, duration: 0 });
    const line = fences[0]?.properties;
    if (line) {
      const side = line["keeps"] === "outside" ? "禁止进入" : "应当在内";
      const error = line["boundary_m"] === undefined ? "" : `，界线误差 ±${Math.round(Number(line["boundary_m"]))} m`;
      this.element.append(el("div", "sf-mapbox__note", `${String(line["name"] ?? "")} ${side}${error}。示意，以勘定界线为准`));
    }
    this.element.dataset["drawn"] = String(fixes.length);
  }

  private async evidence(): Promise<Evidence> {
    const inline = this.element.dataset["source"];
    if (inline) return JSON.parse(document.querySelector(inline)?.textContent ?? "{}") as Evidence;
    const answer = await fetch(this.element.dataset["url"] ?? "", { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    return (await answer.json()) as Evidence;
  }
}

define("evidence-map", (element) => {
  try {
    return new EvidenceMap(element);
  } catch (problem) {
    console.warn("map", problem);
    sayInstead(element, "此浏览器不能绘制地图。下面的表里有同样的定位。");
    return undefined;
  }
});
