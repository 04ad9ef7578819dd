import { Link } from "@tanstack/react-router";

/** The parts of a page with many parts. */
export function SideNav({ label, links }: { label: string; links: readonly { text: string; to: string }[] }) {
  return (
    <nav className="side-nav" aria-label={label}>
      <ul>
        {links.map(({ text, to }) => (
          <li key={to}>
            <Link to={to}>{text}</Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
