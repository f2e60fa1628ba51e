/** The one live stream of a page: snapshot, events, loss and return. Draws nothing but the grey band. */
import { define } from "../../front/module";
import { clockTime } from "../clock/clock";
import { hear, serverNow, setServerTime, tell, type Events, type Person, type Row, type Snapshot } from "./state";

const QUIET_MS = 20_000;
const RETRY_MS = [1000, 2000, 5000, 10_000, 20_000];

class Live {
  private readonly rows = new Map<number, Row>();
  private persons: Record<string, Person> = {};
  private source: EventSource | undefined;
  private heard = serverNow();
  private lost = false;
  private tries = 0;
  private loaded = false;
  private readonly watch: ReturnType<typeof setInterval>;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly unhear: () => void;

  constructor(private readonly element: HTMLElement) {
    this.unhear = hear("sf:ask", () => this.loaded && this.tellAll());
    this.watch = setInterval(() => this.check(), 1000);
    void this.connect();
  }

  stop(): void {
    clearInterval(this.watch);
    clearTimeout(this.retry);
    this.unhear();
    this.source?.close();
  }

  private async connect(): Promise<void> {
    this.source?.close();
    this.source = undefined;
    if (!(await this.load())) return this.again();
    const source = new EventSource(this.element.dataset["stream"] ?? "/api/live");
    this.source = source;
    this.on(source, "positions", (detail) => {
      for (const row of detail.rows) this.rows.set(row[0], row);
      tell("sf:positions", detail);
    });
    this.on(source, "alarms", (detail) => tell("sf:alarms", detail));
    this.on(source, "status", (detail) => {
      tell("sf:status", detail);
      showStatus(detail);
    });
    source.addEventListener("open", () => this.alive());
    source.addEventListener("error", () => {
      this.lose();
      source.close();
      if (this.source === source) this.again();
    });
  }

  private on<K extends "positions" | "alarms" | "status">(source: EventSource, name: K, then: (detail: Events[`sf:${K}`]) => void): void {
    source.addEventListener(name, (event) => {
      this.alive();
      then(JSON.parse((event as MessageEvent<string>).data) as Events[`sf:${K}`]);
    });
  }

  /** Fetch the whole picture; false when it could not be had. */
  private async load(): Promise<boolean> {
    const url = this.element.dataset["state"];
    if (!url) return true;
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (answer.redirected || answer.status === 401 || answer.status === 403) return this.signedOut();
      if (!answer.ok) return false;
      const whole = (await answer.json()) as Snapshot;
      setServerTime(whole.t);
      this.rows.clear();
      for (const row of whole.rows) this.rows.set(row[0], row);
      this.persons = whole.persons;
      this.loaded = true;
      this.alive();
      this.tellAll();
      return true;
    } catch {
      return false;
    }
  }

  private tellAll(): void {
    tell("sf:state", { t: new Date(serverNow()).toISOString(), rows: [...this.rows.values()], persons: this.persons });
  }

  private signedOut(): false {
    this.lose();
    this.band("已退出登录，数据不再更新。请重新登录。");
    this.tries = RETRY_MS.length;
    return false;
  }

  private again(): void {
    this.lose();
    const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)] ?? 20_000;
    this.tries += 1;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), wait);
  }

  private alive(): void {
    this.heard = serverNow();
    this.tries = 0;
    if (!this.lost) return;
    this.lost = false;
    this.mark(false);
    tell("sf:back", {});
    tell("sf:say", { text: "数据已恢复更新" });
  }

  private check(): void {
    if (!this.lost && serverNow() - this.heard > QUIET_MS) {
      this.source?.close();
      this.again();
    }
  }

  private lose(): void {
    if (this.lost) return;
    this.lost = true;
    this.mark(true);
    const words = `数据停在 ${clockTime(this.heard)}，正在重连。地图和队列不是最新的。`;
    this.band(words);
    tell("sf:lost", { since: this.heard });
    tell("sf:say", { text: words });
  }

  private band(words: string): void {
    for (const band of this.element.querySelectorAll<HTMLElement>("[data-stale]")) {
      const at = band.querySelector<HTMLElement>("[data-stale-at]");
      if (at) at.textContent = clockTime(this.heard);
      else band.textContent = words;
    }
  }

  private mark(lost: boolean): void {
    for (const band of this.element.querySelectorAll<HTMLElement>("[data-stale]")) band.hidden = !lost;
    this.element.classList.toggle("is-stale", lost);
    const others = this.element.dataset["lost"];
    if (others) for (const other of document.querySelectorAll(others)) other.classList.toggle("is-stale", lost);
  }
}

/** `[data-status="lag"]` shows how old a position is when it reaches this page. */
function showStatus(status: Events["sf:status"]): void {
  for (const element of document.querySelectorAll<HTMLElement>("[data-status]")) {
    const name = element.dataset["status"];
    if (name === "lag" && typeof status.lag_s === "number") element.textContent = `${status.lag_s.toFixed(1)} 秒`;
    else if (name === "fresh" && typeof status.fresh === "number") element.textContent = String(status.fresh);
  }
}

define("live", (element) => new Live(element));
