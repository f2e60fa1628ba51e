/** The queue of questions: keys, and a new picture of itself whenever the alarms changed. */
import { define, start } from "../../front/module";
import { hear, tell, type AlarmCard } from "../live/state";
import { Picker } from "../rows/rows";
import { onKey } from "../shell/shell";

const ITEM = "[data-alarm]";

class Queue {
  private readonly picker: Picker;
  private readonly stops: (() => void)[];
  private asked = 0;
  private wanted = false;
  private busy = false;

  constructor(private readonly element: HTMLElement) {
    this.picker = new Picker(element, ITEM, (item) => this.picked(item), () => this.hasKeys());
    element.addEventListener("mouseover", (event) => this.point(event));
    element.addEventListener("focusin", (event) => this.point(event));
    this.stops = [
      onKey((key, event) => {
        if (key === "A" && this.take()) event.preventDefault();
      }),
      hear("sf:alarms", ({ rows }) => this.changed(rows)),
      hear("sf:back", () => this.refresh()),
      hear("sf:select", ({ measure, from }) => this.follow(measure, from)),
    ];
    document.addEventListener("sf:ask-queue", () => this.refresh());
  }

  stop(): void {
    this.picker.stop();
    for (const stop of this.stops) stop();
  }

  /** `J K Enter` belong to the table while it is shown, unless the focus is here. */
  private hasKeys(): boolean {
    const table = document.querySelector<HTMLElement>(".cmd__table");
    return !table || table.offsetParent === null || this.element.contains(document.activeElement);
  }

  private picked(item: HTMLElement): void {
    const measure = Number(item.dataset["measure"]);
    if (measure) tell("sf:select", { measure, from: "queue" });
  }

  /** Pointing at a card shows its person on the map; it opens nothing. */
  private point(event: Event): void {
    const item = event.target instanceof Element ? event.target.closest<HTMLElement>(ITEM) : null;
    if (item && !item.classList.contains("is-on")) this.picker.pick(item);
  }

  private follow(measure: number | null, from: string): void {
    if (from === "queue" || measure === null) return;
    const item = this.picker.items.find((other) => Number(other.dataset["measure"]) === measure);
    for (const other of this.picker.items) other.classList.toggle("is-on", other === item);
    item?.scrollIntoView({ block: "nearest" });
  }

  /** `A`: take the chosen (or first) question, by its form, else on its own page. */
  private take(): boolean {
    const item = this.picker.current ?? this.picker.items[0];
    if (!item || this.element.offsetParent === null) return false;
    const id = item.dataset["alarm"] ?? "";
    const form = [...document.querySelectorAll<HTMLFormElement>("form[data-take]")].find((f) => f.dataset["for"] === id);
    if (form) form.requestSubmit();
    else if (item instanceof HTMLAnchorElement) item.click();
    return true;
  }

  private changed(rows: AlarmCard[]): void {
    const known = new Set(this.picker.items.map((item) => item.dataset["alarm"]));
    const fresh = rows.filter((row) => row.id && row["past"] !== true && !known.has(row.id) && (row["taken"] ?? row["taken_by"] ?? null) === null);
    const first = fresh[0];
    if (first) tell("sf:say", { text: `新报警：${String(first.question ?? first["title"] ?? "")}` });
    this.refresh();
  }

  /** Fetch the queue as HTML, at most one request at a time and two a second. */
  private refresh(): void {
    this.wanted = true;
    if (this.busy || !this.element.dataset["fragment"]) return;
    this.busy = true;
    setTimeout(() => void this.fetch(), Math.max(0, this.asked + 500 - Date.now()));
  }

  private async fetch(): Promise<void> {
    this.wanted = false;
    this.asked = Date.now();
    try {
      const answer = await fetch(this.element.dataset["fragment"] ?? "", { credentials: "same-origin", headers: { "HX-Request": "true" } });
      if (answer.ok && !answer.redirected) this.swap(await answer.text());
    } catch {
      this.wanted = true; // the live module says that the stream is lost; sf:back asks again
    } finally {
      this.busy = false;
    }
    if (this.wanted && !this.element.closest(".is-stale")) this.refresh();
  }

  private swap(html: string): void {
    const known = new Set(this.picker.items.map((item) => item.dataset["alarm"]));
    const on = this.picker.current?.dataset["alarm"];
    const hadFocus = this.element.contains(document.activeElement);
    const list = (): HTMLElement => this.element.querySelector<HTMLElement>(".q__list") ?? this.element;
    const top = list().scrollTop;
    const page = new DOMParser().parseFromString(html, "text/html");
    const same = this.element.id ? page.getElementById(this.element.id) : null;
    const parts = [...(same ?? page.body).childNodes];
    this.element.replaceChildren(...parts);
    for (const item of this.picker.items) {
      if (known.size > 0 && !known.has(item.dataset["alarm"])) item.classList.add("sf-arrive");
      if (item.dataset["alarm"] === on) {
        item.classList.add("is-on");
        if (hadFocus) item.focus({ preventScroll: true });
      }
    }
    list().scrollTop = top;
    this.heads(page);
    this.untaken();
    start(this.element);
    this.element.dispatchEvent(new CustomEvent("sf:queue", { bubbles: true }));
  }

  private untaken(): void {
    const n = this.picker.items.filter((item) => !item.classList.contains("sf-alarm--taken") && !item.classList.contains("sf-alarm--past") && !item.classList.contains("w-al--plain")).length;
    for (const count of document.querySelectorAll<HTMLElement>('[data-count="untaken"]')) {
      count.textContent = n > 0 ? String(n) : "";
      count.hidden = n === 0;
    }
  }

  /** Counts outside the list ride along as elements with `data-for-id`. */
  private heads(page: Document): void {
    for (const given of page.querySelectorAll<HTMLElement>("[data-for-id]")) {
      const target = document.getElementById(given.dataset["forId"] ?? "");
      if (target) {
        target.textContent = given.textContent;
        target.hidden = given.textContent?.trim() === "";
      }
      given.remove();
    }
  }
}

define("queue", (element) => new Queue(element));
