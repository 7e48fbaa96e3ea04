/**
 * A module that ends its node together with the process that started it, however that one ends: killed, it can tell nobody,
 * but its end of our stdin closes. For nodes that a program starts; `mpreg start` itself takes no notice of stdin.
 */
export function register() {
  const { stdin } = process;
  const end = () => process.kill(process.pid, "SIGTERM"); // as if asked to: the node says goodbye first
  stdin
    .once("close", end)
    .on("error", () => {})
    .resume()
    .unref();
}
