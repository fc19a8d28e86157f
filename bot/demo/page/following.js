// New messages come into view, as on Discord: the view stays at the end until one scrolls up.

const NEAR = 60;
const UP = new Set(["ArrowUp", "PageUp", "Home"]);

/** Follow the newest message. @param {HTMLElement} timeline */
export function follow(timeline) {
  let following = true;
  let ours = 0; // when a person last scrolled

  const atEnd = () => timeline.scrollHeight - timeline.scrollTop - timeline.clientHeight <= NEAR;
  const toEnd = () => { if (following && !atEnd()) timeline.scrollTop = timeline.scrollHeight; };
  const person = () => { ours = performance.now(); };

  timeline.addEventListener("wheel", person, { passive: true });
  timeline.addEventListener("touchmove", person, { passive: true });
  timeline.addEventListener("pointerdown", (event) => { if (event.target === timeline) person(); });
  timeline.addEventListener("keydown", (event) => { if (UP.has(event.key)) person(); });
  timeline.addEventListener("scroll", () => {
    if (atEnd()) following = true;
    else if (performance.now() - ours < 1000) following = false;
    else toEnd(); // simcord scrolled to the top of what the bot answered
  }, { passive: true });
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest(".message-row, #history-older, #message-exact-form, #back-activity, #view-action-output")) {
      following = false;
    } else if (target?.closest("#new-messages")) {
      following = true;
    }
  }, true);
  const list = timeline.querySelector("#channel-message-list");
  if (list) new ResizeObserver(toEnd).observe(list);
  new ResizeObserver(toEnd).observe(timeline);
}
