// One alert or event: its own row is in sight among its neighbours; by keyboard, a acknowledges, c opens the close form, u goes back to the queue.
"use strict";

for (const own of document.querySelectorAll(".scroll tr.own")) {
  const list = own.closest(".scroll");
  list.scrollTop = own.offsetTop - list.clientHeight / 2;
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const form = document.querySelector("[data-acknowledge]");
  const pop = document.querySelector("[data-close]");
  if (event.key === "a" && form) {
    event.preventDefault();
    form.requestSubmit();
  } else if (event.key === "c" && pop) {
    event.preventDefault();
    pop.open = true;
    pop.querySelector("select").focus();
  } else if (event.key === "u") {
    location.assign("/alerts");
  }
});
