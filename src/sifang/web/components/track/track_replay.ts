/** Replay of one short span of one person's track: map, strip of states, slider, play. Nothing is fetched twice. */
import type { Feature, FeatureCollection } from "geojson";
import { define } from "../../front/module";
import { clockTime } from "../clock/clock";
import { type State, WORDS } from "../live/state";
import { BaseMap, CITY, sayInstead } from "../map/base_map";
import { bands } from "../map/command_map";
import { type Fix, asFeatures, fixBox, fixCircle, fixPoint, fixState, trail } from "../map/fixes";
import { el, svg, svgPart } from "../map/furniture";
import { readTokens } from "../map/tokens";

interface Track {
  fixes: Fix[];
  gaps?: [number, number][];
  fences?: FeatureCollection;
  fence?: Feature;
}

const SPEEDS = [30, 120, 600];
const LOOKS: Record<State, string> = { inside: "is-in", outside: "is-out", unknown: "is-unk", old: "is-none", none: "is-none" };
const GAP_S = 600;

class TrackReplay {
  private readonly base: BaseMap;
  private readonly box: HTMLElement;
  private readonly time = el("span", "tr__time sf-num");
  private readonly slider = el("input");
  private readonly play = el("button", "sf-btn sf-btn--s", "播放");
  private readonly speed = el("button", "sf-btn sf-btn--s sf-btn--quiet sf-num");
  private readonly fixLine = el("div", "tr__fix");
  private track: Track = { fixes: [] };
  private at = 0;
  private speedIndex = 1;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly element: HTMLElement) {
    const mapbox = el("div", "sf-mapbox");
    for (const name of ["baseUrl", "worker", "raster", "rasterAttribution", "pmtiles", "snapshot"]) {
      const value = element.dataset[name];
      if (value !== undefined) mapbox.dataset[name] = value;
    }
    this.box = element.querySelector<HTMLElement>("[data-track-map]") ?? el("div", "tr__map");
    this.box.append(mapbox);
    this.slider.type = "range";
    this.slider.setAttribute("aria-label", "时刻");
    this.play.type = this.speed.type = "button";
    this.speed.title = "播放快慢";
    const slide = el("div", "tr__slide");
    this.bar = slide;
    const under = element.querySelector<HTMLElement>("[data-track-bar]") ?? element;
    if (!this.box.isConnected) under.append(this.box);
    under.append(el("div", "tr__bar", this.play, this.speed, this.time, slide), this.fixLine);
    this.fixLine.setAttribute("role", "status");
    this.base = new BaseMap(mapbox, {
      scale: 1,
      names: true,
      furniture: "scale",
      interactive: true,
      byFence: true,
      bounds: CITY,
      padding: { top: 40, right: 40, bottom: 50, left: 40 },
    });
    this.play.addEventListener("click", () => this.toggle());
    this.speed.addEventListener("click", () => this.nextSpeed());
    this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
    this.showSpeed();
    void this.load().catch((problem: unknown) => {
      console.warn("track", problem);
      sayInstead(mapbox, "轨迹没有载入。列表里有同样的定位。");
    });
  }

  private readonly bar: HTMLElement;

  stop(): void {
    clearInterval(this.timer);
    this.base.stop();
  }

  private async load(): Promise<void> {
    const inline = this.element.dataset["source"];
    const given = inline
      ? (JSON.parse(document.querySelector(inline)?.textContent ?? "{}") as Track)
      : ((await (await fetch(this.element.dataset["url"] ?? "", { credentials: "same-origin" })).json()) as Track);
    await this.base.ready;
    this.track = given;
    const { fixes } = given;
    const first = fixes[0];
    const last = fixes[fixes.length - 1];
    if (!first || !last) {
      sayInstead(this.box, "这段时间没有定位。");
      return;
    }
    this.slider.min = String(first[0]);
    this.slider.max = String(last[0]);
    this.bar.append(this.strip(first[0], last[0]), this.slider);
    const fences = asFeatures(given.fences ?? given.fence);
    this.base.set("fences", fences);
    this.base.set("band", bands(fences));
    if (fences.length === 0) this.base.map.setPaintProperty("land", "fill-color", readTokens().land);
    const box = fixBox(fixes, fences, 800);
    if (box) this.base.map.fitBounds(box, { padding: this.base.options.padding, maxZoom: 16, duration: 0 });
    this.rows();
    this.seek(last[0]);
    this.element.dataset["drawn"] = String(fixes.length);
  }

  /** One thin strip: when inside, outside, doubtful, and where nothing came. */
  private strip(from: number, to: number): SVGElement {
    const whole = Math.max(1, to - from);
    const parts: SVGElement[] = [svgPart("rect", { class: "is-gap", x: 0, y: 0, width: 1000, height: 10 })];
    this.track.fixes.forEach((fix, i) => {
      const next = this.track.fixes[i + 1]?.[0] ?? fix[0] + 30;
      const until = Math.min(next, fix[0] + GAP_S / 5);
      const x = ((fix[0] - from) / whole) * 1000;
      parts.push(svgPart("rect", { class: LOOKS[fixState(fix)], x: x.toFixed(2), y: 0, width: Math.max(1, ((until - fix[0]) / whole) * 1000 + 0.3).toFixed(2), height: 10 }));
    });
    const drawing = svg({ viewBox: "0 0 1000 10", preserveAspectRatio: "none", class: "tr__strip" }, ...parts);
    drawing.setAttribute("aria-hidden", "true");
    return drawing;
  }

  /** Rows of the page's own table (`tr[data-fix]`, its value taken_s) jump to their fix. */
  private rows(): void {
    document.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>("tr[data-fix]") : null;
      if (row) this.seek(Number(row.dataset["fix"]));
    });
  }

  private seek(to: number): void {
    this.at = to;
    this.slider.value = String(to);
    this.time.textContent = clockTime(to * 1000);
    const past = this.track.fixes.filter((fix) => fix[0] <= to);
    const now = past[past.length - 1];
    if (!now) return;
    const silent = to - now[0] > GAP_S;
    this.base.set("trail", trail(past, GAP_S));
    this.base.set(
      "marked",
      past.map((fix) => fixPoint(fix, fix === now ? {} : { small: true })),
    );
    this.base.set("accuracy", silent ? [] : [fixCircle(now)]);
    this.base.set("selected", [fixPoint(now)]);
    this.describe(now, silent ? to - now[0] : 0);
    for (const row of document.querySelectorAll<HTMLElement>("tr[data-fix]")) {
      const on = Number(row.dataset["fix"]) === now[0];
      if (on && !row.classList.contains("is-on") && this.timer !== undefined) row.scrollIntoView({ block: "nearest" });
      row.classList.toggle("is-on", on);
    }
  }

  private describe(fix: Fix, silentS: number): void {
    const state = fixState(fix);
    const words = silentS > 0 ? `此时已 ${Math.floor(silentS / 60)} 分钟无新定位；上一个 ${clockTime(fix[0] * 1000)}` : WORDS[state];
    this.fixLine.textContent = `${words}，误差 ±${Math.round(fix[3])} m${fix[4] ? "（推定）" : ""}`;
  }

  private toggle(): void {
    if (this.timer !== undefined) {
      this.pause();
      return;
    }
    const last = this.track.fixes[this.track.fixes.length - 1]?.[0] ?? 0;
    if (this.at >= last) this.seek(this.track.fixes[0]?.[0] ?? 0);
    this.play.textContent = "暂停";
    this.timer = setInterval(() => {
      const next = Math.min(last, this.at + (SPEEDS[this.speedIndex] ?? 60) / 4);
      this.seek(next);
      if (next >= last) this.pause();
    }, 250);
  }

  private pause(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.play.textContent = "播放";
  }

  private nextSpeed(): void {
    this.speedIndex = (this.speedIndex + 1) % SPEEDS.length;
    this.showSpeed();
  }

  private showSpeed(): void {
    this.speed.textContent = `${SPEEDS[this.speedIndex] ?? 60} 倍`;
  }
}

define("track-replay", (element) => {
  try {
    return new TrackReplay(element);
  } catch (problem) {
    console.warn("map", problem);
    sayInstead(element, "此浏览器不能绘制地图。列表里有同样的定位。");
    return undefined;
  }
});
