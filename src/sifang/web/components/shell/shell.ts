/** Keys of the whole house (UI § 5): dead in fields and during Chinese composition, single letters can be switched off. */
import { define } from "../../front/module";
import { hear } from "../live/state";

const STORE = "sifang.keys-off";

/** Asked by modules: `document` hears `sf:key` with the plain key; whoever acts calls preventDefault. */
export function onKey(then: (key: string, event: CustomEvent<string>) => void): () => void {
  const listener = (event: Event): void => then((event as CustomEvent<string>).detail, event as CustomEvent<string>);
  document.addEventListener("sf:key", listener);
  return () => document.removeEventListener("sf:key", listener);
}

function inField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function stored(): boolean {
  try {
    return localStorage.getItem(STORE) === "1";
  } catch {
    return false;
  }
}

class Shell {
  private off = stored();
  private pendingG = 0;
  private readonly rooms: Record<string, string>;

  constructor(body: HTMLElement) {
    this.rooms = JSON.parse(body.dataset["rooms"] ?? "{}") as Record<string, string>;
    document.addEventListener("keydown", (event) => this.key(event));
    for (const box of document.querySelectorAll<HTMLInputElement>("[data-keys-off]")) {
      box.checked = this.off;
      box.addEventListener("change", () => this.switchOff(box.checked));
    }
    document.addEventListener("htmx:configRequest", (event) => {
      const detail = (event as CustomEvent<{ headers: Record<string, string> }>).detail;
      if (body.dataset["csrf"]) detail.headers["X-CSRFToken"] = body.dataset["csrf"];
    });
  }

  private switchOff(off: boolean): void {
    this.off = off;
    try {
      if (off) localStorage.setItem(STORE, "1");
      else localStorage.removeItem(STORE);
    } catch {
      // a browser without storage forgets the choice with the page
    }
  }

  private key(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.keyCode === 229 || inField(event.target)) {
      if (event.key === "Escape" && event.target instanceof HTMLElement) event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    if (event.key.length === 1 && this.off) return;
    if (this.go(event) || this.act(event)) event.preventDefault();
  }

  /** `G` and, within 1.5 s, the letter of a room. */
  private go(event: KeyboardEvent): boolean {
    const letter = event.key.toUpperCase();
    if (letter === "G") {
      this.pendingG = event.timeStamp;
      return true;
    }
    const url = this.rooms[letter];
    const quick = this.pendingG > 0 && event.timeStamp - this.pendingG < 1500;
    this.pendingG = 0;
    if (!quick || !url) return false;
    location.assign(url);
    return true;
  }

  private act(event: KeyboardEvent): boolean {
    if (event.key === "/") return focusOn("#q, [data-key='/']");
    if (event.key === "?") return openDialog("help");
    const asked = new CustomEvent("sf:key", { detail: event.key.length === 1 ? event.key.toUpperCase() : event.key, cancelable: true });
    if (event.key === "Enter" && event.target instanceof HTMLElement && event.target.closest("a, button, summary")) return false;
    if (!document.dispatchEvent(asked)) return true;
    if (press(event.key.length === 1 ? event.key.toUpperCase() : event.key)) return true;
    return event.key === "Escape" && goBack();
  }
}

function focusOn(selector: string): boolean {
  const field = document.querySelector<HTMLElement>(selector);
  field?.focus();
  if (field instanceof HTMLInputElement) field.select();
  return field !== null;
}

export function openDialog(id: string): boolean {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return false;
  dialog.showModal();
  return true;
}

/** Click (or focus) the visible element that carries this key. */
function press(key: string): boolean {
  for (const element of document.querySelectorAll<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)) {
    if (element.offsetParent === null || element.getAttribute("aria-disabled") === "true") continue;
    if (inField(element)) element.focus();
    else element.click();
    return true;
  }
  return false;
}

function goBack(): boolean {
  const up = document.querySelector<HTMLAnchorElement>("a[data-back], .sf-crumb a");
  if (up) location.assign(up.href);
  return up !== null;
}

define("shell", (body) => void new Shell(body));

/** One polite region for what happened; the same words twice are said twice. */
define("live-region", (region) => {
  hear("sf:say", ({ text }) => {
    region.textContent = "";
    setTimeout(() => {
      region.textContent = text;
    }, 60);
  });
});
