/* Warns before the session ends, covers the page once it has, and lets the same person go on after a new sign-in.
   The server alone knows how long a session lasts: this asks it. Keeps nothing in the browser. */
(() => {
  "use strict";
  const about = document.getElementById("session");
  if (!about) return;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const [warning, over] = [document.getElementById("session-warning"), document.getElementById("session-over")];
  const warnAt = Number(about.dataset.warn);
  const title = document.title;

  let covered = false;
  let dismissed = false;
  let asking = null;
  let told = { left: Number(about.dataset.left), at: moment() }; // the server's word, and when it came
  let asked = told.at;
  let saidAt = Infinity;

  /* Whichever clock ran further: one of them may have been set back, or have stood still while the machine slept. */
  function moment() {
    return { wall: Date.now(), steady: performance.now() };
  }
  const since = (then) => Math.max(Date.now() - then.wall, performance.now() - then.steady) / 1000;
  const left = () => told.left - since(told.at);

  function say(where, text) {
    const region = find("[data-session-said]", where);
    if (region.textContent !== text) region.textContent = text;
  }

  /* The server's word */

  const words = () => ({ "Portal-Unattended": "1", "Portal-Person": about.dataset.person, Accept: "application/json" });

  function ask() {
    asked = moment();
    asking ??= hear(fetch(about.dataset.ask, { headers: words(), cache: "no-store" })).finally(() => { asking = null; });
    return asking;
  }

  async function hear(request) {
    let answer;
    try {
      answer = await request;
    } catch {
      if (left() <= 0) cover("The server cannot be reached.");
      return "away";
    }
    if (answer.status === 401) return cover("");
    if (answer.status === 409) return leave();
    if (!answer.ok) return "unknown";
    take(await answer.json());
    return "in";
  }

  function take(word) {
    told = { left: word.left, at: moment() };
    find("meta[name=csrf-token]").content = word.token;
    for (const field of all("input[name=csrf_token]")) field.value = word.token;
    const stays = word.at_most > word.left + 1;
    for (const one of all("[data-can-stay], [data-session-stay]")) one.hidden = !stays;
    for (const one of all("[data-must-end], [data-session-close]")) one.hidden = stays;
    if (left() > warnAt) {
      dismissed = false;
      if (warning.open) warning.close();
    }
    if (covered) uncover();
  }

  /* What the person sees */

  function warn() {
    if (!warning.open && !dismissed) {
      saidAt = Infinity;
      warning.showModal();
    }
    const seconds = Math.max(0, Math.floor(left()));
    const text = seconds >= 60 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${seconds} s`;
    find("#session-left").textContent = text;
    const step = [60, 30, 10].find((one) => seconds <= one && one < saidAt && seconds > one - 5);
    if (step) {
      saidAt = step;
      say(warning, `Signed out in ${step} seconds.`);
    }
  }

  function cover(why) {
    say(over, why);
    if (!covered) {
      covered = true;
      if (warning.open) warning.close();
      for (const dialog of all("dialog[open]:not([data-stays])")) dialog.close();
      document.documentElement.classList.add("session-over");
      document.title = "Signed out";
      over.showModal();
    }
    return "over";
  }

  function uncover() {
    covered = false;
    document.documentElement.classList.remove("session-over");
    document.title = title;
    over.close();
    const region = find("#announce");
    if (region) region.textContent = "You are signed in again. What you typed is still here.";
  }

  /* Somebody else signed in here meanwhile: what the first person typed is not theirs to see or send. */
  function leave() {
    covered = true;
    document.documentElement.classList.add("session-over");
    for (const form of document.forms) form.reset();
    location.replace("/");
    return "other";
  }

  async function stay() {
    const headers = { ...words(), "X-CSRFToken": find("meta[name=csrf-token]").content };
    delete headers["Portal-Unattended"];
    const result = await hear(fetch(about.dataset.stay, { method: "POST", headers }));
    if (result === "away") say(warning, "The server could not be reached. Try again.");
    else if (result === "unknown") await ask();
  }

  /* Forms: asked first whether the session lives, so that no typed page is left for an answer that refuses it. */

  const cleared = new WeakSet();
  const waiting = new WeakSet();

  window.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    const way = submitter?.getAttribute("formmethod") || form.getAttribute("method") || "get";
    if (way.toLowerCase() !== "post" || form.matches("[hx-post]") || form.getAttribute("action")?.endsWith("/logout")) return;
    if (cleared.delete(form) || (!covered && left() > warnAt && since(asked) < 15)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (waiting.has(form)) return;
    waiting.add(form);
    ask().then((result) => {
      waiting.delete(form);
      if (result === "away") {
        find("#banner").hidden = false;
        find("#banner-text").textContent = "Could not reach the server. Nothing was saved, and what you typed is still here. Try again.";
      } else if (result === "in" || result === "unknown") {
        cleared.add(form);
        form.requestSubmit(submitter);
      }
    });
  }, true);

  document.addEventListener("htmx:responseError", ({ detail }) => { if (detail.xhr.status === 401) ask(); });

  /* Clicks and time */

  find("[data-session-stay]").addEventListener("click", stay);
  find("[data-session-close]").addEventListener("click", () => warning.close());
  find("[data-session-again]").addEventListener("click", async () => {
    if (await ask() === "over") say(over, "You are not signed in yet.");
  });
  warning.addEventListener("close", () => { if (left() <= warnAt) dismissed = true; });
  over.addEventListener("cancel", (event) => event.preventDefault());
  over.addEventListener("close", () => { if (covered) over.showModal(); });
  const back = () => { if (!document.hidden && since(asked) > 1) ask(); };
  document.addEventListener("visibilitychange", back);
  window.addEventListener("focus", back);
  window.addEventListener("pageshow", ({ persisted }) => { if (persisted) ask(); });

  window.setInterval(() => {
    if (covered || left() > warnAt) return;
    if (since(asked) >= (left() <= 0 ? 1 : 5)) ask();
    if (warning.open || since(told.at) < 10) warn();
  }, 1000);
})();
