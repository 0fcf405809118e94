import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// One test's page must not stand in the next one's way.
afterEach(cleanup);

// Pages are loaded when they are opened, and the machine may have other work.
configure({ asyncUtilTimeout: 10_000 });

// jsdom has the element and none of what it does; as far as tests look, it is shown or not, and
// gives the focus back.
const openers = new WeakMap<HTMLDialogElement, Element | null>();
HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement) {
  openers.set(this, document.activeElement);
  this.setAttribute("open", "");
};
HTMLDialogElement.prototype.close = function (this: HTMLDialogElement) {
  this.removeAttribute("open");
  const opener = openers.get(this);
  if (opener instanceof HTMLElement) opener.focus();
};
