/** The floor of every memory figure: a Node process that does nothing. */
setInterval(() => {}, 1_000_000);
console.log(JSON.stringify({}));
