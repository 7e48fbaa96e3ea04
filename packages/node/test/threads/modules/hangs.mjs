await new Promise(() => setInterval(() => {}, 1_000));
export default () => 1;
