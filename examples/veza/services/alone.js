// What clients of one service see of it: `node alone.js chat`, in its own container.
import { converse, events, history, listen, login, radio, rooms, run, subscribe, talk } from './story.js';

const whom = ['alice', 'bob', 'carol'];

const scenes = {
  auth: async () => {
    const people = [];
    for (const name of whom) people.push(await login(name));
    return { refusedTwice: people.map(({ again }) => again) };
  },
  chat: async () => ({
    // Whoever asks: `auth` is a cassette now.
    talk: await talk(whom),
    history: await history(whom[0]),
    rooms: await rooms(),
    converse: await converse(),
  }),
  stream: async () => ({
    listen: await listen(),
    events: await events(),
    subscribed: [await subscribe('jazz'), await subscribe('ended')],
    radio: await radio(),
  }),
  web: run,
};

console.log(JSON.stringify(await scenes[process.argv[2]]()));
process.exit(0);
