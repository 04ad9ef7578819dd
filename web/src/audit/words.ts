/** Acts that are said otherwise than by their names. */
const KNOWN: Record<string, string> = {
  "access.denied": "was denied access",
  "session.started": "signed in",
  "session.ended": "signed out",
};

/** A dotted past-tense word in words: "file.written" is "file written". */
export const actionInWords = (action: string) => KNOWN[action] ?? action.replaceAll(/[._-]/g, " ");
