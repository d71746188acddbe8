// Bundles the viewer into app/viewer/dist: viewer.js, viewer.css, fonts and the licences of
// what is bundled. Run by hatch_build.py; for work on the viewer: `npm run watch`.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const frontend = dirname(fileURLToPath(import.meta.url));
const root = join(frontend, "..", "..", "..");
const dist = join(frontend, "..", "dist");
const modules = join(root, "node_modules");
const weights = ["400", "500", "600"];
const bundled = ["openseadragon/LICENSE.txt", "@fontsource/ibm-plex-sans/LICENSE", "d3-scale-chromatic/LICENSE"];

const options = {
  absWorkingDir: root,
  entryPoints: [
    { in: join(frontend, "src", "main.ts"), out: "viewer" },
    { in: join(frontend, "css", "viewer.css"), out: "viewer" },
  ],
  outdir: dist,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  external: ["./fonts/*"],
  legalComments: "none",
  logLevel: "warning",
};

async function copyAssets() {
  const fonts = join(dist, "fonts");
  await mkdir(fonts, { recursive: true });
  for (const weight of weights) {
    const name = `ibm-plex-sans-latin-${weight}-normal.woff2`;
    await copyFile(join(modules, "@fontsource/ibm-plex-sans/files", name), join(fonts, name));
  }
  const licences = await Promise.all(
    bundled.map(async (path) => `${dirname(path)}\n\n${await readFile(join(modules, path), "utf8")}`),
  );
  await writeFile(join(dist, "licences.txt"), licences.join("\n\n----\n\n"));
}

await copyAssets();
if (process.argv.includes("--watch")) {
  await (await context({ ...options, minify: false, sourcemap: "inline" })).watch();
} else {
  await build(options);
}
