// The bundle begins with this, for a Node too old for the rest of it. In a clone on glibc Linux the
// project brings a newer one: this very process becomes it (execv(3)), so that its id, its signals and
// its streams stay what whoever started it knows. Elsewhere it says what is missing.
if (Number(process.versions.node.split('.')[0]) < 24) {
  const { existsSync } = require('node:fs');
  const { join } = require('node:path');
  const newer = join(__dirname, '..', 'node_modules', '.bin', 'node');
  const words = [newer, __filename, ...process.argv.slice(2), null];
  if (process.env.NODE_REPLACED === undefined && existsSync(newer)) {
    process.env.NODE_REPLACED = process.version;
    try {
      const koffi = require('koffi');
      const library = koffi.load(null);
      const control = library.func('int fcntl(int fd, int command, ...)');
      // Node marks its streams to be closed when another program takes over (F_SETFD is 2).
      for (const fd of [0, 1, 2]) control(fd, 2, 'int', 0);
      library.func('execv', 'int', ['str', koffi.pointer('str')])(newer, words);
    } catch {
      // Without the library there is no becoming another program: the words below are what is left.
    }
  }
  process.stderr.write(`magneto: Node 24 or later is needed, and this is ${process.version}\n`);
  process.exit(2);
}
