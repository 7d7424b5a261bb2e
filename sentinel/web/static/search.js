// The search form shows the two moments only for the range that needs them.
"use strict";

const range = document.querySelector("[data-range]");
const custom = document.querySelector("[data-custom]");
const update = () => { custom.hidden = range.value !== "custom"; };
range.addEventListener("change", update);
update();
