import { build, type Message } from 'esbuild';

/**
 * What a plain Node needs to start quickly: one file that holds every library, with a map back to
 * the sources. The optional native half of the MessagePack library stays outside; it works without.
 */
async function bundle(): Promise<readonly Message[]> {
  const { warnings } = await build({
    entryPoints: ['src/main.ts'],
    outfile: 'dist/magneto.cjs',
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'linked',
    external: ['msgpackr-extract'],
  });
  return warnings;
}

// esbuild has printed its warnings by now; one in the bundle is a fault that waits for a user.
const warnings = await bundle();
if (warnings.length > 0) process.exitCode = 1;
