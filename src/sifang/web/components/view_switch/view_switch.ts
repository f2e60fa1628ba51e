/** Map and table are two views of one list; `T` toggles, the address remembers. */
import { define } from "../../front/module";
import { onKey } from "../shell/shell";

class ViewSwitch {
  private readonly unhear: () => void;

  constructor(private readonly element: HTMLElement) {
    element.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-show]") : null;
      if (!button) return;
      event.preventDefault();
      this.show(button.dataset["show"] ?? "", true);
    });
    this.unhear = onKey((key, event) => {
      if (key !== "T") return;
      const views = this.views();
      const at = views.findIndex((view) => !view.hidden);
      this.show(views[(at + 1) % views.length]?.dataset["view"] ?? "", true);
      event.preventDefault();
    });
    addEventListener("hashchange", () => {
      if (this.views().some((view) => view.dataset["view"] === location.hash.slice(1))) this.show(location.hash.slice(1), true);
    });
    const asked = location.hash.slice(1) || (new URLSearchParams(location.search).get("view") ?? "");
    const views = this.views();
    const first = views.find((view) => view.dataset["view"] === asked) ?? views.find((view) => !view.hidden) ?? views[0];
    this.show(first?.dataset["view"] ?? "", false);
  }

  stop(): void {
    this.unhear();
  }

  private views(): HTMLElement[] {
    return [...this.element.querySelectorAll<HTMLElement>("[data-view]")];
  }

  private show(name: string, remember: boolean): void {
    for (const view of this.views()) view.hidden = view.dataset["view"] !== name;
    for (const button of this.element.querySelectorAll<HTMLElement>("[data-show]")) {
      const on = button.dataset["show"] === name;
      if (button.tagName === "BUTTON") button.setAttribute("aria-pressed", String(on));
      else if (on) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    if (!remember) return;
    history.replaceState(null, "", `#${name}`);
    this.views()
      .find((view) => !view.hidden)
      ?.dispatchEvent(new CustomEvent("sf:shown", { bubbles: true }));
  }
}

define("view-switch", (element) => new ViewSwitch(element));

// a page with two views and no switch of its own gets one
document.addEventListener("DOMContentLoaded", () => {
  if (document.querySelector("[data-view]") && !document.querySelector("[data-module~=view-switch]")) new ViewSwitch(document.body);
});
