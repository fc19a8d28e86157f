// Discord's Apps menus, on a right click, a long press, the menu key or a button.
import { ask, element, say } from "./asking.js";
import { expectAnswer } from "./following.js";

/** @typedef {{message?: string, user?: string, author?: boolean}} Target */
/** @typedef {{title: string, app: string, entries: {name: string, label: string}[]}} Menu */

/** @type {HTMLElement | null} */
let open = null;
/** @type {HTMLElement | null} */
let opener = null;

/** Close the menu. @param {boolean} back Whether the focus goes back to where the menu was opened. */
function close(back = true) {
  open?.remove();
  open = null;
  if (back && opener?.isConnected) opener.focus({ preventScroll: true });
  opener = null;
}

/** Close the drawer of a narrow page, which would lie over what the bot answers. */
function closeDrawer() {
  if (document.querySelector(".messages-open")) document.getElementById("drawer-scrim")?.click();
}

/** Open the menu on a message, its author or a member. @param {Target} target @param {number} x @param {number} y */
export async function openMenu(target, x, y) {
  close(false);
  const from = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  const query = new URLSearchParams(Object.entries(target).map(([key, value]) => [key, String(value)]));
  /** @type {Menu | null} */
  const menu = await ask("menu", { query });
  if (!menu) return;
  const root = element("div", "demo-menu");
  root.setAttribute("role", "menu");
  root.setAttribute("aria-label", `Apps${menu.title ? `: ${menu.title}` : ""}`);
  root.append(element("div", "demo-menu-title", menu.title ? `${menu.title} · Apps` : "Apps"));
  for (const entry of menu.entries) {
    const item = element("button", "demo-menu-entry");
    item.type = "button";
    item.setAttribute("role", "menuitem");
    item.append(element("span", "", entry.label), element("small", "", menu.app));
    item.addEventListener("click", async () => {
      close();
      closeDrawer();
      say(`${entry.label}…`);
      const answer = await ask("menu", { body: { target, name: entry.name } });
      if (!answer) return;
      say("");
      if (answer.message) expectAnswer(answer.message);
    });
    root.append(item);
  }
  if (!menu.entries.length) root.append(element("p", "demo-menu-none", "There is nothing here that you may use."));
  root.tabIndex = -1;
  document.body.append(root);
  const { width, height } = root.getBoundingClientRect();
  root.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
  root.style.top = `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`;
  [open, opener] = [root, from];
  (root.querySelector("button") ?? root).focus();
}

/** @param {KeyboardEvent} event */
function move(event) {
  if (!open) return;
  const items = [...open.querySelectorAll("button")];
  const at = items.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Escape" || event.key === "Tab") close();
  else if (next !== undefined && items.length) items[(next + items.length) % items.length]?.focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** @param {Element} article */
const messageOf = (article) => /** @type {HTMLElement} */ (article).dataset.messageId ?? "";

/** Give a message a button for its menu, beside simcord's buttons. @param {Element} article */
function addButton(article) {
  if (article.querySelector(".demo-apps, .message-ephemeral-note") || !article.childElementCount) return;
  let toolbar = article.querySelector(".message-context-actions");
  if (!toolbar) {
    toolbar = element("div", "message-context-actions");
    article.append(toolbar);
  }
  const button = element("button", "message-action-button demo-apps", "⋯");
  button.type = "button";
  button.title = "Apps";
  button.setAttribute("aria-label", "Apps");
  button.setAttribute("aria-haspopup", "menu");
  button.addEventListener("click", () => {
    const { right, bottom } = button.getBoundingClientRect();
    void openMenu({ message: messageOf(article) }, right, bottom);
  });
  toolbar.append(button);
}

/** Offer the menus on everything that stands in the list of messages. @param {HTMLElement} list */
export function offerMenus(list) {
  list.addEventListener("contextmenu", (event) => {
    const at = event.target instanceof Element ? event.target : null;
    const article = at?.closest(".channel-message");
    if (!at || !article || at.closest("a, input, textarea, img") || article.querySelector(".message-ephemeral-note")) return;
    event.preventDefault();
    const author = at.closest(".message-author, .message-avatar") ? { author: true } : {};
    const box = at.getBoundingClientRect();
    void openMenu({ message: messageOf(article), ...author }, event.clientX || box.left, event.clientY || box.bottom);
  });
  const all = () => list.querySelectorAll(".channel-message").forEach(addButton);
  new MutationObserver(all).observe(list, { childList: true, subtree: true });
  all();
  document.addEventListener("keydown", move, true);
  document.addEventListener("pointerdown", (event) => {
    if (open && event.target instanceof Node && !open.contains(event.target)) close(false);
  }, true);
  addEventListener("resize", () => close(false));
}
