import { render, waitFor } from "@testing-library/react";
import { useEffect } from "react";
import { Outlet, RouterProvider, createMemoryRouter } from "react-router";
import { expect, it } from "vitest";
import { useGoTo } from "./useGoTo";

type GoTo = ReturnType<typeof useGoTo>;

function Frame({ give }: { give: (goTo: GoTo) => void }) {
  const goTo = useGoTo();
  useEffect(() => give(goTo), [give, goTo]);
  return <Outlet />;
}

/** What is on the page at the moment the way from the list has been gone. */
async function shownAfter(to: string) {
  let goTo: GoTo = () => Promise.reject(new Error("the frame is not there"));
  const frame = <Frame give={(given) => (goTo = given)} />;
  const pages = [
    { path: "/calls", element: "The list" },
    { path: "/", element: "The overview" },
  ];
  const router = createMemoryRouter([{ element: frame, children: pages }], { initialEntries: ["/calls"] });
  render(<RouterProvider router={router} />);
  let shown: string | null = null;
  // Not by a click, after which the testing library draws everything at once.
  void goTo(to).then(() => (shown = document.body.textContent));
  await waitFor(() => expect(shown).not.toBeNull());
  return shown;
}

it("has gone when the page before is no more", async () => {
  expect(await shownAfter("/")).toBe("The overview");
});

it("has gone at once when it is there already", async () => {
  expect(await shownAfter("/calls")).toBe("The list");
});
