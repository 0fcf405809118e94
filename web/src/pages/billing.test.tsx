/** Billing: what is paid for, and each payment. */
import { screen, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import type { Subscription } from "../api/queries";
import { FRESH, INVOICE, type Stage, open, setStage } from "./stage";

function subscription(change: Partial<Subscription>): Subscription {
  return {
    id: "I-Ann",
    plan_id: null,
    status: "ACTIVE",
    words: [{ text: "Active, next payment ", day: "2026-12-24T12:00:00Z" }],
    started_at: null,
    next_billing_at: "2026-12-24T12:00:00Z",
    paid_through: "2026-12-24T12:00:00Z",
    entitled: true,
    past_due: false,
    cancelled_at: null,
    outstanding: null,
    last_payment: null,
    ...change,
  };
}

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
