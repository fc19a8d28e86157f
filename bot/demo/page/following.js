// What the view shows: the newest message until one scrolls up, as on Discord, and the answer to what one did.

/** @typedef {{requestId: string, target?: {messageId?: string, controlKey?: string} | null,
 * outcomes?: {kind: string, messageId?: string}[]}} Receipt */

const NEAR = 60;
const SCROLLS = new Set(["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End", "Tab"]);

/** The message that answers what the person did last, until that person scrolls.
 * @type {{id: string, edited: boolean} | null} */
let answer = null;

/** Bring a message into view as soon as it is there. @param {string} id */
export function expectAnswer(id) { answer = { id, edited: false }; }

/** Follow the newest message and the answers. @param {HTMLElement} timeline @param {HTMLElement} list @param {HTMLElement} app */
export function follow(timeline, list, app) {
  let following = true;
  let ours = -Infinity; // when a person last scrolled
  let drawn = -Infinity; // when the messages last changed
  let known = ""; // the last action that we have seen
  let source = { messageId: "", controlKey: "" }; // what the person pressed; a form's answer may edit it

  const atEnd = () => timeline.scrollHeight - timeline.scrollTop - timeline.clientHeight <= NEAR;
  const person = () => { ours = performance.now(); };

  /** Whether simcord has come back from another action; if so, note what answers it. */
  function acted() {
    const action = /** @type {Receipt | null | undefined} */ (window.simcordPreview?.lastAction);
    if (!action || action.requestId === known) return false;
    known = action.requestId;
    const { messageId = "", controlKey = "" } = action.target ?? {};
    if (messageId) source = { messageId, controlKey };
    const outcomes = action.outcomes ?? [];
    const said = outcomes.findLast((one) => one.messageId && one.kind !== "source_edit");
    if (said?.messageId) answer = { id: said.messageId, edited: false };
    else if (outcomes.some((one) => one.kind === "source_edit" || one.kind === "deferred")) {
      answer = { id: outcomes.find((one) => one.messageId)?.messageId ?? source.messageId, edited: true };
    } else return false;
    following = false;
    return true;
  }

  /** Show a message whole, or from its top if it is taller than the view. An edited one stays where it is as
   * long as what the person pressed is still in it.
   * @param {Element} article @param {boolean} edited */
  function show(article, edited) {
    const box = article.getBoundingClientRect();
    const view = timeline.getBoundingClientRect();
    const tall = box.height > view.height;
    const control = source.controlKey && article.querySelector(`[data-control-key="${CSS.escape(source.controlKey)}"]`);
    if (edited && control && tall) article.scrollIntoView({ block: "nearest" });
    else if (tall || box.top < view.top) timeline.scrollTop += box.top - view.top;
    else if (article === list.lastElementChild) timeline.scrollTop = timeline.scrollHeight;
    else if (box.bottom > view.bottom) timeline.scrollTop += box.bottom - view.bottom;
    following = atEnd();
  }

  function place() {
    const article = answer && list.querySelector(`[data-message-id="${answer.id}"]`);
    if (answer && article && !(following && article !== list.lastElementChild)) show(article, answer.edited);
    else if (following && !atEnd()) timeline.scrollTop = timeline.scrollHeight;
  }

  timeline.addEventListener("wheel", person, { passive: true });
  timeline.addEventListener("touchmove", person, { passive: true });
  timeline.addEventListener("pointerdown", (event) => { if (event.target === timeline) person(); });
  timeline.addEventListener("keydown", (event) => { if (SCROLLS.has(event.key)) person(); });
  timeline.addEventListener("scroll", () => {
    if (performance.now() - ours < 1000 || performance.now() - drawn > 500) {
      following = atEnd();
      answer = null;
    } else place(); // simcord scrolled
  }, { passive: true });
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest(".message-row, #history-older, #message-exact-form, #back-activity, #view-action-output")) {
      following = false;
      answer = null;
    } else if (target?.closest("#new-messages")) {
      following = true;
      answer = null;
    }
  }, true);
  const look = () => { drawn = performance.now(); acted(); place(); };
  new ResizeObserver(look).observe(list);
  new ResizeObserver(place).observe(timeline);
  // An edit may leave the height as it is.
  new MutationObserver(() => { if (app.getAttribute("aria-busy") === "false" && acted()) look(); })
    .observe(app, { attributes: true, attributeFilter: ["aria-busy"] });
}
