/** A part of a page that the server draws again when the alarms changed, and at the latest every half minute. */
import { define } from "../../front/module";
import { hear } from "../live/state";

const LATEST_MS = 30_000;
const SOONEST_MS = 1000;

class Fragment {
  private asked = Date.now();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly latest: ReturnType<typeof setInterval>;
  private readonly stops: (() => void)[];

  constructor(private readonly element: HTMLElement) {
    this.latest = setInterval(() => this.soon(), Number(element.dataset["every"] ?? LATEST_MS));
    this.stops = [hear("sf:alarms", () => this.soon()), hear("sf:back", () => this.soon())];
  }

  stop(): void {
    clearInterval(this.latest);
    clearTimeout(this.timer);
    for (const stop of this.stops) stop();
  }

  private soon(): void {
    if (document.hidden) return;
    this.timer ??= setTimeout(() => void this.fetch(), Math.max(0, this.asked + SOONEST_MS - Date.now()));
  }

  private async fetch(): Promise<void> {
    this.asked = Date.now();
    try {
      const answer = await fetch(this.element.dataset["fragment"] ?? "", { credentials: "same-origin", headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      this.element.replaceChildren(...page.body.childNodes);
      this.element.dispatchEvent(new CustomEvent("sf:swapped", { bubbles: true }));
    } catch {
      return; // the grey band says that the stream is lost; the old words stay until it is back
    } finally {
      this.timer = undefined;
    }
  }
}

define("fragment", (element) => new Fragment(element));
