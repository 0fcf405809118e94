import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

// One test's page must not stand in the next one's way.
afterEach(cleanup);
