// What clients of one service see of it: `node alone.js chat`. They ask on this side of its magneto, as
// its clients do; `web` alone is asked for all.
const service = process.argv[2];
const whom = ['alice', 'bob', 'carol'];

const here = {
  AUTH_URL: 'http://127.0.0.1:8081',
  CHAT_URL: 'http://127.0.0.1:8080',
  CHAT_GRPC: '127.0.0.1:50051',
  STREAM_URL: 'http://127.0.0.1:8082',
  STREAM_GRPC: '127.0.0.1:50052',
};
Object.assign(process.env, here);
const { converse, events, history, listen, login, radio, rooms, subscribe, talk } = await import(
  './story.js'
);

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
  web: async () => (await fetch('http://127.0.0.1:8090/run')).json(),
};

console.log(JSON.stringify(await scenes[service]()));
process.exit(0);
