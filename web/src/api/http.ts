import type { Page, Problem } from "./types";

/** The server answered with an error. The message says what is wrong and what to do. */
export class ApiError extends Error {
  override name = "ApiError";

  /** `retryAfter`: when to ask again, in seconds, if the server said so. */
  constructor(
    readonly problem: Problem,
    readonly retryAfter: number | null = null,
  ) {
    super(problem.errors?.map((field) => field.msg).join(" ") || problem.detail || problem.title);
  }

  get status(): number {
    return this.problem.status;
  }
}

/** No answer came: the server or the network is down. */
export class Unreachable extends Error {
  override name = "Unreachable";

  constructor(cause: unknown) {
    super("The server cannot be reached.", { cause });
  }
}

/** Sends one request to `/api/v1` and returns the JSON of the answer; raises `ApiError` or `Unreachable`. */
export async function request<T>(method: string, path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(`/api/v1${path}`, { ...init, method, credentials: "same-origin" }).catch(
    (cause: unknown) => {
      throw new Unreachable(cause);
    },
  );
  if (!response.ok) throw new ApiError(await readProblem(response), readRetryAfter(response));
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** The same with a JSON body. */
export function send<T>(method: string, path: string, body: unknown): Promise<T> {
  return request<T>(method, path, {
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });
}

/** `path` with those members of `query` that are neither undefined nor empty. */
export function withQuery(path: string, query: Record<string, string | number | undefined>): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

const LARGEST_PAGE = 200;

/** All items of a list, in the server's order. */
export async function requestAll<T>(path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const query = { limit: LARGEST_PAGE, cursor: cursor ?? undefined };
    const page: Page<T> = await request("GET", withQuery(path, query));
    items.push(...page.items);
    cursor = page.next_cursor ?? null;
  } while (cursor !== null);
  return items;
}

async function readProblem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  if (body !== null && typeof body === "object" && "detail" in body && typeof body.detail === "string")
    return { ...(body as Problem), status: response.status };
  return {
    title: response.statusText,
    status: response.status,
    code: "http",
    detail: `${`The server answered ${response.status} ${response.statusText}`.trim()}.`,
    retryable: response.status >= 500,
  };
}

function readRetryAfter(response: Response): number | null {
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return Number.isNaN(seconds) ? null : seconds;
}
