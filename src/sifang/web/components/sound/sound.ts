/** One tone for a first-class question that nobody has taken; silent while muted (with reason and end, kept by the server). */
import { define } from "../../front/module";
import { hear, serverNow } from "../live/state";

const HERTZ = 587;
const LONG_S = 0.45;
const AGAIN_MS = 30_000;

class Sound {
  private context: AudioContext | undefined;
  private last = 0;
  private readonly known = new Set<string>();
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly stops: (() => void)[] = [];

  constructor(private readonly element: HTMLElement) {
    const look = (): void => this.look();
    document.addEventListener("sf:queue", look);
    this.stops.push(() => document.removeEventListener("sf:queue", look));
    this.stops.push(hear("sf:back", look));
    this.timer = setInterval(look, 1000);
    // browsers let a page be heard only after it was touched
    const wake = (): void => void this.wake();
    for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, wake, { once: true });
    this.look();
  }

  stop(): void {
    clearInterval(this.timer);
    for (const stop of this.stops) stop();
    void this.context?.close();
  }

  private get mutedUntil(): number {
    return Date.parse(this.element.dataset["mutedUntil"] ?? "") || 0;
  }

  private get waiting(): string[] {
    return [...document.querySelectorAll<HTMLElement>(".sf-alarm--1[data-alarm]:not([data-quiet])")].map((card) => card.dataset["alarm"] ?? "");
  }

  private async wake(): Promise<void> {
    try {
      this.context ??= new AudioContext();
      await this.context.resume();
    } catch {
      return; // a desk without sound; the line below says so
    }
    this.look();
  }

  private look(): void {
    const waiting = this.waiting;
    const fresh = waiting.some((id) => !this.known.has(id));
    const muted = serverNow() < this.mutedUntil;
    const ready = this.context?.state === "running";
    this.say(waiting.length, muted, ready);
    if (waiting.length === 0) this.known.clear();
    if (waiting.length === 0 || muted || !ready) return;
    if (!fresh && performance.now() - this.last < AGAIN_MS) return;
    for (const id of waiting) this.known.add(id);
    this.tone();
  }

  private tone(): void {
    const context = this.context;
    if (!context) return;
    this.last = performance.now();
    const at = context.currentTime;
    const voice = context.createOscillator();
    const loud = context.createGain();
    voice.frequency.value = HERTZ;
    loud.gain.setValueAtTime(0, at);
    loud.gain.linearRampToValueAtTime(0.25, at + 0.03);
    loud.gain.linearRampToValueAtTime(0, at + LONG_S);
    voice.connect(loud).connect(context.destination);
    voice.start(at);
    voice.stop(at + LONG_S);
    this.element.dataset["tones"] = String(Number(this.element.dataset["tones"] ?? 0) + 1);
  }

  private say(waiting: number, muted: boolean, ready: boolean): void {
    const words = this.element.querySelector<HTMLElement>("[data-sound-words]");
    if (!words || muted) return;
    const text = ready ? "一类报警无人接手时响一声" : waiting > 0 ? "点一下页面，才能听到提示音" : "提示音在点过页面后才会响";
    if (words.textContent !== text) words.textContent = text;
    // the time of a mute has run out while the page was open
    if (this.element.dataset["mutedUntil"]) delete this.element.dataset["mutedUntil"];
  }
}

define("sound", (element) => new Sound(element));
