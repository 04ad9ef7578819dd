import { expect, test } from "vitest";
import { deviceName } from "../../src/account/device";

const CHROME =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0 Safari/537.36";
const EDGE =
  "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0 Safari/537.36 Edg/153.0";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Mobile Safari/604.1";
const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 15.0; rv:150.0) Gecko/20100101 Firefox/150.0";
const ANDROID =
  "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0 Mobile Safari/537.36";

test.each([
  ["Chrome on Linux", CHROME],
  ["Edge on Windows", EDGE],
  ["Safari on iOS", IPHONE],
  ["Firefox on macOS", MAC],
  ["Chrome on Android", ANDROID],
  ["python-httpx", "python-httpx/0.28.1"],
  ["Unknown device", ""],
])("is called %s", (name, userAgent) => {
  expect(deviceName(userAgent)).toBe(name);
});
