import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ConfirmDialog, Dialog } from "./Dialog";

it("a press beside it closes it, one on its scroll bar or edge does not", () => {
  const close = vi.fn();
  render(
    <Dialog title="Sure?" close={close}>
      <p>Think.</p>
    </Dialog>,
  );
  const dialog = screen.getByRole("dialog");
  vi.spyOn(dialog, "getBoundingClientRect").mockReturnValue(new DOMRect(100, 100, 480, 300));
  fireEvent.mouseDown(screen.getByText("Think."), { clientX: 120, clientY: 120 });
  fireEvent.mouseDown(dialog, { clientX: 575, clientY: 200 });
  expect(close).not.toHaveBeenCalled();
  fireEvent.mouseDown(dialog, { clientX: 600, clientY: 200 });
  expect(close).toHaveBeenCalledTimes(1);
});

it("what is under way cannot be turned back, and what failed can be left", async () => {
  const user = userEvent.setup();
  const close = vi.fn();
  let fail: (why: Error) => void = () => undefined;
  const confirm = () => new Promise<void>((_, reject) => (fail = reject));
  render(
    <ConfirmDialog title="Sure?" does="Delete it" close={close} confirm={confirm}>
      <p>It goes.</p>
    </ConfirmDialog>,
  );
  const escape = () => fireEvent(screen.getByRole("dialog"), new Event("cancel", { cancelable: true }));
  const cancel = screen.getByRole<HTMLButtonElement>("button", { name: "Cancel" });
  await user.click(screen.getByRole("button", { name: "Delete it" }));
  expect(cancel.disabled).toBe(true);
  escape();
  expect(close).not.toHaveBeenCalled();
  fail(new Error("no"));
  expect((await screen.findByRole("alert")).textContent).toMatch(/did not work/);
  expect(cancel.disabled).toBe(false);
  escape();
  expect(close).toHaveBeenCalledTimes(1);
});
