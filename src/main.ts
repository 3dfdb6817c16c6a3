import { bugStatus, logTo, run } from './cli/cli.ts';
import { environment } from './config/config.ts';

const { stdout, stderr } = process;

// Nobody reads any longer: no reason to stop serving (and there is nowhere left to say so).
for (const stream of [stdout, stderr]) stream.on('error', () => {});

/** Ends the process with a status, and does not wait for ever for what may still hold it open. */
function end(status: number): void {
  process.exitCode = status;
  // All is written then. Node's own way out waits in a busy loop for a request whose socket has gone.
  process.once('beforeExit', () => process.exit());
  setTimeout(() => process.exit(), 250).unref();
}

run(process.argv.slice(2), environment(), { stdout, stderr, log: logTo(1) }).then(
  end,
  (error: unknown) => {
    stderr.write(
      `magneto: a bug, please report it: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
    end(bugStatus);
  },
);
