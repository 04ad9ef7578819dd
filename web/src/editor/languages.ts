import type { Extension } from "@codemirror/state";
import { baseName, extension } from "../files/paths";

export interface Language {
  name: string;
  load: () => Promise<Extension>;
}

const legacy = (load: () => Promise<import("@codemirror/language").StreamParser<unknown>>) => async () => {
  const [{ StreamLanguage }, parser] = await Promise.all([import("@codemirror/language"), load()]);
  return StreamLanguage.define(parser);
};

const javascript = (options: { jsx?: boolean; typescript?: boolean }) => async () =>
  (await import("@codemirror/lang-javascript")).javascript(options);

const LANGUAGES: [extensions: string, Language][] = [
  [
    "md markdown mdx",
    { name: "Markdown", load: async () => (await import("@codemirror/lang-markdown")).markdown() },
  ],
  ["js mjs cjs jsx", { name: "JavaScript", load: javascript({ jsx: true }) }],
  ["ts mts cts", { name: "TypeScript", load: javascript({ typescript: true }) }],
  ["tsx", { name: "TypeScript", load: javascript({ jsx: true, typescript: true }) }],
  ["py pyi pyw", { name: "Python", load: async () => (await import("@codemirror/lang-python")).python() }],
  ["html htm vue svelte", { name: "HTML", load: async () => (await import("@codemirror/lang-html")).html() }],
  ["css scss less", { name: "CSS", load: async () => (await import("@codemirror/lang-css")).css() }],
  [
    "json jsonc webmanifest",
    { name: "JSON", load: async () => (await import("@codemirror/lang-json")).json() },
  ],
  ["yaml yml", { name: "YAML", load: async () => (await import("@codemirror/lang-yaml")).yaml() }],
  ["xml svg xhtml plist", { name: "XML", load: async () => (await import("@codemirror/lang-xml")).xml() }],
  ["sql", { name: "SQL", load: async () => (await import("@codemirror/lang-sql")).sql() }],
  ["rs", { name: "Rust", load: async () => (await import("@codemirror/lang-rust")).rust() }],
  ["go", { name: "Go", load: async () => (await import("@codemirror/lang-go")).go() }],
  ["c h cc cpp cxx hpp hh", { name: "C++", load: async () => (await import("@codemirror/lang-cpp")).cpp() }],
  ["java", { name: "Java", load: async () => (await import("@codemirror/lang-java")).java() }],
  [
    "sh bash zsh",
    { name: "Shell", load: legacy(async () => (await import("@codemirror/legacy-modes/mode/shell")).shell) },
  ],
  [
    "toml",
    { name: "TOML", load: legacy(async () => (await import("@codemirror/legacy-modes/mode/toml")).toml) },
  ],
  [
    "ini cfg conf properties env",
    {
      name: "Properties",
      load: legacy(async () => (await import("@codemirror/legacy-modes/mode/properties")).properties),
    },
  ],
  [
    "rb",
    { name: "Ruby", load: legacy(async () => (await import("@codemirror/legacy-modes/mode/ruby")).ruby) },
  ],
  ["lua", { name: "Lua", load: legacy(async () => (await import("@codemirror/legacy-modes/mode/lua")).lua) }],
  [
    "diff patch",
    { name: "Diff", load: legacy(async () => (await import("@codemirror/legacy-modes/mode/diff")).diff) },
  ],
  [
    "dockerfile",
    {
      name: "Dockerfile",
      load: legacy(async () => (await import("@codemirror/legacy-modes/mode/dockerfile")).dockerFile),
    },
  ],
];

const BY_EXTENSION = new Map(
  LANGUAGES.flatMap(([extensions, language]) => extensions.split(" ").map((each) => [each, language])),
);
const BY_NAME = new Map([
  ["Dockerfile", "dockerfile"],
  [".bashrc", "sh"],
  [".gitconfig", "ini"],
  [".editorconfig", "ini"],
]);

/** The language of a file by its name, or null for plain text. */
export const languageOf = (path: string): Language | null =>
  BY_EXTENSION.get(BY_NAME.get(baseName(path)) ?? extension(path)) ?? null;
