/** The one linter: type-aware rules for TypeScript and for the scripts of Svelte files. */
import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["dist/", "test-results/", "playwright-report/", "**/*.js", "**/*.mjs"] },
  ...ts.configs.strictTypeChecked,
  ...svelte.configs.recommended,
  {
    files: ["**/*.ts", "**/*.svelte"],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: [".svelte"],
      },
    },
    rules: {
      "no-console": "error",
      "max-lines-per-function": ["error", 70],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "svelte/require-each-key": "error",
      "svelte/no-at-html-tags": "error",
    },
  },
  { files: ["**/*.svelte"], languageOptions: { parserOptions: { parser: ts.parser } } },
);
