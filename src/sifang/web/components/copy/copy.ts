/** Copy a number or a text; the button says that it did. */
import { define } from "../../front/module";
import { tell } from "../live/state";

define("copy", (button) => {
  button.addEventListener("click", () => {
    const from = button.dataset["copyFrom"];
    const text = button.dataset["copy"] ?? (from ? (document.querySelector(from)?.textContent?.trim() ?? "") : "");
    const said = button.textContent;
    navigator.clipboard.writeText(text).then(
      () => {
        button.textContent = "已复制";
        tell("sf:say", { text: "已复制" });
        setTimeout(() => (button.textContent = said), 1500);
      },
      () => tell("sf:say", { text: "浏览器不允许复制，请手工选取。" }),
    );
  });
});
