// fetch, as Node and Deno have it: prints what the address answers.
const answer = await fetch((globalThis.Deno?.args ?? process.argv.slice(2))[0]);
console.log(answer.status, await answer.text());
