// What stands around simcord's page: channels, people, languages, Discord's events, and a clock.
import { ask, element } from "./asking.js";
import { showEvents } from "./events.js";
import { follow } from "./following.js";
import { translateForms } from "./forms.js";
import { offerMenus, openMenu } from "./menus.js";
import { tick } from "./times.js";

/** @typedef {import("./events.js").GuildEvent} GuildEvent */
/** @typedef {{guild: string, place: string, places: string[], direct: string, bot: string, reader: string,
 * members: {id: string, name: string, bot: boolean}[], languages: Record<string, string>, language: string,
 * guildLanguage: string, timezone: string, events: GuildEvent[]}} World */

const SECONDS_BETWEEN = 2;
const at = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const here = decodeURIComponent(location.pathname.replaceAll("/", ""));
/** @type {World | null} */
let world = null;
let drawn = "";

const open = (/** @type {string} */ place) => location.assign(`/${encodeURIComponent(place).replace("%40", "@")}`);

// ---------------------------------------------------------------- the bar at the top

const clock = element("time", "demo-clock");
const languages = picker("Language", "demo-language", async (locale) => {
  if (await ask("language", { body: { reader: locale } })) open(here);
});
const guildLanguages = picker("Server", "demo-guild-language", (locale) => ask("language", { body: { guild: locale } }));

/** @param {string} label @param {string} id @param {(value: string) => void} choose */
function picker(label, id, choose) {
  const root = element("label", "viewer-control demo-picker");
  const select = element("select");
  select.id = id;
  select.addEventListener("change", () => choose(select.value));
  root.append(element("span", "", label), select);
  return { root, select };
}

/** @param {HTMLSelectElement} select @param {Record<string, string>} choices @param {string} chosen */
function fill(select, choices, chosen) {
  if (select.childElementCount !== Object.keys(choices).length) {
    select.replaceChildren(...Object.entries(choices).map(([value, text]) => new Option(text, value)));
  }
  if (document.activeElement !== select || select.value !== chosen) select.value = chosen;
}

function buildBar() {
  document.title = `ScheduleZero demo: ${here}`;
  const [mark, names] = document.querySelectorAll(".preview-brand > span");
  mark?.replaceChildren(Object.assign(element("img"), { src: "/demo/icon.svg", alt: "" }));
  names?.replaceChildren(element("strong", "", "ScheduleZero"), element("small", "", "Demo on SimCord"));
  at("messages-toggle").textContent = "Channels";
  document.querySelector(".viewer-control")?.after(languages.root, guildLanguages.root);
  const more = document.querySelector(".session-menu");
  const popover = document.querySelector(".session-menu-popover");
  popover?.prepend(
    at("view-action-output"), at("back-activity"), at("refresh"), at("capture-open"), at("inspector-toggle"),
  );
  popover?.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("button")) more?.removeAttribute("open");
  });
  more?.before(clock);
  // simcord keeps the language of the page when one only switches the person, so the page is opened anew.
  document.addEventListener("change", async (event) => {
    if (!(event.target instanceof HTMLSelectElement) || event.target.id !== "viewer-picker") return;
    event.stopImmediatePropagation();
    await readAs(event.target.value);
  }, true);
}

/** @param {string} user */
async function readAs(user) {
  const answer = await ask("reader", { body: { user } });
  if (answer) open(answer.place);
}

// ---------------------------------------------------------------- the channels on the left

const nav = element("nav", "demo-nav");
nav.setAttribute("aria-label", "Server");

function buildSidebar() {
  const sidebar = at("messages-sidebar");
  const search = element("details", "demo-search");
  search.append(element("summary", "", "Find a message"), ...sidebar.children);
  sidebar.append(nav, search);
  at("messages-toggle").addEventListener("click", () => requestAnimationFrame(() => {
    if (at("preview-shell").classList.contains("messages-open")) nav.querySelector("button")?.focus();
  }));
}

/** @param {World} now */
function drawSidebar(now) {
  const events = element("button", "demo-row");
  events.type = "button";
  events.id = "demo-events";
  events.append(element("span", "demo-sign", "📅"), element("span", "", "Events"));
  if (now.events.length) events.append(element("span", "demo-count", String(now.events.length)));
  events.addEventListener("click", () => { if (world) showEvents(world.events, world.language, world.timezone, look); });
  const place = (/** @type {string} */ name, /** @type {string} */ sign, /** @type {string} */ text) => {
    const link = element("a", "demo-row");
    link.href = `/${name}`;
    if (name === now.place) link.setAttribute("aria-current", "page");
    link.append(element("span", "demo-sign", sign), element("span", "", text));
    return link;
  };
  const members = now.members.map((member) => {
    const button = element("button", "demo-row");
    button.type = "button";
    button.setAttribute("aria-haspopup", "menu");
    button.append(element("span", "demo-sign", member.bot ? "🤖" : "👤"), element("span", "", member.name));
    if (member.id === now.reader) button.append(element("span", "demo-count demo-you", "you"));
    const menu = () => {
      const { left, bottom } = button.getBoundingClientRect();
      void openMenu({ user: member.id }, left + 12, bottom);
    };
    button.addEventListener("click", menu);
    button.addEventListener("contextmenu", (event) => { event.preventDefault(); menu(); });
    return button;
  });
  nav.replaceChildren(
    element("h2", "demo-guild", now.guild), events,
    element("h3", "", "Channels"), ...now.places.map((name) => place(name, "#", name)),
    element("h3", "", "Direct messages"), place(now.direct, "@", now.bot),
    element("h3", "", "Members"), ...members,
  );
}

// ---------------------------------------------------------------- what goes on

async function look() {
  const now = /** @type {World | null} */ (await ask("world"));
  if (!now) return;
  world = now;
  document.documentElement.lang = now.language;
  fill(/** @type {HTMLSelectElement} */ (languages.select), now.languages, now.language);
  fill(/** @type {HTMLSelectElement} */ (guildLanguages.select), now.languages, now.guildLanguage);
  const text = JSON.stringify(now);
  if (text === drawn) return;
  drawn = text;
  drawSidebar(now);
  showEvents.update(now.events, now.language, now.timezone, look);
}

function goOn() {
  const locale = world?.language ?? "en-US";
  const timeZone = world?.timezone ?? "UTC";
  tick(locale);
  const now = new Date();
  clock.dateTime = now.toISOString();
  clock.textContent = new Intl.DateTimeFormat(locale, { timeZone, timeStyle: "medium" }).format(now);
  clock.title = `The demo's time, in the zone ${timeZone}`;
}

buildBar();
buildSidebar();
offerMenus(at("channel-message-list"));
follow(at("channel-timeline"), at("channel-message-list"), at("preview-app"));
translateForms(at("modal-root"), () => world?.language ?? "en-US");
new MutationObserver(() => tick(world?.language ?? "en-US")).observe(at("preview-app"), { childList: true, subtree: true });
goOn();
setInterval(goOn, 1000);
void look();
setInterval(() => { if (!document.hidden) void look(); }, SECONDS_BETWEEN * 1000);
