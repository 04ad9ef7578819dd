import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const SERVER = process.env.ATRIUM_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  // The server replaces this in every response with the nonce of its Content-Security-Policy.
  html: { cspNonce: "__ATRIUM_NONCE__" },
  build: {
    // Old enough browsers have light-dark(), so the tokens stay one list.
    target: ["chrome123", "firefox120", "safari17.5"],
    // Inlined fonts would need font-src data:.
    assetsInlineLimit: 0,
  },
  server: {
    proxy: {
      "/api": SERVER,
      "/sync": { target: SERVER, ws: true },
      "/control": { target: SERVER, ws: true },
    },
  },
});
