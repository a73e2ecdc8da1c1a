/** The one linter: type-aware rules for TypeScript and for the scripts of Svelte files. */
import svelte from "eslint-plugin-svelte";
import { defineConfig } from "eslint/config";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

export default defineConfig(
  {
    ignores: [
      "dist/",
      "docs/",
      "test-results/",
      "bench-results/",
      "playwright-report/",
      "**/*.js",
      "**/*.mjs",
      "**/*.d.mts",
    ],
  },
  ts.configs.strictTypeChecked,
  svelte.configs.recommended,
  {
    files: ["**/*.ts", "**/*.svelte"],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: [".svelte"],
      },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-console": "error",
      "max-lines-per-function": ["error", 70],
      eqeqeq: "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      // an adapter in memory implements an asynchronous port without waiting for anything
      "@typescript-eslint/require-await": "off",
      // allowed with a reason on the line above, which tests/tidy.test.ts demands
      "@typescript-eslint/no-non-null-assertion": "off",
      "svelte/require-each-key": "error",
      "svelte/no-at-html-tags": "error",
    },
  },
  {
    // time and chance come from outside; the compiler cannot tell, they are part of the language
    files: ["src/core/**", "src/engine/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "The time comes with `deps`." },
        { object: "Math", property: "random", message: "Chance comes with `deps`." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: "The time comes with `deps`.",
        },
      ],
    },
  },
  { files: ["tests/**"], rules: { "max-lines-per-function": "off" } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
);
