/** Dialogs: purpose prompt, confirmation, list of keys. Without script the same form is a page of its own. */
import { openDialog } from "../shell/shell";

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const opener = event.target.closest<HTMLElement>("[data-opens]");
  if (opener && openDialog(opener.dataset["opens"] ?? "")) {
    event.preventDefault();
    const dialog = document.getElementById(opener.dataset["opens"] ?? "");
    dialog?.addEventListener("close", () => opener.focus(), { once: true });
    return;
  }
  const closer = event.target.closest("[data-closes]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog")?.close();
  }
});

// a form is sent once; the button says that it is on its way
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.dataset["sent"] !== undefined) {
    event.preventDefault();
    return;
  }
  if (form.method === "post") {
    form.dataset["sent"] = "";
    event.submitter?.setAttribute("aria-busy", "true");
    if (form.dataset["download"] !== undefined) setTimeout(() => release(form), DOWNLOAD_MS);
  }
});
// a file comes and the page stays: what it said before the file is over, another one may be asked for
const DOWNLOAD_MS = 2500;
function release(form: HTMLFormElement): void {
  delete form.dataset["sent"];
  form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  if (form.dataset["download"] !== undefined) form.querySelector('[role="alert"]')?.remove();
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sent]")) release(form);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target instanceof HTMLFormElement ? event.target : null;
  if (form) delete form.dataset["sent"];
});
