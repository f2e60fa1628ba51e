// Two builds into one folder: `--mode app` (every page) and `--mode map` (pages with a map). Fixed names and one file
// each, so that Django's static storage may rename them without breaking an import.
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "vite";

const here = import.meta.dirname;
const out = resolve(here, "../static/sifang/dist");

/** The map's worker is a file of its own (worker-src 'self'); its source map is not shipped. */
function worker() {
  return {
    name: "map-worker",
    writeBundle() {
      const code = readFileSync(resolve(here, "node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs"), "utf8");
      writeFileSync(resolve(out, "map-worker.js"), code.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"));
    },
  };
}

export default defineConfig(({ mode }) => ({
  root: here,
  base: "./",
  publicDir: false,
  logLevel: "warn",
  resolve: {
    // the components stand beside this folder and have no node_modules above them
    alias: {
      "maplibre-gl": resolve(here, "node_modules/maplibre-gl"),
      "htmx.org": resolve(here, "node_modules/htmx.org"),
      pmtiles: resolve(here, "node_modules/pmtiles"),
    },
  },
  plugins: mode === "map" ? [worker()] : [],
  build: {
    outDir: out,
    emptyOutDir: mode === "app",
    target: ["chrome97", "firefox102", "safari15.4"],
    cssTarget: ["chrome88", "firefox78", "safari14"],
    modulePreload: false,
    chunkSizeWarningLimit: 2000,
    rollupOptions: {
      input: { [mode]: resolve(here, `${mode}.ts`) },
      output: { entryFileNames: "[name].js", assetFileNames: "[name][extname]", codeSplitting: false },
    },
  },
}));
