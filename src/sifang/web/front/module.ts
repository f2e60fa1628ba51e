/** Behaviour hangs on `data-module`: one class per name, started once per element, on load and after each swap. */
export interface Module {
  /** Called when the element has left the page. */
  stop?(): void;
}

type Factory = (element: HTMLElement) => Module | void;

const factories = new Map<string, Factory>();
const running = new Map<HTMLElement, Module[]>();

export function define(name: string, factory: Factory): void {
  factories.set(name, factory);
}

/** Start what is below `root` (inclusive) and was not started yet; stop what has gone. */
export function start(root: ParentNode = document): void {
  for (const [element, modules] of running) {
    if (!element.isConnected) {
      for (const module of modules) module.stop?.();
      running.delete(element);
    }
  }
  const found = [...root.querySelectorAll<HTMLElement>("[data-module]")];
  if (root instanceof HTMLElement && root.dataset["module"]) found.unshift(root);
  for (const element of found) {
    if (running.has(element)) continue;
    const modules: Module[] = [];
    let known = false;
    for (const name of (element.dataset["module"] ?? "").split(/\s+/)) {
      const factory = factories.get(name);
      if (!factory) continue;
      known = true;
      const module = factory(element);
      if (module) modules.push(module);
    }
    if (known) running.set(element, modules);
  }
}

export function startWhenReady(): void {
  const go = (): void => start();
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", go, { once: true });
  else go();
  document.addEventListener("htmx:load", (event) => start(event.target as HTMLElement));
  document.addEventListener("sf:swapped", (event) => start(event.target as HTMLElement));
}

export const reducedMotion = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
