import { afterEach, expect, test, vi } from "vitest";
import { ApiError, createFile, deleteFile, listProjects, Unreachable } from "../../src/api";
import { withQuery } from "../../src/api/http";

afterEach(() => vi.unstubAllGlobals());

function answer(...responses: Response[]) {
  const fetched = vi.fn<typeof fetch>();
  for (const response of responses) fetched.mockResolvedValueOnce(response);
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

const failure = (status: number, body: string) => new Response(body, { status, statusText: "Bad" });

test("a problem of the server is an error with its words", async () => {
  answer(
    failure(
      409,
      JSON.stringify({
        title: "Conflict",
        status: 409,
        code: "file.exists",
        detail: "It exists.",
        retryable: false,
      }),
    ),
  );
  const error = await deleteFile("acme", "a").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ message: "It exists.", status: 409, problem: { code: "file.exists" } });
});

test("bad fields are told in place of the summary", async () => {
  const problem = {
    detail: "2 fields are bad.",
    errors: [
      { loc: ["slug"], msg: "Too short." },
      { loc: ["name"], msg: "Empty." },
    ],
  };
  answer(failure(422, JSON.stringify(problem)));
  await expect(deleteFile("acme", "a")).rejects.toThrow("Too short. Empty.");
});

test("an answer that is no problem document still says what came", async () => {
  answer(failure(502, "<html>"));
  await expect(deleteFile("acme", "a")).rejects.toThrow("The server answered 502 Bad.");
});

test("no answer at all is another kind of error", async () => {
  vi.stubGlobal("fetch", vi.fn<typeof fetch>().mockRejectedValue(new TypeError("Failed to fetch")));
  await expect(listProjects()).rejects.toBeInstanceOf(Unreachable);
});

test("a list is read to its last page", async () => {
  const page = (ids: string[], next_cursor: string | null) =>
    new Response(JSON.stringify({ items: ids.map((id) => ({ id })), next_cursor }));
  const fetched = answer(page(["1", "2"], "a b"), page(["3"], null));
  expect((await listProjects()).map(({ id }) => id)).toEqual(["1", "2", "3"]);
  expect(fetched.mock.calls[1]?.[0]).toBe("/api/v1/projects?limit=200&cursor=a+b");
});

test("a new file never replaces one that is there", async () => {
  const fetched = answer(new Response("{}", { status: 201 }));
  await createFile("acme", "a b/ö.md");
  const [url, init] = fetched.mock.calls[0] ?? [];
  expect(url).toBe("/api/v1/projects/acme/files/a%20b/%C3%B6.md");
  expect(init).toMatchObject({ method: "PUT", headers: { "If-None-Match": "*" } });
});

test("when to ask again is read from a refusal", async () => {
  answer(new Response("{}", { status: 429, headers: { "Retry-After": "12" } }));
  await expect(listProjects()).rejects.toMatchObject({ status: 429, retryAfter: 12 });
});

test("what is empty is not in the query", () => {
  expect(withQuery("/users", { q: "a b", limit: 5, cursor: undefined, x: "" })).toBe("/users?q=a+b&limit=5");
  expect(withQuery("/users", {})).toBe("/users");
});
