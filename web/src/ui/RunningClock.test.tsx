import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { RunningClock } from "./RunningClock";

beforeEach(() => vi.useFakeTimers({ now: new Date("2026-11-23T10:00:00Z") }));
afterEach(() => vi.useRealTimers());

it("counts by itself and stops its timer when nothing is shown", () => {
  const { unmount } = render(<RunningClock since="2026-11-23T09:57:46Z" now={() => Date.now()} />);
  expect(screen.getByRole("timer").textContent).toBe("02:14");
  act(() => {
    vi.advanceTimersByTime(3_000);
  });
  expect(screen.getByRole("timer").textContent).toBe("02:17");
  unmount();
  expect(vi.getTimerCount()).toBe(0);
});
