import { beforeEach, expect, test } from "vitest";
import { ApiError, Unreachable } from "../../src/api";
import { orRemembered } from "../../src/app/query";

beforeEach(() => localStorage.clear());

const fail = (error: Error) => () => Promise.reject(error);
const notFound = new ApiError({
  title: "",
  status: 404,
  code: "not_found",
  detail: "Nothing here.",
  retryable: false,
});

test("the last answer stands in for a server that cannot be reached", async () => {
  await orRemembered("key", async () => ({ slug: "acme" }));
  expect(await orRemembered("key", fail(new Unreachable(null)))).toEqual({ slug: "acme" });
});

test("an answer that is an error is not papered over", async () => {
  await orRemembered("key", async () => 1);
  await expect(orRemembered("key", fail(notFound))).rejects.toBe(notFound);
});

test("what was never answered is not made up", async () => {
  await expect(orRemembered("other", fail(new Unreachable(null)))).rejects.toBeInstanceOf(Unreachable);
});
