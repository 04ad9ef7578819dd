import type { Kind } from "../api";

const SHAPES: Record<Kind, string> = {
  person: "M8 .5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15",
  terminal: "M2 1h12a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H2a1 1 0 0 1-1-1V2a1 1 0 0 1 1-1",
  agent: "M8 0l8 8-8 8-8-8z",
  worker: "M4.2 1h7.6l4.2 7-4.2 7H4.2L0 8z",
};

/** Who somebody is, by shape and colour: circle a person, square a terminal, diamond an agent, hexagon a worker. */
export function Mark({ kind, hue, name }: { kind: Kind; hue: number; name?: string }) {
  return (
    <svg className={`mark hue-${hue}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={SHAPES[kind]} />
      {name && (
        <text x="8" y="8" dy="0.36em" textAnchor="middle">
          {initial(name)}
        </text>
      )}
    </svg>
  );
}

const initial = (name: string) => [...name.trim()][0]?.toUpperCase() ?? "?";
