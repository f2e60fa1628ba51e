/** Counts in the bar and the rows of the table, kept current from the stream. */
import { define } from "../../front/module";
import { clockTime } from "../clock/clock";
import { Picker } from "../rows/rows";
import { SHAPE_DRAWINGS } from "./shapes";
import { hear, serverNow, stateOf, tell, WORDS, type Row, type State } from "./state";

const rows = new Map<number, Row>();
let tracked = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<(changed: Row[]) => void>();

hear("sf:state", (whole) => {
  rows.clear();
  for (const row of whole.rows) rows.set(row[0], row);
  tracked = Math.max(Object.keys(whole.persons).length, rows.size);
  for (const listener of listeners) listener(whole.rows);
});
hear("sf:positions", (news) => {
  for (const row of news.rows) rows.set(row[0], row);
  for (const listener of listeners) listener(news.rows);
});

export function countStates(): Record<State | "tracked", number> {
  const counts = { tracked, outside: 0, unknown: 0, old: Math.max(0, tracked - rows.size), inside: 0, none: 0 };
  const now = serverNow() / 1000;
  for (const row of rows.values()) counts[stateOf(row, now)] += 1;
  return counts;
}

function show(): void {
  timer = undefined;
  if (tracked === 0) return;
  const counts: Record<string, number> = countStates();
  for (const element of document.querySelectorAll<HTMLElement>("[data-live-count]")) {
    const n = counts[element.dataset["liveCount"] ?? ""];
    if (element.dataset["liveHide"] !== undefined) element.hidden = !n; // a whole line that is there only when it counts somebody
    else if (n !== undefined && element.textContent !== String(n)) element.textContent = String(n);
  }
}

const soon = (): void => {
  timer ??= setTimeout(show, 500);
};
listeners.add(soon);
setInterval(soon, 15_000);

/** `data-live-count="inside"` anywhere on the page is enough; the module of that name is for single elements. */
define("live-count", (element) => {
  element.dataset["liveCount"] ??= element.dataset["count"] ?? "";
  soon();
});

const SHAPES: Record<State, string> = { outside: "outside", unknown: "unknown", old: "plain", inside: "inside", none: "plain" };

class LiveTable {
  private readonly unhear: () => void;

  constructor(private readonly body: HTMLElement) {
    const update = (changed: Row[]): void => {
      const shown = this.shown(); // one walk through the table, not one for each of thousands of rows
      for (const row of changed) for (const tr of shown.get(row[0]) ?? []) this.update(row, tr);
    };
    listeners.add(update);
    const select = hear("sf:select", ({ measure, from }) => this.select(measure, from));
    // J K through the rows; Enter opens the person where the officer may
    const picker = new Picker(
      body,
      "tr[data-measure]",
      (row) => tell("sf:select", { measure: Number(row.dataset["measure"]), from: "table" }),
      () => !document.querySelector(".cmd__queue")?.contains(document.activeElement),
    );
    this.unhear = () => {
      picker.stop();
      listeners.delete(update);
      select();
    };
    body.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>("tr[data-measure]") : null;
      if (row && !(event.target as Element).closest("a, button")) {
        tell("sf:select", { measure: Number(row.dataset["measure"]), from: "table" });
      }
    });
    update([...rows.values()]);
  }

  stop(): void {
    this.unhear();
  }

  private select(measure: number | null, from: string): void {
    for (const row of this.body.querySelectorAll<HTMLElement>("tr[data-measure]")) {
      const on = Number(row.dataset["measure"]) === measure;
      row.classList.toggle("is-on", on);
      if (on && from !== "table") row.scrollIntoView({ block: "nearest" });
    }
  }

  private shown(): Map<number, HTMLElement[]> {
    const found = new Map<number, HTMLElement[]>();
    for (const tr of this.body.querySelectorAll<HTMLElement>("tr[data-measure]")) {
      const measure = Number(tr.dataset["measure"]);
      found.set(measure, [...(found.get(measure) ?? []), tr]);
    }
    return found;
  }

  private update(row: Row, tr: HTMLElement): void {
    const cell = (name: string): HTMLElement | null => tr.querySelector(`[data-cell="${name}"]`);
    setText(cell("time"), clockTime(row[6] * 1000));
    setText(cell("accuracy"), `±${Math.round(row[3])} m${row[4] ? " 推定" : ""}`);
    const battery = cell("battery");
    if (row[7] !== null) setText(battery, `${row[7]}%`);
    battery?.classList.toggle("is-low", row[7] !== null && row[7] <= 20);
    setText(cell("strap"), ["—", "闭合", "断开"][row[8]] ?? "—");
    this.state(cell("state"), stateOf(row, serverNow() / 1000));
  }

  private state(cell: HTMLElement | null, state: State): void {
    if (!cell || cell.dataset["state"] === state) return;
    const first = cell.dataset["state"] === undefined && cell.textContent?.trim() === WORDS[state];
    cell.dataset["state"] = state;
    if (first) return;
    const word = document.createElement("span");
    word.className = `sf-st sf-st--${SHAPES[state]}`;
    const shape = document.querySelector(`[data-shape="${state}"] svg, svg[data-shape="${state}"]`) ?? SHAPE_DRAWINGS[state]();
    word.append(shape.cloneNode(true), WORDS[state]);
    cell.replaceChildren(word);
    if (state === "outside" || state === "unknown") cell.closest("tr")?.classList.add("sf-moved");
  }
}

function setText(element: HTMLElement | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}

define("live-table", (body) => new LiveTable(body));
