// The alert queue by keyboard, and word of new alerts; without this script every form works all the same.
"use strict";

const rows = [...document.querySelectorAll("[data-queue] tbody tr")];
const token = document.querySelector('meta[name="csrf"]').content;
const said = document.querySelector("[data-said]");
const help = document.querySelector("[data-help-box]");
const helpButton = document.querySelector("[data-help]");
let at = -1;

function go(to) {
  if (!rows.length) return;
  if (at >= 0) rows[at].classList.remove("here");
  at = Math.min(Math.max(to, 0), rows.length - 1);
  rows[at].classList.add("here");
  rows[at].querySelector(".open").focus();
}

function say(text) {
  said.textContent = text;
  setTimeout(() => { said.textContent = ""; }, 4000);
}

async function acknowledge(row) {
  const form = row.querySelector("[data-acknowledge]");
  if (!form) return;
  const answer = await fetch(`/api/v1/alerts/${row.dataset.id}/state`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
    body: JSON.stringify({ state: "acknowledged" }),
  });
  if (!answer.ok) { say(said.dataset.failed); return; }
  const alert = await answer.json();
  form.remove();
  const state = row.querySelector(".state");
  state.className = "state acknowledged";
  state.textContent = said.dataset.done;
  const cell = row.querySelector(".c-state");
  const name = cell.querySelector(".soft") || cell.appendChild(document.createElement("span"));
  name.className = "soft";
  name.textContent = alert.assignee;
  say(said.dataset.done);
}

function close(row) {
  const pop = row.querySelector("details.pop");
  if (!pop) return;
  pop.open = true;
  pop.querySelector("select").focus();
}

const KEYS = {
  j: () => go(at + 1),
  k: () => go(at - 1),
  a: () => { if (at >= 0) acknowledge(rows[at]); },
  c: () => { if (at >= 0) close(rows[at]); },
  "/": () => document.querySelector('input[name="text"]').focus(),
  "?": () => help.showModal(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

for (const [index, row] of rows.entries()) {
  row.addEventListener("focusin", () => {
    if (at === index) return;
    if (at >= 0) rows[at].classList.remove("here");
    at = index;
    row.classList.add("here");
  });
  const form = row.querySelector("[data-acknowledge]");
  if (form) form.addEventListener("submit", (event) => { event.preventDefault(); acknowledge(row); });
}

helpButton.hidden = false;
helpButton.addEventListener("click", () => help.showModal());

const news = document.querySelector("[data-news]");
setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch("/api/v1/alerts?state=new&limit=1");
    if (answer.status === 401) { location.reload(); return; }
    if (answer.ok) news.hidden = (await answer.json()).total <= Number(news.dataset.total);
  } catch {
    // The server is away; the next look tells.
  }
}, 3000);
