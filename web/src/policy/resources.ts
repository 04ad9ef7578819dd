/** What a rule is about, as people say it; `pattern` is a glob of their own. */
export type Target = "file" | "all" | "itself" | "branch" | "pattern";

export const TARGETS: readonly (readonly [Target, string])[] = [
  ["file", "A file or a folder"],
  ["all", "Everything in the project"],
  ["itself", "The project itself"],
  ["branch", "A branch"],
  ["pattern", "A pattern of my own"],
];

/** Of these the choice says all. */
export const isWhole = (target: Target) => target === "all" || target === "itself";

/** The glob of resources, relative to the project, for what was typed; null while something is missing.
 *
 * A path that ends with a slash is a folder and everything below it.
 */
export function resourceOf(target: Target, typed: string): string | null {
  const name = typed.trim();
  if (target === "all") return "**";
  if (target === "itself") return "";
  if (name === "") return null;
  if (target === "branch") return `lease/git:${name}`;
  if (target === "file") return `file/${name.replace(/^\/+/, "").replace(/\/$/, "/**")}`;
  return name;
}

/** The fields that would give `resource`. */
export function targetOf(resource: string | null): { target: Target; typed: string } {
  if (resource === null) return { target: "file", typed: "" };
  if (resource === "") return { target: "itself", typed: "" };
  if (resource === "**") return { target: "all", typed: "" };
  const path = /^file\/([^*]+)$/.exec(resource.replace(/\/\*\*$/, "/"))?.[1];
  if (path !== undefined) return { target: "file", typed: path };
  return { target: "pattern", typed: resource };
}

const ANY_PROJECT = "project/*";

/** As roles have it: in any project, or on the server. */
export function inAnyProject(resource: string): string {
  if (resource.startsWith("system/") || resource.startsWith(`${ANY_PROJECT}/`)) return resource;
  return resource === "" ? ANY_PROJECT : `${ANY_PROJECT}/${resource}`;
}

/** The other way round. */
export function inProject(resource: string): string {
  if (resource === ANY_PROJECT) return "";
  return resource.startsWith(`${ANY_PROJECT}/`) ? resource.slice(ANY_PROJECT.length + 1) : resource;
}

const FORMS: readonly (readonly [RegExp, (name: string) => string])[] = [
  [/^\*\*$/, () => "everything"],
  [/^file\/\*\*$/, () => "all files"],
  [/^file\/([^*]+)\/\*\*$/, (name) => `the folder ${name}`],
  [/^file\/([^*]+)$/, (name) => `the file ${name}`],
  [/^lease\/git:([^*]+)$/, (name) => `the branch ${name}`],
  [/^$/, () => "the project itself"],
];

/** A resource or a glob in words, for the forms that people use most; null for the others. */
export function resourceInWords(resource: string): string | null {
  const name = inProject(resource);
  for (const [form, say] of FORMS) {
    const match = form.exec(name);
    if (match !== null) return say(match[1] ?? "");
  }
  return null;
}
