/** Server time in the bar, and relative times that keep counting. */
import { define } from "../../front/module";
import { hear, serverNow, setServerTime } from "../live/state";

const DAYS = ["周日", "周一", "周二", "周三", "周四", "周五", "周六"];
const two = (n: number): string => String(n).padStart(2, "0");

/** Shanghai's wall clock for `ms`, whatever zone the desk is set to (no summer time since 1991). */
export function shanghai(ms: number): Date {
  return new Date(ms + 8 * 3600_000);
}

export function clockTime(ms: number): string {
  const at = shanghai(ms);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

function barClock(ms: number, form: string): string {
  const at = shanghai(ms);
  const day = DAYS[at.getUTCDay()] ?? "";
  if (form === "time") return clockTime(ms);
  if (form === "date") return `${at.getUTCFullYear()}年${at.getUTCMonth() + 1}月${at.getUTCDate()}日 ${day}`;
  const date = `${at.getUTCMonth() + 1}月${at.getUTCDate()}日 ${day}`;
  return `${date} ${clockTime(ms)}`;
}

export function ago(seconds: number): string {
  if (seconds < 5) return "刚刚";
  if (seconds < 60) return `${Math.floor(seconds)} 秒前`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} 分钟前`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} 小时前`;
  return `${Math.floor(seconds / 86_400)} 天前`;
}

function until(seconds: number): string {
  const late = seconds < 0;
  const s = Math.abs(seconds);
  const words =
    s < 60 ? `${Math.ceil(s)} 秒` : s < 3600 ? `${Math.ceil(s / 60)} 分钟` : s < 172_800 ? `${Math.floor(s / 3600)} 小时` : `${Math.floor(s / 86_400)} 天`;
  return late ? `逾期 ${words}` : `还有 ${words}`;
}

/** 1:12 below an hour, then 1 小时 12 分, then days. */
export function waiting(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`;
  if (s < 86_400) return `${Math.floor(s / 3600)} 小时 ${two(Math.floor((s % 3600) / 60))} 分`;
  return `${Math.floor(s / 86_400)} 天`;
}

function relative(mode: string, ms: number): string {
  const passed = (serverNow() - ms) / 1000;
  if (mode === "wait") return waiting(passed);
  if (mode === "minutes") return `${Math.max(0, Math.floor(passed / 60))} 分钟`;
  return mode === "until" ? until(-passed) : ago(passed);
}

const ticking = new Set<() => void>();
setInterval(() => {
  if (!document.hidden) for (const tick of ticking) tick();
}, 1000);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const tick of ticking) tick();
});

class Ticker {
  private readonly tick: () => void;

  constructor(element: HTMLElement, words: () => string) {
    this.tick = () => {
      const text = words();
      if (element.textContent !== text) element.textContent = text;
    };
    ticking.add(this.tick);
    this.tick();
  }

  stop(): void {
    ticking.delete(this.tick);
  }
}

define("clock", (element) => {
  const given = element.getAttribute("datetime") ?? element.dataset["now"] ?? "";
  if (given) setServerTime(given);
  hear("sf:status", ({ t }) => setServerTime(t));
  return new Ticker(element, () => barClock(serverNow(), element.dataset["form"] ?? "bar"));
});

define("clock-tick", (element) => {
  const ms = Date.parse(element.getAttribute("datetime") ?? "");
  if (!Number.isFinite(ms)) return undefined;
  if (!element.title) {
    const at = shanghai(ms);
    element.title = `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())} ${clockTime(ms)}`;
  }
  const late = Number(element.dataset["late"]);
  return new Ticker(element, () => {
    // red from the moment the target is missed, and the word says so to whoever cannot see red
    if (late) element.classList.toggle("is-late", (serverNow() - ms) / 1000 > late);
    return relative(element.dataset["mode"] ?? "ago", ms);
  });
});
