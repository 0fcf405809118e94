/** Who signs in: the ready accounts of the sandbox, and strangers who become somebody by mail. */
import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { type APIRequestContext, type Page, expect } from "@playwright/test";

export interface Person {
  name: string;
  email: string;
  password: string;
}

/** Read at each use: the sandbox writes the file when it is ready. */
export function ready(title: RegExp): Person {
  const { accounts } = JSON.parse(readFileSync(setting("FRONTDESK_ACCOUNTS"), "utf8")) as {
    accounts: { title: string; email: string; password: string }[];
  };
  const found = accounts.find((account) => title.test(account.title));
  if (!found) throw new Error(`no ready account is called ${title.source}`);
  return { name: found.title, ...found };
}

let strangers = 0;

/** Somebody nobody knows yet. */
export function stranger(name: string): Person {
  strangers += 1;
  const mailbox = `${name.toLowerCase()}.${Date.now().toString(36)}.${strangers}`;
  return { name, email: `${mailbox}@example.com`, password: "seven green kettles" };
}

/** Changes come from the dashboard's own address, or they are refused. */
function fromHere() {
  return { origin: address() };
}

export async function logIn(request: APIRequestContext, { email, password }: Person) {
  const answered = await request.post("/api/auth/login", { data: { email, password }, headers: fromHere() });
  expect(answered.status(), await answered.text()).toBe(200);
}

/** Makes the account without pages, signed in. */
export async function becomeSomebody(request: APIRequestContext, { name, email, password }: Person) {
  const asked = await request.post("/api/auth/signup", {
    data: { name, email, password, time_zone: "America/New_York", locale: "en-US" },
    headers: fromHere(),
  });
  expect(asked.status(), await asked.text()).toBe(202);
  const token = new URL(await linkIn(email, "/verify")).hash.slice(1);
  const verified = await request.post("/api/auth/verify-email", { data: { token }, headers: fromHere() });
  expect(verified.status(), await verified.text()).toBe(201);
}

/** Makes a business without pages, for whoever is signed in here. Gives its id. */
export async function makeBusiness(request: APIRequestContext, name: string) {
  const data = { name, profession: "dentist", time_zone: "America/New_York" };
  const asked = await request.post("/api/clients", { data, headers: fromHere() });
  expect(asked.status(), await asked.text()).toBe(201);
  return ((await asked.json()) as { id: string }).id;
}

/** The newest link to a page of ours in a mail to this address, as soon as it has arrived. */
export async function linkIn(email: string, path: string): Promise<string> {
  let link: string | undefined;
  await expect
    .poll(
      async () => {
        const links = (await mails(email)).flatMap((mail) => mail.links);
        link = links.find((one) => new URL(one).pathname === path && new URL(one).origin === address());
        return link;
      },
      { message: `a mail to ${email} with a link to ${path}`, timeout: 60_000 },
    )
    .toBeTruthy();
  return link ?? "";
}

interface Mail {
  subject: string;
  links: string[];
}

export async function mails(to: string): Promise<Mail[]> {
  const box = setting("FRONTDESK_MAILBOX").replace(/\/(mail)?$/, "");
  const answered = await fetch(`${box}/mail.json?${new URLSearchParams({ to }).toString()}`);
  return ((await answered.json()) as { mails: Mail[] }).mails;
}

/** The sandbox's command: what happens outside, told at once. */
export async function sandbox(...args: string[]) {
  const command = setting("FRONTDESK_SANDBOX");
  await promisify(execFile)("sh", ["-c", `${command} "$@"`, "sandbox", ...args]);
}

/** A North American number that nobody has: 555-01xx is kept for stories. */
export function freeNumber() {
  // No area has the code 211, 311 and so on: these are services.
  const digits = () => String(Math.floor(Math.random() * 80) + 20);
  return `+1${2 + Math.floor(Math.random() * 8)}${digits()}55501${digits()}`;
}

/** Presses what opens the mail's link in this page. */
export async function openLink(page: Page, email: string, path: string) {
  await page.goto(await linkIn(email, path));
  await expect(page).not.toHaveURL(/#/);
}

/** The sandbox's page, where one is whoever one says. */
export async function tellTheProvider(page: Page, { name, email }: Person) {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
}

/** RFC 6238 with the usual 30 seconds and six digits; a code counts once, so the next one is asked for too. */
export function codeOf(secret: string, stepsAhead: number) {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + stepsAhead));
  const mac = createHmac("sha1", fromBase32(secret)).update(step).digest();
  const at = (mac.at(-1) ?? 0) & 0xf;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

function fromBase32(text: string) {
  const bits = Array.from(text, (letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"),
  );
  return Buffer.from((bits.join("").match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

export function address() {
  return new URL(process.env.FRONTDESK_URL ?? process.env.BASE_URL ?? "http://127.0.0.1:8080").origin;
}

function setting(name: string) {
  const given = process.env[name];
  if (!given) throw new Error(`${name} is not set: scripts/test.sh says what it is`);
  return given;
}
