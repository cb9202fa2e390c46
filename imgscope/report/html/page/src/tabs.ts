// The tables' tabs, as the ARIA authoring practices have them: arrow keys go from tab to tab.

import { byId, el } from "./dom";
import { number } from "./format";
import type { Panel } from "./panels";

/** Make the tabs and their empty panels; `shown` is told of each that is opened. */
export function tabbed(tabs: Panel[], shown: (tab: Panel) => void): HTMLElement[] {
  const list = el("div", { class: "tabs", role: "tablist", "aria-label": "Tables" });
  const holder = el("div", {});
  let open = "";
  const show = (id: string, focus = false): void => {
    open = id;
    for (const tab of tabs) {
      const own = byId<HTMLButtonElement>(`tab-${tab.id}`);
      own.setAttribute("aria-selected", String(tab.id === id));
      own.tabIndex = tab.id === id ? 0 : -1;
      if (focus && tab.id === id) own.focus();
      byId(`panel-${tab.id}`).hidden = tab.id !== id;
      if (tab.id === id) shown(tab);
    }
  };
  for (const tab of tabs) {
    const made = el("button", { type: "button", role: "tab", id: `tab-${tab.id}`, "aria-controls": `panel-${tab.id}` }, tab.title,
      tab.count === null ? null : el("em", {}, number(tab.count)));
    made.addEventListener("click", () => show(tab.id));
    list.append(made);
    holder.append(el("div", { class: "panel", role: "tabpanel", id: `panel-${tab.id}`, "aria-labelledby": `tab-${tab.id}`, hidden: true }));
  }
  list.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.id === open);
    show(tabs[(at + step + tabs.length) % tabs.length]!.id, true);
  });
  return [list, holder];
}
