import type { ReactNode } from "react";

interface NoticeProps {
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  /** It is all there is on the page. */
  isPage?: boolean;
}

/** A whole area that has something to say instead of content: empty, failed, not found. */
export function Notice({ title, children, actions, isPage = false }: NoticeProps) {
  const Title = isPage ? "h1" : "h2";
  return (
    <div className="notice">
      <Title>{title}</Title>
      {children && <p>{children}</p>}
      {actions && <div className="actions">{actions}</div>}
    </div>
  );
}

/** Rows where content will be. */
export function Skeleton({ rows, label }: { rows: number; label: string }) {
  return (
    <div className="skeleton" role="progressbar" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all the same
        <div key={row} className="skeleton-row" />
      ))}
    </div>
  );
}
