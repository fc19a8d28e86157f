// Requests to the demo with the secret of simcord's page, and a line that says what became of them.

const secret = location.hash.slice(1);

/** Make an element. @template {keyof HTMLElementTagNameMap} T @param {T} tag @param {string} [name] @param {string} [text] */
export function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}

const line = element("div", "demo-line");
line.setAttribute("role", "status");
document.body.append(line);

/** Say something at the bottom of the page; nothing takes it away. @param {string} text */
export function say(text) {
  line.textContent = text;
  line.hidden = !text;
}
say("");

let lost = false;

/** @param {string} path @param {{query?: URLSearchParams, body?: unknown}} asked @returns {Promise<Response>} */
export function fetched(path, { query, body } = {}) {
  const context = window.simcordPreview?.contextId;
  return fetch(`/demo/api/${path}${query ? `?${query}` : ""}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "X-Simcord-Capability": secret, ...(context ? { "X-Simcord-Context": context } : {}) },
    cache: "no-store",
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Ask, and return the answer; nothing where it was refused, which the line then says.
 * @param {string} path @param {{query?: URLSearchParams, body?: unknown}} [asked] @returns {Promise<any>} */
export async function ask(path, asked = {}) {
  try {
    const answer = await fetched(path, asked);
    if (answer.ok) {
      if (lost) say("");
      lost = false;
      return await answer.json();
    }
    if (answer.status === 401) moved();
    else if (answer.status === 404) say("That isn't there any more.");
    else say(answer.status < 500 ? "The demo refused that. Reload the page." : "The demo failed. Its terminal says why.");
  } catch {
    lost = true;
    say("The demo doesn't answer. Is it still running?");
  }
  return null;
}

/** Another window shows another channel, and the demo shows one at a time. */
function moved() {
  say("The demo shows one channel at a time, now in another window. ");
  const link = element("a", "", "Show this channel here");
  link.href = location.pathname.replace(/\/$/, "");
  line.append(link);
}
