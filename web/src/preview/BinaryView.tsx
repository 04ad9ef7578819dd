import { useState } from "react";
import { ToggleButton } from "react-aria-components";
import { fileUrl } from "../api";
import { baseName, extension } from "../files/paths";
import type { Entry } from "../files/tree";
import { useWorkspace } from "../project/context";
import { Icon } from "../ui/Icon";
import { formatBytes } from "./bytes";

const IMAGES = new Set(["png", "jpg", "jpeg", "gif", "webp", "avif", "ico", "bmp"]);

/** A file that is not text: a picture is shown, anything else described. */
export function BinaryView({ entry }: { entry: Entry }) {
  const { slug } = useWorkspace();
  const [broken, setBroken] = useState(false);
  const [actualSize, setActualSize] = useState(false);
  const url = fileUrl(slug, entry.path);
  const isImage = IMAGES.has(extension(entry.path)) && !broken;
  return (
    <div className="binary">
      <header className="file-head">
        <span className="mute">
          {entry.size === null ? "Binary file" : formatBytes(entry.size)}
          {entry.blob && <code title={`SHA-256 ${entry.blob}`}> {entry.blob.slice(0, 12)}</code>}
        </span>
        <span className="spacer" />
        {isImage && (
          <ToggleButton className="button quiet" isSelected={actualSize} onChange={setActualSize}>
            Actual size
          </ToggleButton>
        )}
        <a className="button quiet" href={url} download={baseName(entry.path)}>
          <Icon name="download" /> Download
        </a>
      </header>
      {isImage ? (
        <div className={actualSize ? "image actual" : "image"}>
          <img className="checker" src={url} alt={baseName(entry.path)} onError={() => setBroken(true)} />
        </div>
      ) : (
        <div className="notice">
          <h2>{baseName(entry.path)}</h2>
          <p>
            {broken
              ? "This picture is damaged or of an unknown kind."
              : "This file is not text, so it is not shown here."}
          </p>
        </div>
      )}
    </div>
  );
}
