import { describe, expect, test } from "vitest";
import { renderMarkdown } from "../../src/preview/markdown";

function render(source: string, path = "docs/guide/a.md"): HTMLElement {
  const box = document.createElement("div");
  box.append(renderMarkdown(source, "acme", path));
  return box;
}

describe("Markdown", () => {
  test("is rendered", () => {
    expect(render("Before\n\n# Hello *you*").querySelector("h1")?.textContent).toBe("Hello you");
  });

  test.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "<a href='javascript:alert(1)'>x</a>",
    "<p style='position:fixed'>x</p>",
  ])("%s does nothing", (source) => {
    const box = render(source);
    expect(box.querySelector("script, [onerror], [style], a[href^='javascript']")).toBeNull();
  });

  test("pictures beside the file are the project's", () => {
    const src = (source: string) => render(source).querySelector("img")?.getAttribute("src");
    expect(src("![x](../img/a%20b.png)")).toBe("/api/v1/projects/acme/files/docs/img/a%20b.png");
    expect(src("![x](../../../../a.png)")).toBe("");
  });

  test("links within the project lead to its files, others to a new tab", () => {
    const inside = render("[x](b.md#part)").querySelector("a");
    expect(inside?.getAttribute("href")).toBe("/p/acme/f/docs/guide/b.md");
    const outside = render("[x](https://example.org/)").querySelector("a");
    expect([outside?.target, outside?.rel]).toEqual(["_blank", "noopener noreferrer"]);
  });
});
