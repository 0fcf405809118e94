import { beforeEach, expect, it } from "vitest";
import { type OneFirst, oneFirst } from "./oneFirst";

let now: number;
let questions: OneFirst;
let sent: ((answer: Response) => void)[];

beforeEach(() => {
  now = 0;
  sent = [];
  questions = oneFirst(() => now);
});

const ask = () => questions.ask(() => new Promise<Response>((resolve) => sent.push(resolve)));
const answer = (status: number) => new Response("{}", { status });
const turn = () => new Promise((resolve) => setTimeout(resolve));

it("a page that wakes up signed out is refused once", async () => {
  const asked = [ask(), ask(), ask()];
  await turn();
  expect(sent).toHaveLength(1);
  sent[0]?.(answer(401));
  const heard = await Promise.all(asked);
  expect(heard.map(({ status }) => status)).toEqual([401, 401, 401]);
  // Each can be read by itself.
  expect(await Promise.all(heard.map((one) => one.text()))).toEqual(["{}", "{}", "{}"]);
  expect(sent).toHaveLength(1);
});

it("what waited is sent when the first was answered, and nothing waits soon after", async () => {
  const asked = [ask(), ask(), ask()];
  await turn();
  sent[0]?.(answer(200));
  await turn();
  expect(sent).toHaveLength(3);
  for (const one of sent) one(answer(200));
  await Promise.all(asked);
  now += 9_000;
  void ask();
  void ask();
  await turn();
  expect(sent).toHaveLength(5);
});

it("a first that never arrives holds up nobody", async () => {
  const first = questions.ask(() => Promise.reject(new TypeError("network")));
  const second = ask();
  await expect(first).rejects.toThrow("network");
  await turn();
  sent[0]?.(answer(200));
  expect((await second).status).toBe(200);
});
