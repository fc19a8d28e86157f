// Discord's scheduled events, which simcord's page doesn't show.
import { ask, element, fetched } from "./asking.js";
import { relative } from "./times.js";

/** @typedef {{id: string, name: string, description: string, state: "scheduled" | "active", start: string,
 * end: string | null, place: string, repeats: string, cover: boolean, count: number, interested: boolean}} GuildEvent */

const dialog = element("dialog", "demo-events");
dialog.setAttribute("aria-labelledby", "demo-events-title");
document.body.append(dialog);
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

/** Pictures by their events: the page takes none that comes without its secret. @type {Map<string, Promise<string>>} */
const covers = new Map();

/** @param {string} id */
async function coverOf(id) {
  const answer = await fetched(`covers/${id}`);
  return answer.ok ? URL.createObjectURL(await answer.blob()) : "";
}

/** Open the list of events. @param {GuildEvent[]} events @param {string} locale @param {string} zone @param {() => Promise<void>} look */
export function showEvents(events, locale, zone, look) {
  draw(events, locale, zone, look);
  dialog.showModal();
}

/** Bring the open list up to date. @type {typeof showEvents} */
showEvents.update = (events, locale, zone, look) => { if (dialog.open) draw(events, locale, zone, look); };

/** @type {typeof showEvents} */
function draw(events, locale, zone, look) {
  const focused = document.activeElement?.closest("[data-event]")?.getAttribute("data-event");
  const title = element("h2", "", events.length === 1 ? "1 event" : `${events.length || "No"} events`);
  title.id = "demo-events-title";
  const shut = element("button", "demo-close", "×");
  shut.type = "button";
  shut.setAttribute("aria-label", "Close");
  shut.addEventListener("click", () => dialog.close());
  const head = element("header");
  head.append(title, shut);
  const list = element("ul");
  for (const event of events) list.append(card(event, locale, zone, look));
  const none = element("p", "demo-none", "Discord's scheduled events come here. Schedule one: /schedule create, then “Create an event”.");
  dialog.replaceChildren(head, events.length ? list : none);
  if (focused) /** @type {HTMLElement | null} */ (dialog.querySelector(`[data-event="${focused}"] button`))?.focus();
}

/** @param {GuildEvent} event @param {string} locale @param {string} zone @param {() => Promise<void>} look */
function card(event, locale, zone, look) {
  const item = element("li", "demo-event");
  item.dataset.event = event.id;
  if (event.cover) {
    const picture = element("img", "demo-cover");
    picture.alt = "";
    if (!covers.has(event.id)) covers.set(event.id, coverOf(event.id));
    void covers.get(event.id)?.then((url) => { picture.src = url; });
    item.append(picture);
  }
  const start = new Date(event.start);
  const when = element("p", "demo-when");
  const exact = element("time", "", new Intl.DateTimeFormat(locale, {
    timeZone: zone, weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit",
  }).format(start));
  exact.dateTime = event.start;
  const away = element("time", "", relative(start, locale));
  away.dateTime = event.start;
  away.dataset.relative = "";
  if (event.state === "active") when.append(element("strong", "", "Happening now"), " · ");
  when.append(exact, " · ", away);
  item.append(when);
  if (event.repeats) item.append(element("p", "demo-repeats", `🔁 ${event.repeats}`));
  item.append(element("h3", "", event.name));
  if (event.description) item.append(element("p", "demo-description", event.description));
  const foot = element("footer");
  foot.append(element("span", "", event.place));
  const interest = element("button", "demo-interest", `${event.interested ? "✓" : "🔔"} Interested · ${event.count}`);
  interest.type = "button";
  interest.setAttribute("aria-pressed", String(event.interested));
  interest.addEventListener("click", async () => {
    await ask("interest", { body: { event: event.id, interested: !event.interested } });
    await look();
  });
  foot.append(interest);
  item.append(foot);
  return item;
}
