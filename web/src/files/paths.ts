/** Paths of files in a project: relative, `/` between segments, no leading or trailing one. */

export const baseName = (path: string) => path.slice(path.lastIndexOf("/") + 1);

export const parentOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf("/")));

export const join = (folder: string, name: string) => (folder === "" ? name : `${folder}/${name}`);

export const isInside = (path: string, folder: string) => folder === "" || path.startsWith(`${folder}/`);

/** The lower-cased letters after the last dot; "" for none and for names such as `.gitignore`. */
export function extension(path: string): string {
  const name = baseName(path);
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
}

/** Percent-encodes what a URL's path may not hold, but keeps the slashes. */
export const encodePath = (path: string) => path.split("/").map(encodeURIComponent).join("/");

/** Why the server would refuse this path, or null; the same rules as its path normaliser. */
export function pathProblem(path: string): string | null {
  if (path.trim() === "") return "Type a name.";
  if (path !== path.trim()) return "A path does not begin or end with a space.";
  if (path.startsWith("/") || path.endsWith("/")) return "A path does not begin or end with a slash.";
  if (path.split("/").some((segment) => segment === "" || segment === "." || segment === ".."))
    return "A path has no empty segments, “.” or “..”.";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f\\]/.test(path)) return "A path has no control characters or backslashes.";
  if (new TextEncoder().encode(path).length > 450) return "This path is too long.";
  return null;
}

/** A path relative to `folder` such as `../img/a.png` as a path in the project, or null when it leaves it. */
export function resolve(folder: string, relative: string): string | null {
  const segments = relative.startsWith("/") || folder === "" ? [] : folder.split("/");
  for (const segment of relative.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") segments.push(segment);
    else if (segments.pop() === undefined) return null;
  }
  return segments.length === 0 ? null : segments.join("/");
}
