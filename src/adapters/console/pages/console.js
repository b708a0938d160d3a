// Live updates, forms without reloading, and the keyboard. The page works without any of it.
"use strict";
(() => {
  const csrf = document.querySelector("meta[name=csrf]").content;
  const feed = document.getElementById("feed");
  const answers = document.getElementById("answers");
  const log = document.getElementById("log");
  const hold = document.getElementById("hold");

  // The markup comes from our own server, escaped there; only the session's token is missing in it.
  function element(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const card = holder.content.firstElementChild;
    card.querySelectorAll("input[name=csrf]").forEach((field) => { field.value = csrf; });
    own(card);
    return card;
  }

  // Times are the reader's own.
  function own(root) {
    root.querySelectorAll("time").forEach((time) => { time.textContent = new Date(time.dateTime).toLocaleString(); });
  }

  // What somebody is filling in stays as long as it is still offered.
  function keep(old, card) {
    const value = (asks) => asks.querySelector("input[name=value]").value;
    old.querySelectorAll("details[open]").forEach((open) => {
      const fresh = card.querySelector(`details[data-asks=${open.dataset.asks}]`);
      if (fresh && value(fresh) === value(open)) fresh.replaceWith(open);
    });
  }

  function place(card) {
    const only = feed.dataset.only;
    if (only && card.dataset.no !== only) return;
    if (only) parts();
    const old = document.getElementById(card.id);
    // A filtered page keeps its cards: what is new may not match.
    if (!old && feed.dataset.fixed) return;
    const focused = old && old.contains(document.activeElement) ? document.activeElement : null;
    card.classList.add("fresh");
    if (old) {
      keep(old, card);
      old.replaceWith(card);
      if (focused) (card.contains(focused) ? focused : card).focus();
    } else {
      const number = Number(card.dataset.no);
      const next = [...feed.children].find((other) => Number(other.dataset.no) < number);
      feed.insertBefore(card, next || null);
    }
    const nothing = document.getElementById("nothing");
    if (nothing) nothing.hidden = true;
  }

  // What a page shows beside its card: parts that are replaced where they changed. Only the newest answer counts.
  let asked = 0;
  async function parts() {
    const mine = ++asked;
    const response = await fetch(location.pathname + location.search).catch(() => null);
    if (!response || !response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (mine !== asked) return;
    document.querySelectorAll("[data-part]").forEach((old) => {
      const fresh = page.getElementById(old.id);
      if (fresh) renew(old, fresh);
    });
  }

  // What somebody opened stays open, and where they are they stay.
  function renew(old, fresh) {
    own(fresh);
    old.querySelectorAll("details[open]").forEach((open) => {
      const same = fresh.querySelector(`details[id="${open.id}"]`);
      if (same) same.open = true;
    });
    if (old.isEqualNode(fresh)) return;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceWith(fresh);
    if (focused) document.getElementById(focused)?.focus();
  }

  function line(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    own(holder.content);
    answers.append(holder.content);
    while (answers.children.length > 40) answers.firstElementChild.remove();
    log.hidden = false;
  }

  // Our own words, not markup.
  function notice(text) {
    const item = document.createElement("li");
    item.textContent = text;
    line(item.outerHTML);
  }

  function close() {
    answers.replaceChildren();
    log.hidden = true;
  }

  // A card that is replaced between a button's press and its release swallows the click: changes wait until it is over.
  let pressed = false;
  const waiting = [];
  function release() {
    pressed = false;
    waiting.splice(0).forEach((change) => change());
  }
  document.addEventListener("pointerdown", () => { pressed = true; }, true);
  ["pointerup", "pointercancel"].forEach((name) => document.addEventListener(name, () => setTimeout(release), true));
  // It was released outside the window.
  document.addEventListener("pointermove", (event) => { if (pressed && !event.buttons) release(); });
  window.addEventListener("blur", release);

  // The stream goes on from what the page shows; a page that was out of sight catches up.
  const live = document.body.dataset.live;
  let mark = document.body.dataset.mark;
  let source = null;
  function listen() {
    if (!live || source) return;
    const watch = document.body.dataset.watch;
    source = new EventSource(`${live}?since=${encodeURIComponent(mark)}${watch ? `&watch=${watch}` : ""}`);
    const on = (name, react) => source.addEventListener(name, (event) => {
      const change = () => {
        if (event.lastEventId) mark = event.lastEventId;
        react(event.data);
      };
      if (pressed) waiting.push(change);
      else change();
    });
    on("card", (data) => { if (feed) place(element(data)); });
    on("line", (data) => { line(data); if (!feed && document.querySelector("[data-part]")) parts(); });
    on("parts", parts);
    on("hold", (data) => { hold.innerHTML = data; own(hold); });
    on("reload", () => location.reload());
  }
  // Browsers hold six connections to one server: a page that nobody sees must not keep one.
  function leave() {
    if (source) source.close();
    source = null;
  }
  if (!document.hidden) listen();
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen()));
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", (event) => { if (event.persisted && !document.hidden) listen(); });

  // Commands arrive in the order in which they were typed.
  let last = Promise.resolve();
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const path = new URL(form.action).pathname;
    const said = ["/press", "/command", "/log/clear", "/quarantines/extend", "/quarantines/release"];
    if (!said.includes(path)) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    // The next command may be typed while this one is on its way.
    const text = form.classList.contains("command") ? form.elements.namedItem("text") : null;
    const button = form.querySelector("button");
    if (text) text.value = "";
    else button.disabled = true;
    let taken = false;
    const before = last;
    let over = () => {};
    if (text) last = new Promise((done) => { over = done; });
    try {
      if (text) await before;
      const response = await fetch(form.action, { method: "POST", body, headers: { "x-requested-with": "fetch" } });
      taken = response.ok;
      const mistake = form.querySelector(".mistake");
      if (mistake) mistake.hidden = response.status !== 422;
      if (response.status === 422 && mistake) mistake.textContent = await response.text();
      else if (!response.ok) notice(await response.text());
      else if (path === "/log/clear") close();
      else form.closest("details")?.removeAttribute("open");
    } catch {
      notice("Could not reach the server; nothing was sent.");
    }
    over();
    button.disabled = false;
    if (text && !taken && !text.value) text.value = body.get("text");
  });

  // Suggestions for what stands in a field. Only the newest answer counts.
  let typed = 0;
  async function offer(field) {
    const mine = ++typed;
    const value = field.form.elements.namedItem("value").value;
    const body = new URLSearchParams({ csrf, value, field: field.dataset.offers, text: field.value });
    const response = await fetch("/offers", { method: "POST", body }).catch(() => null);
    if (!response || !response.ok) return;
    const found = await response.json();
    if (mine === typed) field.list.replaceChildren(...found.map((one) => new Option(one.words, one.value)));
  }
  document.addEventListener("input", (event) => { if (event.target.dataset?.offers) offer(event.target); });
  document.addEventListener("focusin", (event) => {
    if (!event.target.dataset?.offers) return;
    event.target.select();
    offer(event.target);
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape") { menu?.removeAttribute("open"); log.hidden = true; if (typing) event.target.blur(); }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const line = document.getElementById("text");
    if (event.key === "/" && line) { event.preventDefault(); line.focus(); }
    if ((event.key === "j" || event.key === "k") && feed) {
      const cards = [...feed.children];
      const at = cards.findIndex((card) => card.contains(document.activeElement));
      const next = cards[at < 0 ? 0 : at + (event.key === "j" ? 1 : -1)];
      if (next) { event.preventDefault(); next.focus(); next.scrollIntoView({ block: "center" }); }
    }
  });

  // The menu closes when somebody goes on elsewhere.
  const menu = document.querySelector(".menu");
  document.addEventListener("pointerdown", (event) => { if (!menu?.contains(event.target)) menu?.removeAttribute("open"); });

  // A command from the help page is ready to be sent.
  const text = document.getElementById("text");
  if (text && text.value) text.focus();
  own(document);
})();
