import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError, type FileItem, Unreachable } from "../../src/api";
import { Listing } from "../../src/sync/listing";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const FILE: FileItem = { id: "1", path: "a.md", kind: "text", eol: "lf", mode: 0o644 };
const notFound = new ApiError({ title: "", status: 404, code: "x", detail: "No.", retryable: false });

function listing(...answers: (FileItem[] | Error)[]) {
  const ask = vi.fn<() => Promise<FileItem[]>>();
  for (const answer of answers)
    answer instanceof Error ? ask.mockRejectedValueOnce(answer) : ask.mockResolvedValueOnce(answer);
  const listed = vi.fn();
  const refused = vi.fn();
  return { ask, listed, refused, files: new Listing(ask, listed, refused) };
}

test("asks now and again every 10 s until it is stopped", async () => {
  const { ask, listed, files } = listing([], [FILE], [FILE]);
  files.start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(listed.mock.calls).toEqual([[[]], [[FILE]]]);
  files.stop();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(ask).toHaveBeenCalledTimes(2);
});

test("a server that cannot be reached is asked again", async () => {
  const { listed, refused, files } = listing(new Unreachable(null), [FILE]);
  files.start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(refused).not.toHaveBeenCalled();
  expect(listed).toHaveBeenCalledOnce();
});

test("a refusal is the end, until it is started again", async () => {
  const { ask, refused, files } = listing(notFound, [FILE]);
  files.start();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(refused).toHaveBeenCalledOnce();
  expect(ask).toHaveBeenCalledOnce();
  expect(files.isRunning).toBe(false);
});

test("an answer that was overtaken does not count", async () => {
  const { ask, listed, files } = listing();
  let answerLate: (entries: FileItem[]) => void = () => {};
  const late = new Promise<FileItem[]>((resolve) => {
    answerLate = resolve;
  });
  ask.mockReturnValueOnce(late).mockResolvedValueOnce([FILE]);
  files.start();
  files.start();
  answerLate([]);
  await vi.advanceTimersByTimeAsync(0);
  expect(listed.mock.calls).toEqual([[[FILE]]]);
});
