// Asks for the list again every two seconds and shows what is new; times in the reader's zone.
// Without scripts the page says the same, in UTC, whenever it is loaded.
"use strict";

const EVERY_MS = 2000;
const list = document.querySelector("#letters");
const said = document.querySelector("#said");

function tellTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.textContent = new Date(time.dateTime).toLocaleString();
    time.title = time.dateTime;
  }
}

async function ask() {
  if (document.hidden) return;
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = page.querySelector("#letters");
  if (!next || next.dataset.newest === list.dataset.newest) return;
  // A focused line stays focused: the reader is not thrown back to the top.
  const focused = list.contains(document.activeElement) && document.activeElement.getAttribute("href");
  list.replaceChildren(...next.childNodes);
  list.dataset.newest = next.dataset.newest;
  tellTimes(list);
  if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  said.textContent = page.querySelector("#said").textContent;
}

tellTimes(document);
if (list) {
  setInterval(() => {
    // The sandbox may be going down; the next turn asks again.
    ask().catch(() => {});
  }, EVERY_MS);
}
