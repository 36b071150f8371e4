/* Passkeys: asks the server what is to be signed, lets the browser ask the person, and sends the answer in the page's own form.
   Without script, or where there can be no passkeys, the forms stay hidden and the page's other ways remain. Keeps nothing. */
(() => {
  "use strict";
  const WAIT_MS = 120000;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  const WORDS = {
    NotAllowedError: "Nothing was confirmed: it was cancelled, or your device holds no passkey for this portal. Try again, or use another way.",
    TimeoutError: "Your device did not answer in time, so nothing was confirmed. Try again, or use another way.",
    InvalidStateError: "This device holds a passkey for your account already. Nothing was added.",
    NotSupportedError: "This device cannot make a passkey for this portal. Nothing was added. Use another device or an authenticator app.",
    ConstraintError: "This device cannot check that it is you (finger, face or PIN). Nothing was confirmed. Use another device or another way.",
    SecurityError: "The browser allows no passkey at this address. Open the portal at the address that its mails name.",
    Unreachable: "Could not reach the server. Nothing was confirmed. Try again.",
    Unexpected: "The passkey could not be used. Nothing was confirmed. Try again, or use another way.",
  };

  /* Bytes travel as base64url: not every browser that has passkeys can turn its answers into JSON by itself */

  function bytes(text) {
    const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
  }

  function spelled(buffer) {
    const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  }

  function asked(options) {
    const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
    const made = { ...options, challenge: bytes(options.challenge) };
    if (options.user) made.user = { ...options.user, id: bytes(options.user.id) };
    if (options.allowCredentials) made.allowCredentials = named(options.allowCredentials);
    if (options.excludeCredentials) made.excludeCredentials = named(options.excludeCredentials);
    return made;
  }

  function answered(credential) {
    const { response } = credential;
    const told = { clientDataJSON: spelled(response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) told[name] = spelled(response[name]);
    }
    if (response.getTransports) told.transports = response.getTransports();
    return JSON.stringify({ id: credential.id, rawId: spelled(credential.rawId), type: credential.type, response: told });
  }

  /* One question, one answer */

  class Told extends Error {}

  async function question(form) {
    const headers = { "X-CSRFToken": form.elements.csrf_token.value };
    const answer = await fetch(form.dataset.options, { method: "POST", headers, redirect: "manual" })
      .catch(() => { throw new Told(WORDS.Unreachable); });
    if (answer.type === "opaqueredirect" || [401, 403].includes(answer.status)) {
      location.reload(); // signed out, or to be asked anew: the page itself knows the way
      return null;
    }
    const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    if (answer.ok && isJson) return asked(await answer.json());
    throw new Told(isJson ? (await answer.json()).message : "This page was open for too long. Nothing was confirmed. Load it again.");
  }

  async function confirmed(form) {
    const publicKey = await question(form);
    if (!publicKey) return null;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new DOMException("late", "TimeoutError")), WAIT_MS);
    try {
      const what = { publicKey, signal: late.signal };
      return await (form.dataset.passkey === "create" ? navigator.credentials.create(what) : navigator.credentials.get(what));
    } finally {
      clearTimeout(timer);
    }
  }

  async function send(form) {
    const [button, trouble] = [form.querySelector("[type=submit]"), form.querySelector("[data-trouble]")];
    button.disabled = true;
    trouble.hidden = true;
    trouble.textContent = "";
    try {
      const credential = await confirmed(form);
      if (!credential) return;
      form.querySelector("[data-answer]").value = answered(credential);
      form.submit();
    } catch (error) {
      trouble.textContent = error instanceof Told ? error.message : WORDS[error.name] || WORDS.Unexpected;
      trouble.hidden = false;
      button.disabled = false;
      button.focus();
    }
  }

  /* Where there can be none, the page says why */

  function begin(part) {
    const elsewhere = location.origin !== part.dataset.origin;
    const able = window.isSecureContext && window.PublicKeyCredential && navigator.credentials;
    const shown = elsewhere ? "elsewhere" : able ? "able" : "unable";
    for (const piece of all("[data-if]", part)) piece.hidden = piece.dataset.if !== shown;
    for (const form of all("form[data-passkey]", part)) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        send(form);
      });
    }
  }

  all("[data-passkeys]").forEach(begin);
  window.addEventListener("pageshow", () => all("form[data-passkey] [type=submit]").forEach((button) => { button.disabled = false; }));
})();
