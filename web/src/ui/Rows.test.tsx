import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { ROW_LINK, Row, Rows } from "./Rows";

const COLUMNS = [{ name: "Who", width: "1fr" }];

function List({ names }: { names: string[] }) {
  return (
    <>
      <Rows label="People" columns={COLUMNS}>
        {names.map((name) => (
          <Row key={name} columns={COLUMNS}>
            <span role="cell">
              <a data-row href={`#${name}`} className={ROW_LINK}>
                {name}
              </a>
            </span>
          </Row>
        ))}
      </Rows>
      <button>After</button>
    </>
  );
}

it("moves with the arrow keys and stops at both ends", async () => {
  const user = userEvent.setup();
  render(<List names={["Ann", "Bo", "Cy"]} />);
  await user.tab();
  const focused = () => document.activeElement?.textContent;
  expect(focused()).toBe("Ann");
  await user.keyboard("{ArrowUp}");
  expect(focused()).toBe("Ann");
  await user.keyboard("{ArrowDown}{ArrowDown}{ArrowDown}");
  expect(focused()).toBe("Cy");
  await user.keyboard("{Home}");
  expect(focused()).toBe("Ann");
  await user.keyboard("{End}");
  expect(focused()).toBe("Cy");
});

it("is one stop for Tab, and Tab comes back to the row it left", async () => {
  const user = userEvent.setup();
  render(<List names={["Ann", "Bo", "Cy"]} />);
  await user.tab();
  await user.keyboard("{ArrowDown}");
  await user.tab();
  expect(document.activeElement?.textContent).toBe("After");
  await user.tab({ shift: true });
  expect(document.activeElement?.textContent).toBe("Bo");
});

it("keeps a stop when the row that was it is gone", async () => {
  const user = userEvent.setup();
  const { rerender } = render(<List names={["Ann", "Bo"]} />);
  rerender(<List names={["Bo", "Cy"]} />);
  await user.tab();
  expect(screen.getByText("Bo")).toBe(document.activeElement);
});
