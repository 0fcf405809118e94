import { expect, it } from "vitest";
import { keptApart } from "./endNames";

const AXIS = 180;

it.each([
  [100, 100],
  [100, 104],
  [104, 100],
  [AXIS, AXIS],
  [AXIS, 170],
  [0, 0],
])("lines that end %d and %d pixels down have names that do not touch", (now, before) => {
  const at = keptApart({ now, before }, AXIS);
  const [upper = 0, lower = 0] = now <= before ? [at.now, at.before] : [at.before, at.now];
  expect(lower - upper).toBeGreaterThanOrEqual(16);
  expect(lower, "days are written below the axis").toBeLessThanOrEqual(AXIS);
});

it("leaves a name at its line's end where the other one is far away, or is not there", () => {
  expect(keptApart({ now: 20, before: 150 }, AXIS)).toEqual({ now: 20, before: 150 });
  expect(keptApart({ now: 150, before: 20 }, AXIS)).toEqual({ now: 150, before: 20 });
  expect(keptApart({ now: 30, before: undefined }, AXIS)).toEqual({ now: 30, before: undefined });
});
