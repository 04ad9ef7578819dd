import { expect, test } from "vitest";
import type { Role } from "../../src/api/access";
import { type Branch, effectivePermissions, inheritanceTree, mayInherit } from "../../src/policy/roles";

const role = (name: string, inherits: string[]): Role => ({
  name,
  inherits,
  description: "",
  built_in: false,
  permissions: [
    {
      id: `p-${name}`,
      resource: "**",
      actions: ["read"],
      effect: "allow",
      conditions: [],
      not_before: null,
      expires: null,
    },
  ],
  effective_permissions: 0,
});

const ROLES = [role("owner", ["editor"]), role("editor", ["viewer"]), role("viewer", []), role("worker", [])];

const names = (branches: Branch[]): unknown[] =>
  branches.map(({ role: { name }, inherited }) => [name, names(inherited)]);

test("the tree begins with the roles that nobody inherits", () => {
  expect(names(inheritanceTree(ROLES))).toEqual([
    ["owner", [["editor", [["viewer", []]]]]],
    ["worker", []],
  ]);
});

test("a role that two inherit is below both", () => {
  const tree = inheritanceTree([role("a", ["c"]), role("b", ["c"]), role("c", [])]);
  expect(names(tree)).toEqual([
    ["a", [["c", []]]],
    ["b", [["c", []]]],
  ]);
});

test("a role that the server has not named is left out", () => {
  expect(names(inheritanceTree([role("a", ["gone"])]))).toEqual([["a", []]]);
});

test("a role has its own permissions and, by a path, those it inherits", () => {
  expect(effectivePermissions(ROLES, "owner").map(({ permission, path }) => [permission.id, path])).toEqual([
    ["p-owner", ["owner"]],
    ["p-editor", ["owner", "editor"]],
    ["p-viewer", ["owner", "editor", "viewer"]],
  ]);
});

test("a cycle ends", () => {
  const cycle = [role("a", ["b"]), role("b", ["a"])];
  expect(effectivePermissions(cycle, "a")).toHaveLength(2);
});

test("a role may inherit what does not inherit it", () => {
  expect(mayInherit(ROLES, "viewer", "worker")).toBe(true);
  expect(mayInherit(ROLES, "viewer", "owner")).toBe(false);
  expect(mayInherit(ROLES, "viewer", "viewer")).toBe(false);
  expect(mayInherit(ROLES, "new", "owner")).toBe(true);
});
