import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// Imports go one way: pages → forms → api, ui. A screen may lean on everything
// below it; nothing below knows that a screen exists.
const closed = (files, patterns) => ({
  files: [`src/${files}/**`],
  rules: { "no-restricted-imports": ["error", { patterns }] },
});
const no = (group, message) => ({ group, message });

export default tseslint.config(
  { ignores: ["dist", "src/api/schema.ts", "test-results", "playwright-report"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  reactHooks.configs.flat["recommended-latest"],
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": "off",
      // The router's own way to lead elsewhere.
      "@typescript-eslint/only-throw-error": ["error", { allow: [{ from: "lib", name: "Response" }] }],
    },
  },
  {
    files: ["src/**"],
    ignores: ["**/*.test.*"],
    rules: {
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  closed("ui", [
    no(
      ["**/api/*", "**/forms/*", "**/pages/*", "**/paths", "**/routes"],
      "ui draws what it is given: no api, no screen.",
    ),
    no(["react-router", "@tanstack/*"], "ui knows no router and no server state."),
  ]),
  closed("api", [
    no(["**/ui/*", "**/forms/*", "**/pages/*", "**/paths", "**/routes"], "api asks and answers; it draws nothing."),
    no(["react-router"], "api knows no router."),
  ]),
  closed("forms", [no(["**/pages/*", "**/routes"], "A form does not know the screen it stands on.")]),
  { files: ["eslint.config.js"], ...tseslint.configs.disableTypeChecked },
);
