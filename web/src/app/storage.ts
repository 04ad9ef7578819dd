/** Small things kept in this browser. Storage may be full or forbidden: then nothing is remembered. */

export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(`atrium:${key}`, JSON.stringify(value));
  } catch {
    // Nothing here is needed for correctness.
  }
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(`atrium:${key}`);
  } catch {
    // Then nothing was remembered either.
  }
}

export function recall<T>(key: string): T | null {
  try {
    const stored = localStorage.getItem(`atrium:${key}`);
    return stored === null ? null : (JSON.parse(stored) as T);
  } catch {
    return null;
  }
}
