/** Billing: what is paid for, and each payment. */
import { screen, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { FRESH, INVOICE, type Stage, open, setStage, subscription } from "./stage";

let answers: Stage["answers"];

beforeEach(() => {
  answers = setStage().answers;
});

it("without a subscription, billing says what one brings", async () => {
  open("/billing");
  expect(await screen.findByText("No subscription yet")).toBeTruthy();
  expect(await screen.findByText(/No payment yet/)).toBeTruthy();
});

it("billing says what is paid for, in words, and lists each payment", async () => {
  answers["/api/subscriptions/current"] = { subscription: subscription({}), freshness: FRESH };
  answers["/api/invoices"] = { items: [INVOICE], next_cursor: null, freshness: FRESH };
  open("/billing");
  expect(await screen.findByText("Active, next payment Dec 24, 2026")).toBeTruthy();
  const payments = within(await screen.findByRole("table", { name: "Payments, newest first" }));
  expect(payments.getByText("S-1")).toBeTruthy();
  expect(payments.getByText("Paid")).toBeTruthy();
});
