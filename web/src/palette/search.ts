/** How well `query` fits `text`, or null when its letters do not all occur in order.
 *
 * Letters in a row, at the beginning of a word, and in the last segment of a path count more; a shorter text wins.
 */
export function score(query: string, text: string): number | null {
  const wanted = query.toLowerCase().replace(/\s+/g, "");
  const given = text.toLowerCase();
  const nameAt = text.lastIndexOf("/") + 1;
  let points = 0;
  let at = -1;
  for (const letter of wanted) {
    const next = at >= 0 && given[at + 1] === letter ? at + 1 : given.indexOf(letter, at + 1);
    if (next < 0) return null;
    const startsWord = next === 0 || /[/._\-\s]/.test(given[next - 1] ?? "");
    points += (next === at + 1 ? 4 : 0) + (startsWord ? 3 : 0) + (next >= nameAt ? 2 : 0);
    at = next;
  }
  return points - text.length / 100;
}

/** The best `limit` of `items`, best first; all in their order for an empty query. */
export function search<T>(
  query: string,
  items: readonly T[],
  textOf: (item: T) => string,
  limit: number,
): T[] {
  if (query.trim() === "") return items.slice(0, limit);
  return items
    .flatMap((item) => {
      const points = score(query, textOf(item));
      return points === null ? [] : [{ item, points }];
    })
    .sort((a, b) => b.points - a.points)
    .slice(0, limit)
    .map(({ item }) => item);
}
