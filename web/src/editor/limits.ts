/** Above this many characters a language's parser costs more than it gives. */
const LANGUAGE_LIMIT = 2_000_000;
const EDIT_LIMIT = 10_000_000;
/** A line is one element in the page; the browser stalls on longer ones. */
const LINE_LIMIT = 500_000;

export interface Capabilities {
  language: boolean;
  /** Why the text can only be read, or null. */
  readOnly: string | null;
}

/** What the editor can do with a text of this size. */
export function capabilities(text: string): Capabilities {
  const language = text.length <= LANGUAGE_LIMIT;
  if (text.length > EDIT_LIMIT)
    return { language, readOnly: "this file has more than 10 million characters" };
  if (text.length > LINE_LIMIT && longestLine(text) > LINE_LIMIT)
    return { language: false, readOnly: "a line of this file has more than 500,000 characters" };
  return { language, readOnly: null };
}

function longestLine(text: string): number {
  let longest = 0;
  for (let start = 0; start <= text.length; ) {
    const end = text.indexOf("\n", start);
    const stop = end < 0 ? text.length : end;
    longest = Math.max(longest, stop - start);
    start = stop + 1;
  }
  return longest;
}
