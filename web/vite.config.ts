import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const FIRST_VIEW_BYTES_MAX = 60 * 1024;
const TERMINAL_BYTES_MAX = 120 * 1024;

/** Fail the build when what a browser has to load has grown beyond the budget (gzipped JavaScript). */
function budget(): Plugin {
  return {
    name: "tether-budget",
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((part) => part.type === "chunk");
      const named = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
      /** The chunk and all that comes with it. */
      const loaded = (name: string, seen: Set<string>): Set<string> => {
        if (!seen.has(name) && named.has(name)) named.get(seen.add(name) && name)!.imports.forEach((one) => loaded(one, seen));
        return seen;
      };
      const size = (names: Iterable<string>) => [...names].reduce((sum, name) => sum + gzipSync(named.get(name)!.code).length, 0);
      const opening = loaded(chunks.find((chunk) => chunk.isEntry)!.fileName, new Set());
      const screen = chunks.find((chunk) => /\/screen-/.test(chunk.fileName));
      const first = size(opening);
      const terminal = screen === undefined ? 0 : size([...loaded(screen.fileName, new Set())].filter((name) => !opening.has(name)));
      const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
      this.info(`gzipped: first view ${kib(first)}, terminal ${kib(terminal)}`);
      if (terminal === 0) this.error("the terminal is no chunk of its own any more");
      if (first > FIRST_VIEW_BYTES_MAX) this.error(`the first view is ${kib(first)}, over ${kib(FIRST_VIEW_BYTES_MAX)}`);
      if (terminal > TERMINAL_BYTES_MAX) this.error(`the terminal is ${kib(terminal)}, over ${kib(TERMINAL_BYTES_MAX)}`);
    },
  };
}

export default defineConfig({
  plugins: [budget()],
  build: {
    outDir: "../tether/web/static",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    // The pages' policy allows neither inlined scripts nor a preload helper that adds any.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: { environment: "node", include: ["test/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
