import { createSelfTest, openOriginalDestinations } from '../capture/capture.ts';
import { createIntake } from '../intake/intake.ts';
import { createWire } from '../wire/wire.ts';

/** A listener that answers test connections and nothing else. */
export interface TestListener {
  /** What it says that it is. */
  readonly run: string;
  readonly close: () => Promise<void>;
}

/**
 * Stands in for the proxy where there is none yet (an init container applies the rules, and the proxy
 * comes after it): the same way in, the same question to the kernel, but no upstream behind it.
 * @throws Failure PORT_TAKEN, LISTEN_FAILED, ORIGINAL_DESTINATION_UNAVAILABLE
 */
export async function openTestListener(port: number): Promise<TestListener> {
  const run = 'rules verify';
  const selfTest = createSelfTest(run);
  const originalDestination = await openOriginalDestinations();
  const intake = createIntake({
    originalDestination,
    authority: { certificateFile: '', contextFor: nothing, refusal: () => undefined },
    wire: createWire({
      missStatus: 502,
      onConnect: ({ arrival }) => void arrival.socket.destroy(),
      own: (path, destination) => {
        const arrived = selfTest.answer(path, destination);
        return arrived && { type: 'application/json', text: JSON.stringify(arrived) };
      },
      isOwn: () => false,
      onFailure: () => {},
      onLost: () => {},
    }),
    session: () => ({ name: run, upstream: { offer: nothing, open: nothing } }),
    allowClients: [],
    onLost: () => {},
  });
  await intake.listen('127.0.0.1', port);
  // Without IPv6 the test finds no way there either, and says so.
  await intake.listen('::1', port).catch(() => {});
  return { run, close: () => intake.close(0) };
}

/** What is no test connection is none of our business: it is ended. */
function nothing(): Promise<never> {
  return Promise.reject(new Error('only test connections are answered here'));
}
