import { expect, test } from '@jest/globals';
import { runCrowd } from '../../bench/websocket-crowd.ts';

test('a crowd of WebSockets is held, talks and is let go, recording and replaying', async () => {
  const [connections, rounds] = [300, 5];
  const crowds = await runCrowd(connections, rounds);
  expect(crowds.map(({ stage }) => stage)).toEqual(['a relay of ws', 'recording', 'replaying']);
  const whole = { connections, echoed: connections * rounds, closed: connections };
  // How long it takes and what it costs is for the benchmark itself: here others compute, too.
  for (const crowd of crowds) expect(crowd).toMatchObject(whole);
}, 120_000);
