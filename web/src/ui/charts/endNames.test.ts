import { expect, it } from "vitest";
import { liftOfNames } from "./endNames";

it("pushes names apart where two lines end at one height", () => {
  for (const [now, before] of [
    [5, 5],
    [5, 4],
    [4, 5],
    [0, 0],
  ] as const) {
    const lift = liftOfNames(now, before, 18);
    const [higher, lower] = now >= before ? [lift.now, lift.before] : [lift.before, lift.now];
    expect(higher - lower, `${now} and ${before}`).toBeGreaterThanOrEqual(14);
  }
});

it("leaves a name at its line's end where the other one is far away, or is not there", () => {
  const beside = { now: -4, before: -4 };
  expect(liftOfNames(16, 2, 18)).toEqual(beside);
  expect(liftOfNames(3, undefined, 18)).toEqual(beside);
});
