import { Link } from "@tanstack/react-router";

export function Wordmark() {
  return (
    <Link to="/" className="wordmark" aria-label="Atrium, all projects">
      <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
        <rect width="32" height="32" rx="7" />
        <path d="M7 25V13.5L16 7l9 6.5V25h-5.5v-8h-7v8z" />
      </svg>
      <span>Atrium</span>
    </Link>
  );
}
