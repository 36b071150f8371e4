/* What the pages gain with script; without it every link and form still works. Keeps nothing but two preferences, as cookies. */
(() => {
  "use strict";
  const root = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const on = (type, act, capture = false) => document.addEventListener(type, act, capture);

  function remember(name, value) {
    const [prefix, secure] = location.protocol === "https:" ? ["__Host-", "; Secure"] : ["", ""];
    document.cookie = `${prefix}${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  /* Said aloud, shown, and gone again */

  function announce(text) {
    const region = find("#announce");
    region.textContent = "";
    window.setTimeout(() => { region.textContent = text; }, 50);
  }

  function toast(text) {
    const note = document.createElement("p");
    note.className = "toast";
    note.tabIndex = 0;
    note.textContent = text;
    find("#toasts").append(note);
    const leave = () => {
      if (note.matches(":hover, :focus")) window.setTimeout(leave, 2000);
      else note.remove();
    };
    window.setTimeout(leave, 6000);
  }

  function showBanner(text) {
    if (find("#banner-text").textContent === text && !find("#banner").hidden) return;
    find("#banner").hidden = false;
    find("#banner-text").textContent = text;
  }

  function hideBanner() {
    find("#banner").hidden = true;
    find("#banner-text").textContent = "";
  }

  /* Requests of htmx */

  const polls = (element) => (element.getAttribute("hx-trigger") || "").startsWith("every");
  const kept = (verb) => (verb === "get" ? "What you see may be out of date." : "Nothing was saved.");

  on("htmx:configRequest", ({ detail }) => {
    detail.headers["X-CSRFToken"] = find("meta[name=csrf-token]").content;
    // What no click, key or choice asked for keeps nobody signed in.
    if (!detail.triggeringEvent?.isTrusted) detail.headers["Portal-Unattended"] = "1";
    if (detail.verb !== "get") return;
    for (const key of [...detail.formData.keys()]) {
      if (detail.formData.getAll(key).every((value) => value === "")) detail.formData.delete(key);
    }
  });

  on("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (polls(elt) && (document.hidden || elt.dataset.refused)) event.preventDefault();
  });

  on("htmx:beforeOnLoad", (event) => {
    const { elt, xhr } = event.detail;
    if (!polls(elt) || !xhr.getResponseHeader("HX-Refresh")) return;
    event.preventDefault(); // the browser's own reloading would count as somebody's doing
    refreshAround();
  });

  on("htmx:afterRequest", ({ detail }) => {
    if (detail.successful) hideBanner();
    if (detail.elt.matches("form")) release(detail.elt);
  });

  on("htmx:sendError", ({ detail }) => showBanner(`Could not reach the server. ${kept(detail.requestConfig.verb)}`));
  on("htmx:timeout", ({ detail }) => showBanner(`The server did not answer in time. ${kept(detail.requestConfig.verb)}`));
  on("htmx:targetError", () => showBanner("This page is out of date. Reload it and try again."));
  /* What is only for who proved lately to be themself: a dialog asks, then the same is asked for again */

  let delayed = null;

  function askToProve(element, address) {
    delayed = element;
    htmx.ajax("GET", address, { target: "#step-up-body", swap: "innerHTML" }).then(() => {
      find("#step-up").showModal();
      find("#step-up input:not([type=hidden])")?.focus();
    });
  }

  on("stepped-up", () => {
    const element = delayed;
    find("#step-up").close();
    find("#step-up-body").replaceChildren();
    delayed = null;
    if (element?.matches("form")) element.requestSubmit();
    else element?.click();
  });

  on("htmx:responseError", ({ detail }) => {
    const prove = detail.xhr.getResponseHeader("X-Step-Up");
    if (prove) return askToProve(detail.elt, prove);
    const words = {
      400: "The page was open too long. Reload it and try again.",
      401: "You are signed out. Reload the page to sign in.",
      404: "This is no longer here, or not yours to see.",
      409: "Someone else changed this in the meantime. Reload the page to see it.",
      429: "Too many requests. Wait a minute, then try again.",
    };
    if (polls(detail.elt) && detail.xhr.status < 500) detail.elt.dataset.refused = "yes"; // asking again would be refused again
    return showBanner(`${words[detail.xhr.status] || "The server could not do this."} ${kept(detail.requestConfig.verb)}`);
  });
  on("toast", ({ detail }) => toast(detail.value));

  /* What a person opened stays open when its part of the page comes anew. Told by its words: ids it has none. */

  const opened = new Set();

  function told(details) {
    const around = details.closest("li, tr, section");
    return `${find("summary", details)?.textContent}|${(around && find("p, h2, h3, th", around))?.textContent}`;
  }

  function keepOpen(within) {
    for (const one of all("details", within)) opened[one.open ? "add" : "delete"](told(one));
  }

  /* Focus: whoever loses the focused element to a swap is put where it was */

  let lost = null;
  on("htmx:beforeSwap", ({ detail }) => {
    const active = document.activeElement;
    keepOpen(detail.target);
    lost = detail.target.contains(active) ? { id: active.id } : null;
  });

  on("htmx:afterSettle", ({ detail }) => {
    const fresh = detail.elt;
    for (const details of all("details", fresh)) details.open ||= opened.has(told(details));
    watchTables(fresh);
    if (fresh.matches(".run.over")) refreshAround();
    const spoken = fresh.matches("[data-announce]") ? fresh : find("[data-announce]", fresh);
    if (spoken && !polls(fresh) && !fresh.matches("#main")) announce(spoken.dataset.announce);
    if (lost && document.activeElement === document.body) {
      const place = (lost.id && document.getElementById(lost.id))
        || find("[data-focus], [autofocus]", fresh)
        || find("h1, h2, h3", fresh)
        || fresh;
      if (!place.matches("a, button, input, select, textarea, summary, [tabindex]")) place.tabIndex = -1;
      place.focus({ preventScroll: true });
    }
    lost = null;
  });

  /* What stands around a run that has just ended (its state, its dates, its timeline) is out of date by then */

  function refreshAround() {
    const headers = { "HX-History-Restore-Request": "true" }; // the whole page, not a part of it
    htmx.ajax("GET", location.href, { target: "#main", select: "#main", swap: "outerHTML", headers });
  }

  /* Forms are sent once */

  function release(form) {
    delete form.dataset.sent;
    for (const button of all("[type=submit]", form)) button.disabled = false;
  }

  on("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sent = "yes";
    window.setTimeout(() => { for (const button of all("[type=submit]", form)) button.disabled = true; });
    window.setTimeout(() => release(form), 10000); // an answer that is a download leaves the page standing
  }, true);
  window.addEventListener("pageshow", () => all("form[data-sent]").forEach(release));

  /* Clicks */

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      toast(`Copied ${button.dataset.copy}`);
    } catch {
      window.getSelection().selectAllChildren(button.previousElementSibling);
      toast("Selected: press Ctrl and C to copy");
    }
  }

  on("click", (event) => {
    const opener = event.target.closest("[data-open]");
    const copier = event.target.closest("[data-copy]");
    if (opener && document.getElementById(opener.dataset.open)) {
      event.preventDefault();
      closeMenus();
      document.getElementById(opener.dataset.open).showModal();
    } else if (copier) {
      copy(copier);
    } else if (event.target.closest("[data-close-banner]")) {
      hideBanner();
    } else if (event.target.matches("dialog:not([data-stays])")) {
      event.target.close();
    }
    closeMenus(event.target.closest("details[data-menu]"));
  });

  on("change", ({ target }) => {
    const name = target.dataset.tickAll || target.name;
    const [ticks, together] = [all(`input[name="${name}"]`), find(`[data-tick-all="${name}"]`)];
    if (together === target) {
      for (const box of ticks) box.checked = target.checked;
    } else if (together) {
      together.checked = ticks.every((box) => box.checked);
      together.indeterminate = !together.checked && ticks.some((box) => box.checked);
    } else if (target.matches("[data-theme-switch] input")) {
      root.dataset.theme = target.value;
      remember("theme", target.value);
    } else if (target.matches("[data-keys-switch]")) {
      remember("keys", target.checked ? "on" : "off");
    }
  });

  /* Keys */

  const keysAreOff = () => /(^|; )(__Host-)?keys=off/.test(document.cookie);
  const closeMenus = (except = null) => all("details[data-menu][open]").forEach((menu) => { if (menu !== except) menu.open = false; });
  on("focusin", ({ target }) => closeMenus(target.closest("details[data-menu]")));

  function step(stops, by) {
    const at = stops.indexOf(document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : stops.length - 1) : Math.min(Math.max(at + by, 0), stops.length - 1);
    if (stops[next]) stops[next].focus();
  }

  function walkMenu(event, menu) {
    const stops = all(".menu-panel :is(a, button)", menu);
    if (event.key === "Escape") {
      menu.open = false;
      find("summary", menu).focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      menu.open = true;
      step(stops, event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Home" || event.key === "End") {
      stops.at(event.key === "Home" ? 0 : -1)?.focus();
    } else {
      return;
    }
    event.preventDefault();
  }

  function walkSearch(event, search) {
    const box = find("input[type=search]", search);
    const stops = [box, ...all("#search-answers a", search)];
    if (event.key === "ArrowDown") step(stops, 1);
    else if (event.key === "ArrowUp") step(stops, -1);
    else if (event.key === "Escape") {
      find("#search-answers").replaceChildren();
      if (document.activeElement === box) box.value = "";
      box.focus();
    } else return;
    event.preventDefault();
  }

  function walkRows(by) {
    const rows = all("table[data-rows] tbody tr");
    const at = rows.indexOf(document.activeElement.closest("tr"));
    const row = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
    const stop = row && find("a, button", row);
    if (stop) stop.focus();
    if (row) row.scrollIntoView({ block: "nearest" });
  }

  const shortcuts = {
    "/": () => find("#search-box")?.focus(),
    "?": () => find("#shortcuts")?.showModal(),
    j: () => walkRows(1),
    k: () => walkRows(-1),
  };

  on("keydown", (event) => {
    const { target } = event;
    const menu = target.closest("details[data-menu]");
    const search = target.closest("[data-search]");
    if (menu && target.type !== "radio") return walkMenu(event, menu);
    if (search && ["ArrowDown", "ArrowUp", "Escape"].includes(event.key)) return walkSearch(event, search);
    if ((event.ctrlKey || event.metaKey) && event.key === "k" && find("#search-box")) {
      event.preventDefault();
      return shortcuts["/"]();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || keysAreOff() || find("dialog[open]")) return undefined;
    if (target.closest("input, select, textarea, [contenteditable]") || !shortcuts[event.key]) return undefined;
    event.preventDefault();
    return shortcuts[event.key]();
  });

  /* A table with room for all its columns lets its header stick to the page; one without scrolls in its own region */

  const widths = new ResizeObserver((entries) => entries.forEach(({ target }) => fit(target)));

  function fit(region) {
    region.classList.remove("fits"); // with it the region may be as wide as its table, however narrow the page became
    const fits = find("table", region).scrollWidth <= region.clientWidth;
    region.classList.toggle("fits", fits);
    region.tabIndex = fits ? -1 : 0;
  }

  function watchTables(within) {
    for (const region of all(".table-region", within)) {
      fit(region);
      widths.observe(region);
    }
  }

  /* On arrival */

  function arrive() {
    const notes = all("#toasts .toast").map((note) => note.textContent);
    find("#toasts").replaceChildren();
    notes.forEach(toast);
    watchTables(document);
    find("[data-focus]")?.focus();
    const keys = find("[data-keys-switch]");
    if (keys) keys.checked = !keysAreOff();
  }
  arrive();
})();
