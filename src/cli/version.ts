// oxlint-disable-next-line no-restricted-imports -- not a room: the manifest, which bundling turns into text
import manifest from '../../package.json' with { type: 'json' };

/** The version of this magneto, from its manifest: the same from the sources and from a bundle. */
export const version: string = manifest.version;
