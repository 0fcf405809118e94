/** Pressable things that stay on the page. What leads elsewhere is a link, styled by `buttonLook`. */
import type { ComponentProps } from "react";
import { classes } from "./classes";

/** `danger` is for what destroys. */
export type Look = "plain" | "strong" | "text" | "danger";

const SHARED =
  "inline-flex items-center justify-center gap-1.5 rounded-inner text-sm font-medium whitespace-nowrap transition-colors disabled:opacity-50";
const LOOKS: Record<Look, string> = {
  plain: "min-h-9 border border-line bg-surface px-3 hover:border-edge",
  strong: "min-h-9 bg-accent px-4 text-on-accent hover:opacity-90",
  text: "min-h-6 text-accent underline-offset-3 hover:underline",
  danger: "min-h-9 border border-bad bg-surface px-3 text-bad hover:bg-bad-soft",
};

export function buttonLook(look: Look, extra?: string) {
  return classes(SHARED, LOOKS[look], extra);
}

/** A link to one of several views beside each other. */
export function tabLook(isOpen: boolean) {
  return classes(
    "inline-flex min-h-9 shrink-0 items-center rounded-inner px-2.5 font-medium transition-colors focus-visible:-outline-offset-2",
    isOpen ? "bg-accent-soft text-accent" : "text-quiet hover:bg-sunken hover:text-ink",
  );
}

export function Button({ look = "plain", className, ...rest }: ComponentProps<"button"> & { look?: Look }) {
  return <button type="button" {...rest} className={buttonLook(look, className)} />;
}
