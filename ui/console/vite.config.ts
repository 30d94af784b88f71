import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const service = process.env.BIFROST_URL ?? "http://127.0.0.1:8700";
const proxied = ["/api", "/graphql", "/gremlin", "/sparql", "/health", "/ready"];

export default defineConfig({
  base: "./",
  plugins: [react()],
  build: {
    // Inlined assets would need data: URLs, which the service's content security policy refuses.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    sourcemap: false,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: service, ws: true }])),
  },
});
