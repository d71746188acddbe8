// Bundles a test and runs it in this Node: units by default, or the one that is named.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const frontend = dirname(fileURLToPath(import.meta.url));
const name = process.argv[2] === "oracle" ? "oracle.ts" : "units.test.ts";
const folder = await mkdtemp(join(tmpdir(), "viewer-test-"));
const outfile = join(folder, "test.mjs");
try {
  await build({
    entryPoints: [join(frontend, "test", name)],
    bundle: true,
    outfile,
    format: "esm",
    platform: "node",
    external: ["openseadragon"],
    logLevel: "warning",
  });
  await import(pathToFileURL(outfile).href);
} finally {
  await rm(folder, { recursive: true });
}
