/** `J K` through a list of links or rows, `Enter` opens. Shared by the queue and by tables. */
import { define } from "../../front/module";
import { onKey } from "../shell/shell";

export class Picker {
  private readonly unhear: () => void;

  constructor(
    readonly container: HTMLElement,
    readonly selector: string,
    private readonly picked: (item: HTMLElement, byKey: boolean) => void = () => undefined,
    private readonly listens: () => boolean = () => true,
  ) {
    this.unhear = onKey((key, event) => {
      if (container.offsetParent === null || !this.listens()) return;
      if (key === "J") this.move(1);
      else if (key === "K") this.move(-1);
      else if (key === "Enter") this.open();
      else return;
      event.preventDefault();
    });
  }

  stop(): void {
    this.unhear();
  }

  get items(): HTMLElement[] {
    return [...this.container.querySelectorAll<HTMLElement>(this.selector)];
  }

  get current(): HTMLElement | undefined {
    return this.items.find((item) => item.classList.contains("is-on"));
  }

  pick(item: HTMLElement | undefined, byKey = false): void {
    for (const other of this.items) {
      other.classList.toggle("is-on", other === item);
      if (other === item) other.setAttribute("aria-current", "true");
      else other.removeAttribute("aria-current");
    }
    if (!item) return;
    if (byKey) {
      const target = item.matches("a, button") ? item : (item.querySelector<HTMLElement>("a, button") ?? item);
      if (target === item && !item.matches("a, button")) item.tabIndex = -1;
      target.focus({ preventScroll: true });
      item.scrollIntoView({ block: "nearest" });
    }
    this.picked(item, byKey);
  }

  private move(step: number): void {
    const items = this.items;
    const at = items.findIndex((item) => item.classList.contains("is-on"));
    const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : Math.min(items.length - 1, Math.max(0, at + step));
    this.pick(items[next], true);
  }

  private open(): void {
    const item = this.current;
    const link = item instanceof HTMLAnchorElement ? item : item?.querySelector<HTMLAnchorElement>("a[href]");
    link?.click();
  }
}

define("rows", (container) => new Picker(container, container.dataset["item"] ?? "tbody tr"));
