/**
 * The code blocks of a Markdown file, and which of them are to be tried, how.
 *
 * (M1) A `ts`, `js` or `mjs` block is a complete program, checked and run, unless its info string says `fragment`.
 * (M2) A `sh` block is run only if its info string says `run`; a `json` block has to parse.
 * (M3) A `text prints` block right after a program is its exact output; a line `…` stands for any lines.
 */

const fenceOpen = /^```(\w+)?[ \t]*(.*)$/;

/** Every fenced block: `{ language, words, code, line }`, `line` being the number of the first line of its code. */
export function codeBlocks(markdown) {
  const blocks = [];
  let open;
  for (const [index, text] of markdown.split("\n").entries()) {
    if (open === undefined) {
      const match = fenceOpen.exec(text);
      if (match) open = { language: match[1] ?? "", words: match[2].split(/\s+/), lines: [], line: index + 2 };
    } else if (text.startsWith("```")) {
      const { lines, ...block } = open;
      blocks.push({ ...block, code: lines.join("\n") });
      open = undefined;
    } else {
      open.lines.push(text);
    }
  }
  if (open !== undefined) throw new Error(`the code block that starts at line ${open.line - 1} has no end`);
  return blocks;
}

const kinds = { ts: "program", js: "program", mjs: "program", sh: "shell", bash: "shell", json: "json" };

/** What to try: `{ kind: "program" | "fragment" | "shell" | "json", … block, prints? }`. */
export function trials(markdown) {
  const blocks = codeBlocks(markdown);
  return blocks.flatMap((block, index) => {
    const kind = kinds[block.language];
    const isFragment = block.words.includes("fragment");
    if (kind === undefined || (kind === "shell" && !block.words.includes("run"))) return []; // (M2)
    const next = blocks[index + 1];
    const prints = next?.language === "text" && next.words.includes("prints") ? next.code : undefined; // (M3)
    return [{ ...block, kind: kind === "program" && isFragment ? "fragment" : kind, prints }]; // (M1)
  });
}

/** Whether `printed` is what `expected` says (M3). */
export function matchesOutput(printed, expected) {
  const clean = (text) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => line.trimEnd());
  const pattern = clean(expected).map((line) => (line === "…" ? "(?:.*\\n)*?" : `${escape(line)}\\n`));
  return new RegExp(`^${pattern.join("")}$`).test(`${clean(printed).join("\n")}\n`);
}

const escape = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
