import { expect, test } from "vitest";
import { ApiError } from "../../src/api";
import { oidcUrl } from "../../src/login/LoginPage";
import { signInProblem } from "../../src/login/useSignIn";

const refused = new ApiError({ title: "", status: 401, code: "x", detail: "No.", retryable: false });

test("a refusal does not say whether the name or the password was wrong", () => {
  expect(signInProblem(refused, false)).toBe("The name or the password is wrong.");
});

test("a token that is refused may have been used already", () => {
  expect(signInProblem(refused, true)).toContain("used already");
});

test("what else goes wrong is said as it is", () => {
  expect(signInProblem(new Error("The server cannot be reached."), true)).toBe(
    "The server cannot be reached.",
  );
});

test("a provider brings the visitor back to where they wanted to go", () => {
  const url = new URL(oidcUrl("/api/v1/oidc/start?name=corp", "/p/acme?x=1"));
  expect(url.pathname).toBe("/api/v1/oidc/start");
  expect(Object.fromEntries(url.searchParams)).toEqual({ name: "corp", next: "/p/acme?x=1" });
});
