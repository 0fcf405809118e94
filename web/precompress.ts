import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/**
 * Writes `.br` and `.gz` beside each text asset, so that the server sends the
 * smallest form without compressing anything while a caller waits.
 * Fonts are left alone: woff2 is brotli already.
 */
export function precompress(): Plugin {
  let folder = "";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile() && TEXT.has(extname(path))) compress(path);
      }
    },
  };
}

const TEXT = new Set([".js", ".css", ".html", ".svg", ".json"]);

function compress(path: string) {
  const plain = readFileSync(path);
  const smaller = {
    ".br": brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
    ".gz": gzipSync(plain, { level: 9 }),
  };
  for (const [ending, bytes] of Object.entries(smaller)) writeFileSync(path + ending, bytes);
}
