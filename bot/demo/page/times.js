// Times that go on: simcord tells a relative time once, when it draws a message.

/** The time that simcord's page and ours tell relative times with. @type {Set<string>} */
const told = new Set();
const format = Intl.RelativeTimeFormat.prototype.format;

// simcord's elements don't say that they are relative, so we note the texts that it makes.
Intl.RelativeTimeFormat.prototype.format = function noted(value, unit) {
  const text = format.call(this, value, unit);
  told.add(text);
  return text;
};

/** @type {[Intl.RelativeTimeFormatUnit, number, number][]} Read as: a unit, its seconds, and how many make up the next. */
const UNITS = [
  ["second", 1, 60], ["minute", 60, 60], ["hour", 3600, 24], ["day", 86400, 30], ["month", 2629800, 12],
  ["year", 31557600, Infinity],
];

/** A moment as Discord tells `<t:…:R>`. @param {Date} moment @param {string} locale */
export function relative(moment, locale) {
  const seconds = (moment.getTime() - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, each, most]) => Math.abs(Math.round(seconds / each)) < most) ?? UNITS[5];
  return format.call(new Intl.RelativeTimeFormat(locale, { numeric: "auto" }), Math.round(seconds / size), unit);
}

/** Bring all relative times of the page up to date. @param {string} locale */
export function tick(locale) {
  for (const element of document.querySelectorAll("time.discord-timestamp, time[data-relative]")) {
    if (!(element instanceof HTMLTimeElement) || !element.dateTime) continue;
    if (told.has(element.textContent ?? "")) element.dataset.relative = "";
    if (!("relative" in element.dataset)) continue;
    const now = relative(new Date(element.dateTime), locale);
    if (element.textContent !== now) element.textContent = now;
  }
}
