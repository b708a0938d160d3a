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

  function place(card) {
    const only = feed.dataset.only;
    if (only && card.dataset.no !== only) return;
    const old = document.getElementById(card.id);
    // A filtered page keeps its cards: what is new may not match.
    if (!old && feed.dataset.fixed) return;
    const focused = old && old.contains(document.activeElement);
    card.classList.add("fresh");
    if (old) {
      old.replaceWith(card);
      if (focused) card.focus();
    } else {
      const number = Number(card.dataset.no);
      const next = [...feed.children].find((other) => Number(other.dataset.no) < number);
      feed.insertBefore(card, next || null);
    }
    const nothing = document.getElementById("nothing");
    if (nothing) nothing.hidden = true;
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

  const live = document.body.dataset.live;
  if (live) {
    const source = new EventSource(live);
    let opened = false;
    source.addEventListener("card", (event) => { if (feed) place(element(event.data)); });
    source.addEventListener("line", (event) => line(event.data));
    source.addEventListener("hold", (event) => { hold.innerHTML = event.data; own(hold); });
    source.addEventListener("reload", () => location.reload());
    // After a gap the page may have missed something.
    source.addEventListener("open", () => { if (opened) location.reload(); opened = true; });
    // Browsers hold six connections to one server: a page that was left must not keep one.
    window.addEventListener("pagehide", () => source.close());
    // A page that comes back has missed something.
    window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const path = new URL(form.action).pathname;
    if (path !== "/press" && path !== "/command" && path !== "/log/clear") return;
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const response = await fetch(form.action, {
        method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "x-requested-with": "fetch" },
      });
      if (!response.ok) notice(await response.text());
      else if (path === "/log/clear") close();
    } catch {
      notice("The server cannot be reached; nothing was sent.");
    }
    button.disabled = false;
    if (path === "/command") form.querySelector("input[name=text]").value = "";
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape") { log.hidden = true; if (typing) event.target.blur(); }
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

  // A command from the help page is ready to be sent.
  const text = document.getElementById("text");
  if (text && text.value) text.focus();
  own(document);
})();
