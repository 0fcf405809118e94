/** Who signs in: the ready accounts of the sandbox, and strangers who become somebody by mail. */
import { execFile } from "node:child_process";
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
  const digits = () => String(Math.floor(Math.random() * 90) + 10);
  return `+1${2 + Math.floor(Math.random() * 8)}${digits()}55501${digits()}`;
}

/** Presses what opens the mail's link in this page. */
export async function openLink(page: Page, email: string, path: string) {
  await page.goto(await linkIn(email, path));
  await expect(page).not.toHaveURL(/#/);
}

export function address() {
  return new URL(process.env.FRONTDESK_URL ?? process.env.BASE_URL ?? "http://127.0.0.1:8080").origin;
}

function setting(name: string) {
  const given = process.env[name];
  if (!given) throw new Error(`${name} is not set: scripts/test.sh says what it is`);
  return given;
}
