import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  forgetSession,
  loseSession,
  mayBeSignedIn,
  noteLeavingForProvider,
  noteSession,
  onSession,
  recognise,
  refuseForAnother,
  showNobody,
} from "./session";

const NOTE = "frontdesk.session";
let told: string[];
let stop: () => void;

beforeEach(() => {
  localStorage.clear();
  forgetSession();
  told = [];
  stop = onSession((what) => told.push(what));
});
afterEach(() => {
  stop();
  vi.restoreAllMocks();
});

function inAnotherTab(newValue: string | null) {
  window.dispatchEvent(new StorageEvent("storage", { key: NOTE, newValue }));
}

it("a first visit is known to be one", () => {
  expect(mayBeSignedIn()).toBe(false);
  noteSession("ann", "ann");
  expect(mayBeSignedIn()).toBe(true);
  forgetSession();
  expect(mayBeSignedIn()).toBe(false);
});

it("whoever left for a provider may come back signed in", () => {
  noteLeavingForProvider();
  expect(mayBeSignedIn()).toBe(true);
});

it("a lost session is told once, however many answers say so", () => {
  noteSession("ann", "ann");
  loseSession();
  loseSession();
  expect(told).toEqual(["lost"]);
});

it("another tab that signs out or goes over to another account is noticed, one that stays is not", () => {
  noteSession("ann", "ann");
  inAnotherTab("ann ann");
  expect(told).toEqual([]);
  inAnotherTab("ann bob");
  expect(told).toEqual(["changed"]);
  inAnotherTab(null);
  expect(told).toEqual(["changed", "lost"]);
});

it("another tab's sign-in is none of a tab where nobody is", () => {
  inAnotherTab("ann ann");
  expect(told).toEqual([]);
});

it("what is shown for one account is not sent for another, until its pages are gone", () => {
  noteSession("ann", "ann");
  localStorage.setItem(NOTE, "ann bob");
  expect(refuseForAnother).toThrow(/used for another account/);
  localStorage.setItem(NOTE, "ann ann");
  expect(refuseForAnother).not.toThrow();
  loseSession();
  expect(refuseForAnother, "the server refuses it in words of its own").not.toThrow();
  localStorage.setItem(NOTE, "bob bob");
  expect(refuseForAnother, "who signs in next is somebody else").toThrow(/used for another account/);
  showNobody();
  expect(refuseForAnother).not.toThrow();
});

it("somebody who signs in after the session was lost is noticed where the pages stayed", () => {
  noteSession("ann", "ann");
  inAnotherTab(null);
  inAnotherTab("ann ann");
  inAnotherTab("bob bob");
  expect(told).toEqual(["lost", "changed"]);
});

it("an answer for another account is not taken in; that it is another's is told once", () => {
  recognise("ann", "ann");
  noteSession("ann", "ann");
  recognise("ann", "ann");
  expect(() => recognise("ann", "bob")).toThrow(/used for another account/);
  expect(() => recognise("ann", "bob")).toThrow(/used for another account/);
  expect(told).toEqual(["changed"]);
  expect(refuseForAnother).toThrow();
});
