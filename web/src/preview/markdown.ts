import DOMPurify from "dompurify";
import MarkdownIt from "markdown-it";
import { fileUrl } from "../api";
import { parentOf, resolve } from "../files/paths";

const markdown = new MarkdownIt({ html: false, linkify: true });

/** Markdown as a fragment that is safe to insert; pictures and links within the project lead to its files. */
export function renderMarkdown(source: string, slug: string, path: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(markdown.render(source), {
    RETURN_DOM_FRAGMENT: true,
    USE_PROFILES: { html: true },
    FORBID_ATTR: ["style"],
  });
  const folder = parentOf(path);
  for (const image of fragment.querySelectorAll("img"))
    image.src = imageUrl(image.getAttribute("src"), slug, folder);
  for (const link of fragment.querySelectorAll("a")) aim(link, slug, folder);
  return fragment;
}

const isAbsolute = (url: string) => /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(url);

function imageUrl(src: string | null, slug: string, folder: string): string {
  if (src === null || isAbsolute(src)) return src ?? "";
  const path = resolve(folder, decode(src));
  return path === null ? "" : fileUrl(slug, path);
}

function aim(link: HTMLAnchorElement, slug: string, folder: string): void {
  const href = link.getAttribute("href") ?? "";
  if (isAbsolute(href)) {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  } else if (!href.startsWith("#")) {
    const path = resolve(folder, decode(href.replace(/[?#].*$/, "")));
    if (path === null) link.removeAttribute("href");
    else link.href = `/p/${slug}/f/${path.split("/").map(encodeURIComponent).join("/")}`;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
