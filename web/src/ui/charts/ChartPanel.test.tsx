import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Suspense, lazy } from "react";
import { expect, it, vi } from "vitest";
import { ChartPanel } from "./ChartPanel";

const FIGURES = {
  title: "Calls by hour",
  says: "Two calls at nine.",
  head: ["Hour", "Calls"],
  rows: [["9:00", 2]],
};

it("says what the picture says, and turns into a table at a press", async () => {
  const user = userEvent.setup();
  render(<ChartPanel {...FIGURES}>picture</ChartPanel>);
  expect(screen.getByRole("img", { name: "Two calls at nine." })).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Calls by hour as a table" }));
  expect(screen.getByRole("rowheader", { name: "9:00" })).toBeTruthy();
  expect(screen.getByRole("button", { name: "Calls by hour as a chart" })).toBeTruthy();
});

it("shows the table when the picture cannot be loaded", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const Picture = lazy(() => Promise.reject(new Error("the server is away")));
  render(
    <ChartPanel {...FIGURES}>
      <Suspense fallback="loading">
        <Picture />
      </Suspense>
    </ChartPanel>,
  );
  expect(await screen.findByRole("rowheader", { name: "9:00" })).toBeTruthy();
});
