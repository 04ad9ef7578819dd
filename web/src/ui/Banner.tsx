import type { ReactNode } from "react";

/** A sentence above the content about a state that lasts, with what can be done about it. */
export function Banner({
  tone,
  children,
  actions,
}: {
  tone: "info" | "warn" | "bad";
  children: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <div className={`banner banner-${tone}`} role={tone === "info" ? undefined : "alert"}>
      <p>{children}</p>
      {actions && <div className="actions tight">{actions}</div>}
    </div>
  );
}
