import { useEffect, useRef, useState } from "react";
import type * as Y from "yjs";
import { extension } from "../files/paths";
import type { Entry } from "../files/tree";
import { useWorkspace } from "../project/context";
import { renderMarkdown } from "./markdown";

const SETTLE_MS = 150;

/** What a Markdown or SVG text looks like, as it is typed. */
export default function Preview({ entry, text }: { entry: Entry; text: Y.Text }) {
  const source = useSettled(text);
  return (
    <section className="preview" aria-label="Preview">
      {extension(entry.path) === "svg" ? (
        <Svg source={source} name={entry.path} />
      ) : (
        <Markdown source={source} path={entry.path} />
      )}
    </section>
  );
}

/** The text, once it has not changed for a moment. */
function useSettled(text: Y.Text): string {
  const [settled, setSettled] = useState(() => text.toString());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const observe = () => {
      clearTimeout(timer);
      timer = setTimeout(() => setSettled(text.toString()), SETTLE_MS);
    };
    text.observe(observe);
    return () => {
      clearTimeout(timer);
      text.unobserve(observe);
    };
  }, [text]);
  return settled;
}

function Markdown({ source, path }: { source: string; path: string }) {
  const { slug } = useWorkspace();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.replaceChildren(renderMarkdown(source, slug, path)), [source, slug, path]);
  return <div ref={box} className="markdown" />;
}

/** In an `<img>`, scripts of the picture do not run. */
function Svg({ source, name }: { source: string; name: string }) {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([source], { type: "image/svg+xml" }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [source]);
  return url && <img src={url} alt={name} className="checker" />;
}
