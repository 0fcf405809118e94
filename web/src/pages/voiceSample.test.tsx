/** A voice sample on its way: how far it is, what may go wrong, and what must not happen meanwhile. */
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { serverNow } from "../api/serverClock";
import { ACE, ID, type Stage, keeping, open, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;
let uploads: Upload[];

/** As much of an XMLHttpRequest as an upload needs. The test says how far it is, and how it ends. */
class Upload extends EventTarget {
  upload = new EventTarget();
  asked = "";
  headers: Record<string, string> = {};
  file: File | null = null;
  status = 0;
  response: unknown = null;
  private answered: Record<string, string> = {};

  open(method: string, path: string) {
    this.asked = `${method} ${path}`;
  }
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value;
  }
  getResponseHeader(name: string) {
    return this.answered[name] ?? null;
  }
  send(file: File) {
    this.file = file;
    uploads.push(this);
  }

  sent(loaded: number, total: number) {
    this.upload.dispatchEvent(new ProgressEvent("progress", { loaded, total }));
  }
  end(status: number, response: unknown, headers: Record<string, string> = {}) {
    Object.assign(this, { status, response, answered: headers });
    this.dispatchEvent(new Event("load"));
  }
}

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
  uploads = [];
  vi.stubGlobal("XMLHttpRequest", Upload);
});

const FILE = new File(["x"], "my voice ü.wav", { type: "audio/wav" });
const SAMPLE = { name: FILE.name, bytes: 1, uploaded_at: "2026-11-20T10:00:00Z", type: "audio/wav" };

async function choose(file = FILE) {
  open(`/clients/${ID}`);
  const part = within(await screen.findByRole("region", { name: "Voice sample" }));
  await user.upload(part.getByLabelText("Choose a file"), file);
  const [upload] = uploads;
  return { part, upload };
}

function closingIsAsked() {
  const closing = new Event("beforeunload", { cancelable: true });
  window.dispatchEvent(closing);
  return closing.defaultPrevented;
}

it("a file is sent as it is, says how far it is, and is there when it was taken", async () => {
  keeping(stage);
  const { part, upload } = await choose();
  expect(upload?.asked).toBe(`PUT /api/clients/${ID}/voice-sample`);
  expect(upload?.headers).toEqual({ "content-type": "audio/wav", "x-file-name": "my%20voice%20%C3%BC.wav" });
  expect(upload?.file).toBe(FILE);
  upload?.sent(3, 10);
  expect(await part.findByText("30 % sent")).toBeTruthy();
  expect(closingIsAsked(), "closing the tab would lose it").toBe(true);
  upload?.end(200, { ...ACE, voice_sample: SAMPLE, version: 2 }, { date: "Mon, 23 Nov 2026 10:00:00 GMT" });
  const sound = await part.findByLabelText(`Voice sample ${FILE.name}`);
  expect(sound.getAttribute("src"), "the api refuses what it does not know").toBe(`/api/clients/${ID}/voice-sample`);
  expect(part.queryByRole("progressbar")).toBeNull();
  await waitFor(() => expect(closingIsAsked()).toBe(false));
  expect(Math.abs(serverNow() - Date.parse("2026-11-23T10:00:00Z"))).toBeLessThan(60_000);
});

it.each([
  [422, "not-sound", /no sound we can read/],
  [503, "unavailable", /Nothing you typed is lost/],
])("a refusal with %d %s is said in words, and the next file may be chosen", async (status, kind, words) => {
  keeping(stage);
  const { part, upload } = await choose();
  upload?.end(status, { type: `urn:frontdesk:problem:${kind}` });
  expect((await part.findByRole("alert")).textContent).toMatch(words);
  await waitFor(() => expect(part.getByLabelText<HTMLInputElement>("Choose a file").disabled).toBe(false));
});

it("a wait that the server asks for is said", async () => {
  keeping(stage);
  const { part, upload } = await choose();
  upload?.end(429, { type: "urn:frontdesk:problem:too-many" }, { "retry-after": "20" });
  expect((await part.findByRole("alert")).textContent).toMatch(/in 20 seconds/);
});

it("whoever is signed out meanwhile is taken for signed out", async () => {
  keeping(stage);
  const { part, upload } = await choose();
  upload?.end(401, { type: "urn:frontdesk:problem:unauthorised" });
  expect(await part.findByRole("alert")).toBeTruthy();
  expect(localStorage.getItem("frontdesk.session")).toBeNull();
});

it("a connection that breaks loses nothing else", async () => {
  keeping(stage);
  const { part, upload } = await choose();
  upload?.dispatchEvent(new Event("error"));
  expect((await part.findByRole("alert")).textContent).toMatch(/does not answer/);
});

it("a file too large for a voice sample is refused before it is sent", async () => {
  keeping(stage);
  const file = new File(["x"], "voice.wav", { type: "audio/wav" });
  Object.defineProperty(file, "size", { value: 11 * 1024 * 1024 });
  const { part, upload } = await choose(file);
  expect(upload).toBeUndefined();
  expect((await part.findByRole("alert")).textContent).toMatch(/11\.5 MB/);
});
