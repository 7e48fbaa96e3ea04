import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

const noDefaultExport = {
  selector: "ExportDefaultDeclaration",
  message: "Export by name: a name is the same at both ends and can be searched for.",
};

const noEmitter = {
  name: "node:events",
  message: "No EventEmitter: streams are AsyncIterables, and what can happen is a union that the caller handles.",
};

/** What would make the core depend on anything but its inputs. Missing globals (timers, process, …) are the compiler's part. */
const purity = [
  { selector: ":function[async=true]", message: "The core is synchronous: ask for an effect instead of waiting." },
  { selector: "AwaitExpression", message: "The core is synchronous: ask for an effect instead of waiting." },
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: "Time arrives as nowMs.",
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "Time arrives as nowMs." },
  { selector: "CallExpression[callee.name='Date']", message: "Time arrives as nowMs." },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: "Randomness is an injected capability (base/capabilities).",
  },
];

export default defineConfig(
  globalIgnores(["**/dist/", "**/node_modules/", "bench/", "docs/", "scripts/docs/prelude.ts"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ["error", "always"],
      "no-console": "error",
      "no-restricted-syntax": ["error", noDefaultExport],
      "no-restricted-imports": ["error", { paths: [noEmitter, { ...noEmitter, name: "events" }] }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // `void` beside other members is how a callback says that it may return nothing.
      "@typescript-eslint/no-invalid-void-type": "off",
      // `return fail(…)` ends a branch in one line.
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // A method with nothing to wait for may still have to return a promise: its interface says so.
      "@typescript-eslint/require-await": "off",
      // Indexed access is checked by the compiler; `!` after a check that the compiler cannot follow is allowed with a reason beside it.
      "@typescript-eslint/no-non-null-assertion": "error",
    },
  },
  {
    files: ["packages/core/src/**/*.ts"],
    rules: { "no-restricted-syntax": ["error", noDefaultExport, ...purity] },
  },
  {
    files: ["packages/*/test/**/*.ts", "packages/*/test-system/**/*.ts", "examples/**/*.ts"],
    rules: {
      "no-console": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/only-throw-error": "off",
      "@typescript-eslint/restrict-template-expressions": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
  {
    files: ["**/*.test-d.ts"],
    rules: { "@typescript-eslint/no-unused-expressions": "off", "@typescript-eslint/no-floating-promises": "off" },
  },
  { files: ["*.config.ts"], rules: { "no-restricted-syntax": "off" } }, // the tools ask for a default export
  { files: ["packages/mpreg/src/**/*.ts"], rules: { "no-console": "off" } }, // a command prints
  {
    files: ["**/*.mjs"],
    extends: [tseslint.configs.strict],
    rules: { eqeqeq: ["error", "always"], "no-undef": "off" },
  },
);
